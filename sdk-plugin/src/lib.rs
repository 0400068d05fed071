//! What a Basalt plugin is written with: one module for each capability of the contract in `wit/`, and [`plugin!`],
//! which exports a handler.
//!
//! A capability that a plugin does not call is not in its component, so depending on this crate asks the operator for
//! nothing. It deliberately holds no feature code: no routing, no SQL building, no response conventions.
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

#[doc(hidden)]
pub mod bindings;
pub mod body;
pub mod clock;
pub mod dispatch;
mod export;
pub mod fetch;
pub mod http;
pub mod identity;
mod json;
pub mod log;
pub mod problem;
pub mod random;
pub mod schema;
pub mod secret;
pub mod settings;
pub mod sql;

pub use body::Body;
pub use http::{Filter, Head, Reply, Request, Response};
pub use problem::{Code, Problem};

/// What [`plugin!`] expands to. Not for use by hand: it follows the contract, not this crate's version.
#[doc(hidden)]
pub mod internal {
    pub use crate::bindings::export;
    pub use crate::bindings::exports::basalt::http::handler::Guest;
    pub use crate::bindings::filtering::export_filter;
    pub use crate::bindings::filtering::exports::basalt::http::filter::Guest as FilterGuest;
    pub use crate::export::log_panics;
}
