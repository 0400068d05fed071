//! The kernel from outside: every test talks HTTP to a real kernel process with a database of its own.
//!
//! `cargo xtask test` brings the Postgres server and the packed fixtures; without them the tests say so.

#![expect(unreachable_pub, reason = "a test binary has no callers: `pub` says what a module offers the others")]

mod kernel;

mod budget;
mod cli;
mod clock;
mod compress;
mod cors;
mod doctor;
mod drain;
mod embedded;
mod etag;
mod features;
mod filter;
mod hostile;
mod http;
mod http2;
mod log;
mod operations;
mod random;
mod readme;
mod schema;
mod settings;
mod sql;
mod wire;

// One file a feature: with `plugins/` emptied these are not built into anything that could answer.
mod rest;
