//! Requests and answers as a handler and a filter see them, in memory. What would be refused over HTTP is not looked for
//! here, deliberately: the kernel's tests do.

use std::cell::RefCell;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Body;
use crate::Problem;

/// A name in lower case, and a value.
pub type Header = (String, String);

/// What a request asks for, all but its headers and its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// In upper case: `GET`.
    pub method: String,
    /// The name of the manifest's route that matched.
    pub route: String,
    /// The path as the client sent it (still percent-encoded), with the mount: `/rest/v1/orders`.
    pub path: String,
    /// Where the matched route is mounted: `/rest/v1`. Empty at the root.
    pub mount: String,
    /// What follows `?`, still percent-encoded.
    pub query: Option<String>,
    /// The parameters of the route's pattern, percent-decoded, in its order.
    pub params: Vec<(String, String)>,
}

/// The content of a response.
#[derive(Debug)]
pub enum Content {
    /// None.
    Empty,
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Handed on by the host without a copy.
    Body(Body),
}

/// What a handler answers.
#[derive(Debug)]
pub struct Response {
    /// 200 to 599.
    pub status: u16,
    /// Framing headers belong to the host and are ignored.
    pub headers: Vec<Header>,
    /// What is sent.
    pub content: Content,
}

impl Content {
    pub(super) fn into_body(self) -> Body {
        match self {
            Self::Empty => Body::new(&[]),
            Self::Text(text) => Body::new(text.as_bytes()),
            Self::Bytes(bytes) => Body::new(&bytes),
            Self::Body(body) => body,
        }
    }
}

fn joined(headers: &[Header], name: &str) -> Option<String> {
    let values: Vec<_> = headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn set(headers: &mut Vec<Header>, name: &str, value: &str) {
    headers.retain(|(key, _)| key != name);
    headers.push((name.to_owned(), value.to_owned()));
}

/// The request being answered.
#[derive(Debug)]
pub struct Request {
    pub(super) inner: RefCell<Inner>,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) head: Head,
    pub(super) headers: Vec<Header>,
    pub(super) body: Option<Body>,
    pub(super) role: Option<String>,
}

impl Request {
    /// The request id, as in `X-Request-ID`.
    pub fn id(&self) -> String {
        "test".to_owned()
    }

    /// In upper case: `GET`.
    pub fn method(&self) -> String {
        self.inner.borrow().head.method.clone()
    }

    /// The name of the manifest's route that matched.
    pub fn route(&self) -> String {
        self.inner.borrow().head.route.clone()
    }

    /// The path as the client sent it (still percent-encoded), with the mount.
    pub fn path(&self) -> String {
        self.inner.borrow().head.path.clone()
    }

    /// Where the matched route is mounted. Empty at the root.
    pub fn mount(&self) -> String {
        self.inner.borrow().head.mount.clone()
    }

    /// A parameter of the route's pattern, percent-decoded.
    pub fn param(&self, name: &str) -> Option<String> {
        let inner = self.inner.borrow();
        inner.head.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    /// What follows `?`, still percent-encoded.
    pub fn query(&self) -> Option<String> {
        self.inner.borrow().head.query.clone()
    }

    /// All of the above but the id at once: one call of the host in place of one for each.
    pub fn head(&self) -> Head {
        self.inner.borrow().head.clone()
    }

    /// A header by its name in lower case; several of one name are joined with `, `. Credentials never reach a plugin.
    pub fn header(&self, name: &str) -> Option<String> {
        joined(&self.inner.borrow().headers, name)
    }

    /// Several headers at once, as `header` gives each, in the order asked.
    pub fn header_values(&self, names: &[String]) -> Vec<Option<String>> {
        names.iter().map(|name| self.header(name)).collect()
    }

    /// All headers in the order received, without the credentials.
    pub fn headers(&self) -> Vec<Header> {
        self.inner.borrow().headers.clone()
    }

    /// The content; `None` when the request has none. Every call gives a new handle to the same bytes.
    pub fn body(&self) -> Option<Body> {
        self.inner.borrow().body.as_ref().map(Body::again)
    }

    /// The Postgres role that the caller acts as.
    pub fn role(&self) -> String {
        self.inner.borrow().role.clone().unwrap_or_else(|| "anon".to_owned())
    }

    /// Whether the caller proved an identity; anonymous callers did not.
    pub fn authenticated(&self) -> bool {
        self.inner.borrow().role.is_some()
    }

    /// Sets a header for whoever comes next.
    pub fn set_header(&self, name: &str, value: &str) -> Result<(), Problem> {
        set(&mut self.inner.borrow_mut().headers, name, value);
        Ok(())
    }

    /// Removes a header for whoever comes next.
    pub fn remove_header(&self, name: &str) {
        self.inner.borrow_mut().headers.retain(|(key, _)| key != name);
    }

    /// Replaces the query for whoever comes next, percent-encoded.
    pub fn set_query(&self, query: Option<&str>) -> Result<(), Problem> {
        self.inner.borrow_mut().head.query = query.map(str::to_owned);
        Ok(())
    }
}

/// An answer on its way out, as a filter sees it.
#[derive(Debug)]
pub struct Reply {
    pub(super) inner: RefCell<(u16, Vec<Header>, Body)>,
}

impl Reply {
    pub(super) fn of(response: Response) -> Self {
        let Response { status, headers, content } = response;
        Self { inner: RefCell::new((status, headers, content.into_body())) }
    }

    /// 200 to 599.
    pub fn status(&self) -> u16 {
        self.inner.borrow().0
    }

    /// Sets the status.
    pub fn set_status(&self, status: u16) -> Result<(), Problem> {
        self.inner.borrow_mut().0 = status;
        Ok(())
    }

    /// A header by its name in lower case; several of one name are joined with `, `.
    pub fn header(&self, name: &str) -> Option<String> {
        joined(&self.inner.borrow().1, name)
    }

    /// All headers.
    pub fn headers(&self) -> Vec<Header> {
        self.inner.borrow().1.clone()
    }

    /// Sets a header, replacing those of its name.
    pub fn set_header(&self, name: &str, value: &str) -> Result<(), Problem> {
        set(&mut self.inner.borrow_mut().1, name, value);
        Ok(())
    }

    /// Removes a header.
    pub fn remove_header(&self, name: &str) {
        self.inner.borrow_mut().1.retain(|(key, _)| key != name);
    }

    /// SHA-256 of the content, in lower-case hexadecimal digits; `None` when there is no content.
    pub fn digest(&self) -> Option<String> {
        let inner = self.inner.borrow();
        let bytes = inner.2.bytes();
        let digits = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
        };
        (!bytes.is_empty()).then(|| digits(&Sha256::digest(bytes)))
    }

    /// The content. Every call gives a new handle to the same bytes.
    pub fn body(&self) -> Body {
        self.inner.borrow().2.again()
    }

    /// Replaces the content.
    pub fn set_body(&self, body: Body) {
        self.inner.borrow_mut().2 = body;
    }
}
