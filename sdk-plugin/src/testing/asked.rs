//! A request to the plugin under test, and what came of it. It deliberately renders no problem: what a caller would see of
//! one is the kernel's.

use std::cell::RefCell;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::http::{Head, Inner};
use super::{Body, Reply, state, streaming};
use crate::{Filter, Problem, Request, Response};

/// A request that is being put together; see [`Host::request`](super::Host::request).
#[derive(Debug)]
pub struct Asked {
    inner: Inner,
}

impl Asked {
    pub(super) fn new(method: &str, target: &str) -> Self {
        let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let head = state::with(|state| match &state.manifest {
            Some(manifest) => manifest.head(method, path),
            None => Some(Head { method: method.to_owned(), path: path.to_owned(), ..Head::default() }),
        });
        let mut head = head.unwrap_or_else(|| panic!("no route of the manifest answers {method} {path}"));
        head.query = query.map(str::to_owned);
        Self { inner: Inner { head, ..Inner::default() } }
    }

    /// Adds a header; the name in lower case.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.inner.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends these bytes. Sets no content type.
    #[must_use]
    pub fn body(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.inner.body = Some(Body::new(bytes.as_ref()));
        self
    }

    /// Sends `value` as JSON, and says so.
    #[must_use]
    pub fn json(self, value: &impl Serialize) -> Self {
        let text = serde_json::to_string(value).unwrap_or_else(|fault| panic!("no JSON: {fault}"));
        self.header("content-type", "application/json").body(text)
    }

    /// Asks as somebody who proved who they are, with this Postgres role. Without, nobody in particular asks.
    #[must_use]
    pub fn role(mut self, role: &str) -> Self {
        self.inner.role = Some(role.to_owned());
        self
    }

    /// Calls a handler, and gives what it answered.
    pub fn send(self, handle: impl FnOnce(Request) -> Result<Response, Problem>) -> Result<Answer, Problem> {
        streaming::outcome(handle(self.build())).map(Answer::of)
    }

    /// Calls a filter in front of a handler: what it answered in its place, if it did, and the request as it left it.
    pub fn before<F: Filter>(self) -> Result<(Request, Option<Answer>), Problem> {
        let request = self.build();
        let answer = F::before(&request)?;
        Ok((request, answer.map(Answer::of)))
    }

    /// Calls a filter behind a handler that answered this: what became of it.
    pub fn after<F: Filter>(self, response: Response) -> Result<Answer, Problem> {
        let (request, reply) = (self.build(), Reply::of(response));
        F::after(&request, &reply)?;
        Ok(Answer { reply })
    }

    /// The request itself, for a function that takes one.
    pub fn build(self) -> Request {
        Request { inner: RefCell::new(self.inner) }
    }
}

/// What the plugin answered.
#[derive(Debug)]
pub struct Answer {
    reply: Reply,
}

impl Answer {
    fn of(response: Response) -> Self {
        Self { reply: Reply::of(response) }
    }

    /// Its status.
    pub fn status(&self) -> u16 {
        self.reply.status()
    }

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<String> {
        self.reply.header(name)
    }

    /// Its content.
    pub fn bytes(&self) -> Vec<u8> {
        self.reply.body().bytes().to_vec()
    }

    /// Its content as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// Its content as JSON. Panics where it is none that fits.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.bytes()).unwrap_or_else(|fault| panic!("no such JSON: {fault}: {}", self.text()))
    }
}
