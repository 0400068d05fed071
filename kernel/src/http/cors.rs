//! `[server.cors]`: which pages of other origins may call this API from a browser. Only the operator opens it: what a
//! plugin says of origins is overwritten. It keeps nobody but browsers out; that is the business of identities.

use salvo::Request;
use salvo::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use salvo::http::{HeaderMap, HeaderValue, Method, ResBody, StatusCode};

mod config;

pub use config::Config;

use super::answer::Reply;
use crate::error::{Error, Result, code};

/// What a page may read of an answer's head besides what browsers always show it.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "X-Request-ID, Content-Range, ETag, Location, Link, Preference-Applied, Retry-After, X-Total-Count, X-Supabase-Api-Version, \
     RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset",
);

/// Every page there is.
const ANYBODY: HeaderValue = HeaderValue::from_static("*");

/// What `Access-Control-Request-Headers` gets for `headers = ["*"]`: the literal `*` would not cover `Authorization`.
const ECHO: &str = "*";

/// The operator's rules in the form that answers need.
#[derive(Debug)]
pub struct Policy {
    config: Config,
    methods: HeaderValue,
    headers: HeaderValue,
    max_age: HeaderValue,
}

impl Policy {
    /// Prepares what every answer needs.
    pub fn new(config: Config) -> Self {
        // Tokens, which the configuration checked, are header values.
        let list = |tokens: &[config::Token]| {
            let joined = tokens.iter().map(|token| token.0.as_str()).collect::<Vec<_>>().join(", ");
            HeaderValue::from_str(&joined).unwrap_or(HeaderValue::from_static(""))
        };
        let (methods, headers) = (list(&config.methods), list(&config.headers));
        let max_age = HeaderValue::from(config.max_age.0.as_secs());
        Self { config, methods, headers, max_age }
    }

    /// The answer to a browser that asks whether it may send a request; `None` for every other request.
    pub(super) fn preflight(&self, request: &Request) -> Result<Option<Reply>> {
        let headers = request.headers();
        let asks = request.method() == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let Some(origin) = headers.get(ORIGIN).filter(|_| asks && self.is_on()) else { return Ok(None) };
        if self.allowed(origin).is_none() {
            let origin = String::from_utf8_lossy(origin.as_bytes()).into_owned();
            let message = format!("pages of {origin} may not call this API");
            return Err(Error::new(&code::HTTP_ORIGIN, message).hint("an operator can add it to [server.cors] origins"));
        }
        let mut reply = Reply { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: ResBody::None };
        reply.headers.insert(ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
        reply.headers.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).filter(|_| self.headers == ECHO);
        reply.headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.unwrap_or(&self.headers).clone());
        Ok(Some(reply))
    }

    /// Says on an answer, refusals too, whether the page that asked may read it.
    pub(super) fn finish(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        for name in [ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_EXPOSE_HEADERS] {
            answer.remove(name);
        }
        if !self.is_on() {
            return;
        }
        if !self.config.allows_all() {
            // Also where no origin was sent: a cache must not give that answer to a page.
            answer.append(VARY, HeaderValue::from_static("Origin"));
        }
        // Where every page may call, the answer is the same for a request that names none: caches can keep one.
        let origin = request.get(ORIGIN).and_then(|origin| self.allowed(origin));
        let Some(allowed) = origin.or_else(|| self.config.allows_all().then_some(ANYBODY)) else { return };
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        if self.config.credentials {
            answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }

    fn is_on(&self) -> bool {
        !self.config.origins.is_empty()
    }

    fn allowed(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        if self.config.allows_all() {
            return Some(ANYBODY);
        }
        self.config.origins.iter().any(|allowed| *origin == allowed.0.as_str()).then(|| origin.clone())
    }
}
