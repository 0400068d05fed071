//! Servers outside, as a test scripts them. It deliberately opens no connection.

use super::{sent, state};
use crate::{Body, Problem, Response};

/// A request for a server outside.
#[derive(Debug)]
pub struct Outgoing {
    /// In upper case: `GET`.
    pub method: String,
    /// Absolute, percent-encoded, without user and password.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Consumed, whatever becomes of the request.
    pub body: Option<Body>,
    /// How long all of it may take, in milliseconds.
    pub timeout_ms: Option<u32>,
}

/// What it answered.
#[derive(Debug)]
pub struct Incoming {
    /// Its status.
    pub status: u16,
    /// In the order sent; several of one name stay several.
    pub headers: Vec<(String, String)>,
    /// As it was sent, whole.
    pub body: Body,
}

/// Sends a request and waits for its whole answer, whatever its status.
pub fn send(request: Outgoing) -> Result<Incoming, Problem> {
    state::wanted("fetch");
    let sent = sent::note(request.method, request.url, request.headers, request.body.as_ref());
    let Response { status, headers, content } = sent::answer(|state| &state.fetch, &sent, "on_fetch")?;
    Ok(Incoming { status, headers, body: content.into_body() })
}
