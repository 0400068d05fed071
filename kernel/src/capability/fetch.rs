//! Asking servers outside, as far as the operator named them. It follows no redirect: each hop is a call of the plugin's own.

mod address;
mod client;
mod connect;
mod host;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use salvo::http::{HeaderMap, Method};
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};
use wasmtime::component::{HasSelf, Linker};

use super::Call;
use super::bindings::basalt::fetch::fetch::{Host, Incoming, Outgoing, add_to_linker};
use super::body::Body;
use super::http::{header, listed};
use super::memory::Held;
use super::usage::{Budget, Traffic};
use crate::error::{Error, Result, code};
use client::Client;
use connect::{Connector, Resolve};

pub(super) use client::Request;
pub use client::{Roots, roots};
pub use host::Pattern;

/// The scope of the capability: `fetch = { hosts = ["api.stripe.com"] }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// What may be asked.
    #[serde(default)]
    pub hosts: BTreeSet<Pattern>,
}

/// What holds for every call: a pool of connections, made when it is first needed.
pub struct Fixed {
    grant: Arc<Grant>,
    /// Bytes of one answer.
    max_answer: u64,
    resolve: Resolve,
    roots: Roots,
    client: OnceLock<Client>,
}

/// How long a request may take when its plugin does not say.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is left of a call's time for the guest to say that a server took the rest.
const MARGIN: Duration = Duration::from_millis(50);

/// Headers of one connection, or of the message's frame: they are the kernel's. Without them a plugin cannot say one
/// thing to a server and another to who stands in front of it.
const FRAMING: &[&str] = &[
    "host",
    "connection",
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}

fn invalid(what: impl std::fmt::Display) -> Error {
    Error::new(&code::FETCH_INVALID, what.to_string())
}

impl Fixed {
    /// What was granted, how long an answer may be, and whom to believe.
    pub fn new(grant: Grant, max_answer: u64, roots: Roots) -> Self {
        Self { grant: Arc::new(grant), max_answer, resolve: connect::system(), roots, client: OnceLock::new() }
    }

    fn client(&self) -> Result<&Client> {
        if self.client.get().is_none() {
            let connector = Connector::new(Arc::clone(&self.grant), Arc::clone(&self.resolve));
            // Another call may have been quicker.
            let _ = self.client.set(Client::new(connector, &self.roots)?);
        }
        self.client.get().ok_or_else(|| Error::internal(anyhow::anyhow!("a pool that was just made")))
    }

    /// The request that a plugin means, if it may be sent. Its addresses are looked at when there is a connection to open.
    pub(super) fn request(&self, method: &str, url: &str, headers: HeaderMap, body: Bytes) -> Result<Request> {
        let (target, uri) = host::target(url).map_err(invalid)?;
        let method: Method = method.parse().map_err(|_| invalid("no method of HTTP"))?;
        if method == Method::CONNECT || method == Method::TRACE {
            return Err(invalid(format!("{method} is not sent")));
        }
        if !self.grant.hosts.iter().any(|pattern| pattern.names(&target)) {
            return Err(Error::new(&code::FETCH_NOT_GRANTED, format!("the plugin was not granted {target}")));
        }
        let mut request = Request::new(Full::new(body));
        (*request.method_mut(), *request.uri_mut()) = (method, uri);
        *request.headers_mut() = headers;
        FRAMING.iter().for_each(|name| drop(request.headers_mut().remove(*name)));
        Ok(request)
    }

    /// The answer, read to its end.
    pub(super) async fn exchange(&self, request: Request, mut reading: Reading<'_>) -> Result<(u16, HeaderMap, Bytes)> {
        let answer = self.client()?.send(request).await?;
        let (head, mut body) = answer.into_parts();
        while let Some(piece) = client::next(&mut body).await? {
            reading.add(&piece, self.max_answer)?;
        }
        let mut headers = head.headers;
        FRAMING.iter().filter(|name| **name != "content-length").for_each(|name| drop(headers.remove(*name)));
        Ok((head.status.as_u16(), headers, std::mem::take(&mut reading.content).into()))
    }
}

/// An answer that is being read. What it needs in memory is counted while it grows, and no longer when it ends, however it
/// does; its bytes stay counted.
pub(super) struct Reading<'a> {
    traffic: &'a Traffic,
    budget: &'a Budget,
    held: &'a Held,
    taken: u64,
    /// In one piece: small ones would each keep the buffer that they came in.
    content: Vec<u8>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(traffic: &'a Traffic, budget: &'a Budget, held: &'a Held) -> Self {
        Self { traffic, budget, held, taken: 0, content: Vec::new() }
    }

    fn add(&mut self, piece: &[u8], most: u64) -> Result<()> {
        let length = piece.len() as u64;
        if self.taken.saturating_add(length) > most {
            return Err(Error::new(&code::FETCH_TOO_LARGE, format!("the answer has more than {most} bytes"))
                .hint("an operator can raise the plugin's limit `fetch_response`"));
        }
        self.traffic.fetched(self.budget, length)?;
        self.held.take(length).map_err(out_of_memory)?;
        self.taken += length;
        self.content.extend_from_slice(piece);
        Ok(())
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.held.give_back(self.taken);
    }
}

fn outgoing(given: &[(String, String)]) -> Result<HeaderMap> {
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        let (name, value) = header(name, value).map_err(invalid)?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Until when to wait for a server.
pub(super) fn until(patience: Option<Duration>, deadline: Instant) -> Instant {
    (Instant::now() + patience.unwrap_or(PATIENCE)).min(deadline.checked_sub(MARGIN).unwrap_or(deadline))
}

pub(super) fn late() -> Error {
    Error::new(&code::FETCH_TIMEOUT, "the server did not answer in time")
}

pub(super) fn out_of_memory(fault: wasmtime::Error) -> Error {
    Error::new(&code::PLUGIN_OUT_OF_MEMORY, format!("{fault}"))
}

impl Host for Call {
    async fn send(&mut self, request: Outgoing) -> Result<Incoming> {
        let Outgoing { method, url, headers, body, timeout_ms } = request;
        // First: a handle that is left behind costs the plugin its instance.
        let body = match body {
            Some(body) => self.whole(body).await?.to_bytes(),
            None => Bytes::new(),
        };
        let scope = self.scope()?;
        let (journey, deadline) = (scope.journey.clone(), scope.deadline);
        let fixed = Arc::clone(&self.fixed);
        self.traffic.fetch(&fixed.budget)?;
        self.traffic.fetched(&fixed.budget, body.len() as u64)?;
        let request = fixed.fetch.request(&method, &url, outgoing(&headers)?, body)?;
        journey.note(!request.method().is_safe());
        let until = until(timeout_ms.map(|ms| Duration::from_millis(ms.into())), deadline);
        let reading = Reading::new(&self.traffic, &fixed.budget, &self.held);
        let exchange = fixed.fetch.exchange(request, reading);
        let (status, headers, content) = timeout_at(until, exchange).await.map_err(|_| late()).flatten()?;
        let body = self.hold(Body::from(content)).map_err(out_of_memory)?;
        Ok(Incoming { status, headers: listed(&headers), body })
    }
}
