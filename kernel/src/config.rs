//! Configuration: one typed section per layer, read from defaults, a bundle's preset, a TOML file and the environment.
//!
//! The doc comments of the sections are the manual: `config/default.toml` is printed from them. It does not know what a
//! setting means; each layer checks its own section.

mod network;
mod print;
pub(crate) mod section;
mod source;
mod value;

pub use network::Network;
pub use print::{default_toml, effective_toml};
pub use section::{Field, Section};
pub use source::{Layers, Sources, load, merge, variable};
pub use value::{Duration, Secret, Size};

pub(crate) use section::section;
