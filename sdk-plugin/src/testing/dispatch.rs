//! Routes of this instance, as a test scripts them. It deliberately calls no other plugin.

use super::{sent, state};
use crate::{Body, Problem, Response};

/// A request for a route of this instance.
#[derive(Debug)]
pub struct Outgoing {
    /// In upper case: `GET`.
    pub method: String,
    /// A path with its mount and, after `?`, a query, percent-encoded.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Handed on without a copy.
    pub body: Option<Body>,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// In the order sent; several of one name stay several.
    pub headers: Vec<(String, String)>,
    /// Bytes that stay in the host until they are read; empty when there are none.
    pub body: Body,
}

/// Sends a request and waits for its answer, whatever its status.
pub fn send(request: Outgoing) -> Result<Answer, Problem> {
    state::wanted("dispatch");
    let sent = sent::note(request.method, request.target, request.headers, request.body.as_ref());
    let Response { status, headers, content } = sent::answer(|state| &state.dispatch, &sent, "on_dispatch")?;
    Ok(Answer { status, headers, body: content.into_body() })
}
