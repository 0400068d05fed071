//! Asking routes of this very instance, as the caller. It finds no route and runs no plugin: [`Dispatcher`] does, which
//! `host` implements.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use futures_util::future::BoxFuture;
use salvo::http::uri::Uri;
use salvo::http::{HeaderMap, Method};
use serde::Deserialize;
use tokio::time::Instant;
use wasmtime::component::{HasSelf, Linker};

use super::Call;
use super::bindings::basalt::dispatch::dispatch::{Answer, Host, Outgoing, add_to_linker};
use super::body::Body;
use super::http::{Request, Response, listed, map, strip_credentials};
use crate::error::{Error, Result, code};

/// How deep plugins may ask plugins. Each level holds an instance of every plugin on the way, and a circle ends here.
const MAX_DEPTH: u32 = 4;

/// The scope of the capability: `dispatch = { routes = ["GET /api/v1/tables/orders"] }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// What may be asked.
    #[serde(default)]
    pub routes: BTreeSet<Route>,
}

/// A method, or `*` for any, and a path; `{name}` stands for any one segment, `{*rest}` for one or more at the end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Route {
    method: String,
    path: String,
}

/// What all calls for one client's request have in common, however deep.
#[derive(Clone, Default)]
pub struct Journey {
    /// Where dispatched requests go.
    pub dispatcher: Option<Arc<dyn Dispatcher>>,
    /// When whoever waits for it stops waiting.
    pub deadline: Option<Instant>,
    depth: u32,
    acted: Arc<AtomicBool>,
    dispatched: Arc<AtomicU32>,
    /// Of the plugin that the client asked: those that it asks spend from the same.
    dispatches: Option<u32>,
}

/// Answers requests of plugins.
pub trait Dispatcher: Send + Sync {
    /// Has whatever hangs at the request's path answer it.
    fn dispatch(self: Arc<Self>, request: Request) -> BoxFuture<'static, Result<Response>>;
}

impl std::fmt::Debug for Journey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journey").field("depth", &self.depth).field("acted", &self.acted).finish_non_exhaustive()
    }
}

impl Journey {
    /// Notes that something may have changed outside of the plugin: from then on nobody else can answer in its place.
    pub fn note(&self, acts: bool) {
        if acts {
            self.acted.store(true, Ordering::Relaxed);
        }
    }

    /// Whether anything may have changed.
    pub fn has_acted(&self) -> bool {
        self.acted.load(Ordering::Relaxed)
    }

    /// The same, for the same request from the beginning.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { acted: Arc::default(), dispatched: Arc::default(), ..self.clone() }
    }

    /// Whether a plugin was asked by another.
    pub fn is_nested(&self) -> bool {
        self.depth > 0
    }

    fn deeper(&self, deadline: Instant, own: u32) -> Result<Self> {
        let dispatches = self.dispatches.unwrap_or(own);
        if self.dispatched.fetch_add(1, Ordering::Relaxed) >= dispatches {
            let message = format!("for one request, plugins may ask {dispatches} routes");
            return Err(Error::new(&code::DISPATCH_TOO_MANY, message)
                .hint("an operator can raise the limit `dispatches` of the plugin that was asked first"));
        }
        if self.depth >= MAX_DEPTH {
            let message = format!("plugins ask plugins, more than {MAX_DEPTH} deep");
            return Err(Error::new(&code::DISPATCH_TOO_DEEP, message));
        }
        Ok(Self { deadline: Some(deadline), depth: self.depth + 1, dispatches: Some(dispatches), ..self.clone() })
    }
}

impl TryFrom<String> for Route {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let shape = || format!("{text:?} is no route: a method or `*`, a space, a path: \"GET /api/v1/tables/orders\"");
        let (method, path) = text.split_once(' ').ok_or_else(shape)?;
        let is_method = method == "*" || !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
        if !is_method || !path.starts_with('/') || path.contains(['?', ' ']) {
            return Err(shape());
        }
        Ok(Self { method: method.to_owned(), path: path.to_owned() })
    }
}

impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl Grant {
    /// Paths are compared as they are written: what is spelled in another way was not granted.
    fn allows(&self, method: &str, path: &str) -> bool {
        self.routes.iter().any(|route| (route.method == "*" || route.method == method) && matches(&route.path, path))
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    for part in pattern.split('/') {
        let Some(segment) = segments.next() else { return false };
        let is_any = part.starts_with('{') && part.ends_with('}');
        if is_any && part.starts_with("{*") {
            return !segment.is_empty();
        }
        let fits = if is_any { !segment.is_empty() } else { part == segment };
        if !fits {
            return false;
        }
    }
    segments.next().is_none()
}

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}

fn invalid(what: impl std::fmt::Display) -> Error {
    Error::new(&code::DISPATCH_INVALID, what.to_string())
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap> {
    let mut headers = map(given).map_err(invalid)?;
    strip_credentials(&mut headers);
    Ok(headers)
}

impl Call {
    /// The request that a plugin means, as if its caller had sent it.
    async fn outgoing(&mut self, request: Outgoing) -> Result<Request> {
        let uri: Uri = request.target.parse().map_err(|_| invalid(format!("{:?} is no path", request.target)))?;
        if uri.scheme().is_some()
            || uri.authority().is_some()
            || !uri.path().starts_with('/')
            || uri.path().contains("%00")
        {
            return Err(invalid("a target starts with the path: requests go to this instance only"));
        }
        let method: Method = request.method.parse().map_err(|_| invalid("no method of HTTP"))?;
        if !self.fixed.dispatch.allows(method.as_str(), uri.path()) {
            let message = format!("the plugin was not granted {method} {}", uri.path());
            return Err(Error::new(&code::DISPATCH_NOT_GRANTED, message));
        }
        let body = match request.body {
            Some(body) => Some(self.whole(body).await?),
            None => None,
        };
        let scope = self.scope()?;
        scope.journey.note(!method.is_safe());
        Ok(Request {
            id: Arc::clone(&scope.request_id),
            method,
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            headers: headers(&request.headers)?,
            body: body.map(|body| body.to_bytes()),
            upload: None,
            identity: Arc::clone(&scope.identity),
            route: "".into(),
            mount: "".into(),
            params: Vec::new(),
            journey: scope.journey.deeper(scope.deadline, self.fixed.budget.dispatches)?,
        })
    }
}

impl Host for Call {
    async fn send(&mut self, request: Outgoing) -> Result<Answer> {
        self.usage.dispatch(&self.fixed.budget)?;
        let request = self.outgoing(request).await?;
        let nobody = || Error::internal(anyhow::anyhow!("a request without a dispatcher"));
        let dispatcher = request.journey.dispatcher.clone().ok_or_else(nobody)?;
        let Response { status, headers, mut body, stream } = dispatcher.dispatch(request).await?;
        if let Some(stream) = stream {
            body = Body::from(self.collect(stream).await?);
        }
        let too_much = |fault| Error::new(&code::PLUGIN_OUT_OF_MEMORY, format!("{fault}"));
        Ok(Answer { status, headers: listed(&headers), body: self.hold(body).map_err(too_much)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(routes: &[&str]) -> Grant {
        Grant { routes: routes.iter().map(|route| route.to_string().try_into().expect(route)).collect() }
    }

    #[test]
    fn a_route_allows_what_it_says_and_nothing_beside_it() {
        let grant = grant(&["GET /t/orders", "* /a/{id}/b", "POST /files/{*rest}"]);
        for (method, path) in [("GET", "/t/orders"), ("PUT", "/a/7/b"), ("GET", "/a/x/b"), ("POST", "/files/a/b")] {
            assert!(grant.allows(method, path), "{method} {path}");
        }
        for (method, path) in [
            ("POST", "/t/orders"),
            ("GET", "/t/orders/"),
            ("GET", "/t/orders/../x"),
            ("GET", "/t/%6frders"),
            ("GET", "/t//orders"),
            ("GET", "/t/orders2"),
            ("GET", "/T/orders"),
            ("GET", "/a//b"),
            ("GET", "/a/1/2/b"),
            ("POST", "/files/"),
            ("POST", "/files"),
            ("GET", "/files/a"),
        ] {
            assert!(!grant.allows(method, path), "{method} {path}");
        }
    }

    #[test]
    fn what_is_no_route_is_refused() {
        for text in ["", "GET", "/a", "get /a", "GET a", "GET /a?b", "GET  /a", "GET /a b"] {
            assert!(Route::try_from(text.to_owned()).is_err(), "{text:?}");
        }
    }
}
