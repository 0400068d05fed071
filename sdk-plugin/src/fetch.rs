//! Asking servers outside that the operator named. It deliberately decides nothing about where a request may go: the host looks at
//! each, also at each hop of a redirect.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::basalt::fetch::fetch::send;
use crate::{Body, Problem, json};

pub use crate::bindings::basalt::fetch::fetch::{Incoming, Outgoing};

/// Redirects that [`Outgoing::follow`] follows.
const MAX_HOPS: usize = 5;
/// What goes to the server that it was meant for, and no other.
const CREDENTIALS: &[&str] = &["authorization", "cookie", "proxy-authorization", "x-api-key", "apikey"];

impl Outgoing {
    /// A request for a URL with its scheme: `https://api.stripe.com/v1/charges?limit=3`.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self { method: method.into(), url: url.into(), headers: Vec::new(), body: None, timeout_ms: None }
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

    /// Gives up after this many milliseconds. Without it: 30 seconds, or what is left of this call's deadline.
    #[must_use]
    pub fn timeout_ms(mut self, milliseconds: u32) -> Self {
        self.timeout_ms = Some(milliseconds);
        self
    }

    /// Sends it, and waits for the whole answer. An answer of any status is no problem, a redirect is an answer; what kept the
    /// request from being answered is one: see [`Code`](crate::Code).
    pub fn send(self) -> Result<Incoming, Problem> {
        send(self)
    }

    /// Sends it, and follows up to five redirects; the sixth is the answer. Each hop is a request of its own for the host: it has to be
    /// granted, and counts.
    ///
    /// 303 is followed with GET, and so are 301 and 302 of a POST; 307 and 308 of a request with a body are handed back, since
    /// its body was sent. At another scheme, name or port, headers with credentials are left out from there on: `authorization`,
    /// `cookie`, `proxy-authorization`, `x-api-key` and `apikey`. Use [`send`](Self::send) where others carry any.
    pub fn follow(mut self) -> Result<Incoming, Problem> {
        for _ in 0..MAX_HOPS {
            let (method, url, headers) = (self.method.clone(), self.url.clone(), self.headers.clone());
            let (timeout_ms, has_body) = (self.timeout_ms, self.body.is_some());
            let answer = send(self)?;
            let next = answer.header("location").and_then(|location| join(&url, location));
            let (Some(next), Some(method)) = (next, method_after(answer.status, &method, has_body)) else {
                return Ok(answer);
            };
            self = Self { method, url: next, headers, body: None, timeout_ms };
            if has_body {
                self.headers.retain(|(name, _)| !name.starts_with("content-"));
            }
            if origin(&self.url) != origin(&url) {
                self.headers.retain(|(name, _)| !CREDENTIALS.contains(&name.to_ascii_lowercase().as_str()));
            }
        }
        send(self)
    }
}

impl Incoming {
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

/// The method of the next hop; `None` where it is not to be followed.
fn method_after(status: u16, method: &str, has_body: bool) -> Option<String> {
    match status {
        301 | 302 if method == "POST" => Some("GET".to_owned()),
        303 if method != "HEAD" => Some("GET".to_owned()),
        301 | 302 | 303 | 307 | 308 if !has_body => Some(method.to_owned()),
        _ => None,
    }
}

/// Scheme, name and port as they are written, in lower case. Another spelling of the same one is another: then credentials are
/// left out that could have been sent, and not the other way round.
fn origin(url: &str) -> String {
    let path = url.find("://").map_or(0, |at| at + 3);
    let end = url[path..].find(['/', '?', '#']).map_or(url.len(), |at| path + at);
    url[..end].to_ascii_lowercase()
}

/// Where `location` leads from `url`. `None` when it leads to no HTTP.
fn join(url: &str, location: &str) -> Option<String> {
    let location = location.split('#').next().unwrap_or_default();
    let origin = &url[..origin(url).len()];
    let rest = url[origin.len()..].split('#').next().unwrap_or_default();
    let path = rest.split('?').next().unwrap_or_default();
    let lower = location.to_ascii_lowercase();
    if lower.starts_with("https://") || lower.starts_with("http://") {
        return Some(location.to_owned());
    }
    if location.starts_with("//") {
        return Some(format!("{}{location}", &origin[..origin.find("//")?]));
    }
    if location.starts_with('/') {
        return Some(format!("{origin}{location}"));
    }
    // `mailto:…` and its like; a colon behind a slash is part of a path.
    if location.split(['/', '?']).next().is_some_and(|first| first.contains(':')) {
        return None;
    }
    let (folder, _) = path.rsplit_once('/').unwrap_or_default();
    Some(match location.starts_with('?') || location.is_empty() {
        true => format!("{origin}{path}{location}"),
        false => format!("{origin}{folder}/{location}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_where_a_browser_would_go() {
        for (location, leads) in [
            ("https://b.example/x", Some("https://b.example/x")),
            ("HTTP://b.example", Some("HTTP://b.example")),
            ("//b.example/x", Some("https://b.example/x")),
            ("/x?y#z", Some("https://a.example:8443/x?y")),
            ("x", Some("https://a.example:8443/one/x")),
            ("?y", Some("https://a.example:8443/one/two?y")),
            ("x/a:b", Some("https://a.example:8443/one/x/a:b")),
            ("ftp://b.example/", None),
            ("javascript:alert(1)", None),
        ] {
            assert_eq!(join("https://a.example:8443/one/two?q=1#f", location).as_deref(), leads, "{location}");
        }
        assert_eq!(join("https://a.example", "x").as_deref(), Some("https://a.example/x"));
    }

    #[test]
    fn only_the_same_scheme_name_and_port_are_one_origin() {
        assert_eq!(origin("https://A.example/x"), origin("https://a.example?y"));
        for other in
            ["http://a.example/", "https://a.example:8443/", "https://a.example.evil/", "https://a.example@evil/"]
        {
            assert_ne!(origin("https://a.example/"), origin(other), "{other}");
        }
    }

    #[test]
    fn what_was_sent_is_not_sent_again() {
        for (status, method, body, next) in [
            (302, "POST", true, Some("GET")),
            (303, "PUT", true, Some("GET")),
            (303, "HEAD", false, Some("HEAD")),
            (307, "POST", true, None),
            (308, "DELETE", false, Some("DELETE")),
            (301, "PUT", true, None),
            (200, "GET", false, None),
            (304, "GET", false, None),
        ] {
            assert_eq!(method_after(status, method, body).as_deref(), next, "{status} {method}");
        }
    }
}
