//! The kernel from outside: every test talks HTTP to a real kernel process with a database of its own.
//!
//! `cargo xtask test` brings the Postgres server and the packed fixtures; without them the tests say so.

#![expect(unreachable_pub, reason = "a test binary has no callers: `pub` says what a module offers the others")]

mod kernel;

mod admin;
mod budget;
mod cli;
mod clock;
mod compile;
mod compress;
mod contract;
mod cors;
mod dispatch;
mod doctor;
mod drain;
mod embedded;
mod etag;
mod example;
mod features;
mod fetch;
mod filter;
mod hostile;
mod http;
mod http2;
mod identity;
mod installed;
mod isolation;
mod javascript;
mod key;
mod life;
mod limit;
mod log;
mod migration;
mod operations;
mod package;
mod plugin_cli;
mod project;
mod random;
mod reach;
mod readme;
mod schema;
mod secret;
mod settings;
mod source;
mod sql;
mod stock;
mod stream;
mod tutorial;
mod unsent;
mod upload;
mod wasi;
mod wire;

// One file a feature: with `plugins/` emptied these are not built into anything that could answer.
mod auth;
mod client;
mod flow;
mod rest;
