//! The Basalt kernel: HTTP, the Postgres pool, identity and the plugin host. Every feature is a plugin; the kernel names
//! none of them.
//!
//! The layers, bottom first; each uses only those below it (a tidy test reads the `use` lines):
//!
//! | layer | owns |
//! |---|---|
//! | [`error`], [`identity`], [`config`], [`telemetry`] | the leaves: failures, callers, settings, logs and metrics |
//! | [`store`] | Postgres: pool, embedded server, migrations, transactions, the catalogue |
//! | [`limit`] | how often somebody may ask: in memory, or in Redis for many nodes |
//! | [`auth`] | proves an identity |
//! | [`capability`] | what a plugin may do, one file per WIT interface |
//! | [`host`] | plugins: manifest, grant, engine, instance, registry, call |
//! | [`http`] | the wire: limits, request ids, routing, rendering, the kernel's own endpoints |
//! | [`app`] | the composition root |
//! | [`cli`] | one file per command |
//!
//! A custom build is a binary that calls [`app::App`] with what it wants to add: see `examples/bench.rs`.

pub mod app;
pub mod auth;
pub mod capability;
pub mod cli;
pub mod config;
pub mod error;
pub mod host;
pub mod http;
pub mod identity;
pub mod limit;
pub mod store;
pub mod telemetry;
