//! Asking routes of this very instance, as the caller of the request being answered. It deliberately takes no host: what is
//! outside is another capability's.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::basalt::dispatch::dispatch::send;
use crate::{Body, Problem, json};

pub use crate::bindings::basalt::dispatch::dispatch::{Answer, Outgoing};

impl Outgoing {
    /// A request for a path with its mount, and a query after `?`: `/api/v1/tables/orders?id=eq.1`.
    pub fn new(method: impl Into<String>, target: impl Into<String>) -> Self {
        Self { method: method.into(), target: target.into(), headers: Vec::new(), body: None }
    }

    /// Adds a header; the name in lower case.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends these bytes. Sets no content type.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = Some(body);
        self
    }

    /// Sends `value` as JSON, and says so.
    pub fn json(self, value: &impl Serialize) -> Result<Self, Problem> {
        let body = Body::from_text(&json::encode(value)?);
        Ok(self.header("content-type", "application/json").body(body))
    }

    /// Sends it, and waits. An answer of any status is no problem; what kept the request from being answered is.
    pub fn send(self) -> Result<Answer, Problem> {
        send(self)
    }
}

impl Answer {
    /// The first header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The content as JSON. A problem `body.too-large` when there is more than `limit` bytes, `body.invalid` when it does not
    /// fit `T`.
    pub fn json<T: DeserializeOwned>(&self, limit: u64) -> Result<T, Problem> {
        json::decode(&self.body, limit)
    }
}
