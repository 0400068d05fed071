//! Plugins: from a file to an answer.
//!
//! [`package`] reads a file, [`manifest`] says what it wants, [`grant`] what the operator allows, [`permission`] compares the
//! two in plain words, [`engine`] compiles, in a
//! process of its own where there is a [`compiler`], [`plugin`] links exactly that, [`instance`] keeps instances for reuse, [`call`]
//! runs one request in one of them, `stock` in one that answers by `wasi:http`, [`lane`] says on which threads, [`meter`] counts what it used, [`breaker`] says whether
//! to ask it at all, and [`registry`] finds the plugin for a path and the filters in front of it. [`fleet`] replaces plugins
//! while requests are answered, with a [`trial`] for each new version, as the [`roster`] of what is installed says. It knows
//! no HTTP connection and renders no error.

pub mod breaker;
pub mod bundle;
pub mod call;
mod chain;
pub mod compiled;
pub mod compiler;
pub mod config;
pub mod engine;
pub mod fleet;
pub mod grant;
pub mod instance;
pub mod lane;
pub mod manifest;
pub mod meter;
pub mod package;
pub mod permission;
pub mod plugin;
pub mod registry;
pub mod roster;
pub mod route;
pub mod signature;
mod stock;
pub mod trial;

pub use config::Config;
pub use engine::Engine;
pub use fleet::Fleet;
pub use plugin::Plugin;
pub use registry::Registry;
pub use roster::Roster;
