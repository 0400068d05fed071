//! Secrets that the operator set for this plugin. It deliberately keeps none: ask where one is needed, so that a new value
//! takes effect with the next call.

pub use crate::bindings::basalt::secret::secret::get;
