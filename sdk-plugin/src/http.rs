//! Requests and responses. It deliberately does not read a request into memory: every accessor is one host call, so ask
//! for what you need.

use crate::{Body, Problem, json};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::bindings::basalt::http::types::{Content, Head, Header, Reply, Request, Response};

/// What stands in front of handlers and behind them, exported with [`filter!`](crate::filter). The manifest's `phases` say
/// which of the two is called.
pub trait Filter {
    /// Sees, changes or answers a request on its way to the handler.
    fn before(_request: &Request) -> Result<Option<Response>, Problem> {
        Ok(None)
    }

    /// Sees or changes an answer on its way back.
    fn after(_request: &Request, _reply: &Reply) -> Result<(), Problem> {
        Ok(())
    }
}

impl Request {
    /// Several headers in one call of the host, as [`Request::header`] gives each.
    pub fn headers_named<const N: usize>(&self, names: [&str; N]) -> [Option<String>; N] {
        let mut values = self.header_values(&names.map(str::to_owned)).into_iter();
        std::array::from_fn(|_| values.next().flatten())
    }

    /// The query as a structure: `?limit=3&tag=a&tag=b` as `{ limit: u32, tag: Vec<String> }`. A problem `request.invalid`, which is
    /// answered with 400, where it does not fit `T`.
    pub fn query_as<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_html_form::from_str(&self.query().unwrap_or_default())
            .map_err(|fault| Problem::new("request.invalid", format!("The query cannot be used: {fault}")))
    }

    /// The body as JSON. A problem `body.too-large` when there is more than `limit` bytes, `body.invalid` when it is
    /// missing or does not fit `T`. To pass JSON on to Postgres, hand over [`Request::body`] instead.
    pub fn json<T: DeserializeOwned>(&self, limit: u64) -> Result<T, Problem> {
        let body = self.body().ok_or_else(|| Problem::new("body.invalid", "The request has no body"))?;
        json::decode(&body, limit)
    }
}

impl Response {
    /// An empty response with this status.
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), content: Content::Empty }
    }

    /// Adds a header; the name in lower case.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Answers with bytes of the host, which it hands on without a copy.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.content = Content::Body(body);
        self
    }

    /// Answers with text. Sets no content type.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.content = Content::Text(text.into());
        self
    }

    /// Answers with bytes. Sets no content type.
    #[must_use]
    pub fn bytes(mut self, bytes: Vec<u8>) -> Self {
        self.content = Content::Bytes(bytes);
        self
    }

    /// Answers with `value` as JSON, and says so. For rows, let Postgres make the JSON and use [`Response::body`].
    pub fn json(self, value: &impl Serialize) -> Result<Self, Problem> {
        Ok(self.header("content-type", "application/json; charset=utf-8").text(json::encode(value)?))
    }
}
