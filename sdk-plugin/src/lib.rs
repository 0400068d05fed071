//! What a Basalt plugin is written with: one module for each capability of the contract in `wit/`, [`plugin!`], which exports a
//! handler, a [`Router`] and [`testing`], a host in memory for native unit tests.
//!
//! A capability that a plugin does not call is not in its component, so depending on this crate asks the operator for
//! nothing. It deliberately holds no feature code: no SQL building, no response conventions.
//!
//! # What ordinary crates can do here
//!
//! A plugin is compiled for `wasm32-unknown-unknown`: no files, no sockets, no threads, no environment.
//!
//! - **Time.** `SystemTime::now` and `Instant::now` panic; [`clock::now`] gives a `SystemTime`, [`clock::monotonic`] a `Duration` to
//!   measure with. Crates that take the time as an argument (`jiff`, `time`, `chrono` without its feature `clock`) work;
//!   those that ask for it themselves do not.
//! - **Randomness.** With [`random!`] in the plugin's crate, `getrandom` 0.2 to 0.4 and what stands on it (`rand`, `uuid`, …) ask
//!   the host. Without it they do not link, so that no plugin wants `random` by accident.
//! - **`HashMap`** has the same seeds in every instance. For keys that callers choose, use `BTreeMap`, or
//!   [`random::Keyed`] as its hasher.
//! - **Sleeping, threads, tokio's runtime, files, sockets** do not work. Requests to servers outside are [`fetch`].
//! - **Panics** end the instance, not the kernel; with `plugin!(handle, log)` message and place are in the log.
//!
//! ```
//! use sdk_plugin::{Problem, Request, Response, plugin};
//!
//! fn handle(request: Request) -> Result<Response, Problem> {
//!     Ok(Response::new(200).text(format!("{} {}", request.method(), request.path())))
//! }
//!
//! plugin!(handle);
//! # fn main() {}
//! ```

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod bindings;
// Natively the contract is implemented in memory, by the host that tests script.
#[cfg(not(target_arch = "wasm32"))]
#[doc(hidden)]
#[path = "testing/bindings.rs"]
pub mod bindings;
pub mod body;
pub mod clock;
pub mod dispatch;
mod export;
pub mod fetch;
pub mod http;
mod json;
pub mod log;
mod pattern;
pub mod problem;
pub mod random;
pub mod router;
pub mod schema;
pub mod secret;
pub mod settings;
pub mod sql;
pub mod stream;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use body::Body;
pub use http::{Filter, Head, Reply, Request, Response};
pub use problem::{Code, Problem};
pub use router::{Params, Router};

/// What [`plugin!`] expands to. Not for use by hand: it follows the contract, not this crate's version.
#[doc(hidden)]
pub mod internal {
    #[cfg(target_arch = "wasm32")]
    pub use crate::bindings::export;
    pub use crate::bindings::exports::basalt::http::handler::Guest;
    #[cfg(target_arch = "wasm32")]
    pub use crate::bindings::filtering::export_filter;
    pub use crate::bindings::filtering::exports::basalt::http::filter::Guest as FilterGuest;
    pub use crate::export::log_panics;
}
