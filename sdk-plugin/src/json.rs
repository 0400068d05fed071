//! JSON in the messages of several capabilities. It deliberately offers plugins nothing: they have the messages' methods.

use crate::{Body, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The text of a value. A problem `internal` for one that JSON cannot hold.
pub(crate) fn encode(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|error| Problem::new("internal", error.to_string()))
}

/// What a body says. A problem `body.too-large` when there is more than `limit` bytes, `body.invalid` when it does not fit `T`.
pub(crate) fn decode<T: DeserializeOwned>(body: &Body, limit: u64) -> Result<T, Problem> {
    serde_json::from_slice(&body.read_all(limit)?).map_err(|error| Problem::new("body.invalid", error.to_string()))
}
