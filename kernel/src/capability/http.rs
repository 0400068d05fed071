//! The request that a handler answers. It holds no route table and renders nothing: `host` and the `http` layer do.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use salvo::http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use wasmtime::component::{HasSelf, Linker, Resource};

use super::Call;
use super::bindings::basalt::http::types::{Content, Head, Host, HostReply, HostRequest, add_to_linker};
use super::body::Body;
use super::dispatch::Journey;
use crate::error::{Error, Result, code};
use crate::identity::Identity;

pub use super::bindings::basalt::http::types::Response as GuestResponse;

/// The scope of the capability: `http = { filter = ["/rest/v1"], routes = ["/shop/{item}"] }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Where the plugin may stand in front of other plugins: it then sees and changes what passes.
    #[serde(default)]
    pub filter: Place,
    /// The paths that it may answer; all that its manifest names when this is not said.
    pub routes: Option<BTreeSet<String>>,
}

/// In front of which requests a plugin may stand.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Place {
    /// Wherever its manifest says, or nowhere.
    Any(bool),
    /// These paths and all below them.
    Below(BTreeSet<String>),
}

impl Default for Place {
    fn default() -> Self {
        Self::Any(false)
    }
}

/// Headers that carry credentials: a plugin learns who is calling from the kernel and never holds a token.
pub const CREDENTIALS: &[&str] = &["authorization", "proxy-authorization", "apikey", "cookie"];

/// A request on its way to a plugin.
#[derive(Debug, Clone)]
pub struct Request {
    /// The request id.
    pub id: Arc<str>,
    /// In upper case.
    pub method: Method,
    /// As the client sent it.
    pub path: String,
    /// What follows `?`.
    pub query: Option<String>,
    /// As the client sent them, without the credentials.
    pub headers: HeaderMap,
    /// The content, when there is any.
    pub body: Option<Bytes>,
    /// Who is calling.
    pub identity: Arc<Identity>,
    /// The name of the route that matched.
    pub route: Arc<str>,
    /// Where that route is mounted.
    pub mount: Arc<str>,
    /// The route's parameters, decoded.
    pub params: Vec<(String, String)>,
    /// What it shares with what else is done for the same client's request.
    pub journey: Journey,
}

/// A plugin's answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// 200 to 599.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// The content.
    pub body: Body,
}

/// Takes the credentials out of a request's headers, once and for all guests.
pub fn strip_credentials(headers: &mut HeaderMap) {
    for name in CREDENTIALS {
        headers.remove(*name);
    }
}

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}

/// Takes an answer out of the guest's table, so that the instance is free while the client reads.
pub fn take(call: &mut Call, response: GuestResponse, max_bytes: u64) -> Result<Response> {
    let body = match response.content {
        Content::Empty => Body::default(),
        Content::Text(text) => Body::from(Bytes::from(text)),
        Content::Bytes(bytes) => Body::from(Bytes::from(bytes)),
        Content::Body(handle) => call.release(handle).map_err(Error::internal)?,
    };
    let headers = map(&response.headers).map_err(|what| Error::new(&code::PLUGIN_BAD_RESPONSE, what))?;
    let status = status(response.status).map_err(|what| Error::new(&code::PLUGIN_BAD_RESPONSE, what))?;
    let response = Response { status, headers, body };
    check_size(call, &response, max_bytes)?;
    Ok(response)
}

/// Headers that a plugin may make for one message: clients and proxies take fewer, and a map has an end.
const MAX_HEADERS: usize = 256;

/// And their bytes.
const MAX_HEADER_BYTES: usize = 64 << 10;

/// Headers of a plugin's making.
pub(super) fn map(given: &[(String, String)]) -> std::result::Result<HeaderMap, String> {
    let size: usize = given.iter().map(|(name, value)| name.len() + value.len()).sum();
    if given.len() > MAX_HEADERS || size > MAX_HEADER_BYTES {
        return Err(format!("a message has at most {MAX_HEADERS} headers with {MAX_HEADER_BYTES} bytes"));
    }
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        let (name, value) = header(name, value)?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// Sets one header of a message that passes.
fn set(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) -> std::result::Result<(), String> {
    let is_new = !headers.contains_key(&name);
    if is_new && headers.len() >= 2 * MAX_HEADERS || value.len() > MAX_HEADER_BYTES {
        return Err(format!("a message has at most {MAX_HEADERS} headers with {MAX_HEADER_BYTES} bytes"));
    }
    headers.insert(name, value);
    Ok(())
}

/// Whether an answer is within the limit of the plugin that made it.
///
/// # Errors
/// `plugin.response-too-large`.
pub fn check_size(call: &Call, response: &Response, max_bytes: u64) -> Result<()> {
    let length = response.body.len();
    if length <= max_bytes {
        return Ok(());
    }
    let message = format!("the response has {length} bytes, more than the {max_bytes} of the plugin's limit");
    Err(Error::new(&code::PLUGIN_RESPONSE_TOO_LARGE, message)
        .hint(format!("[plugins.{}.limits] response", call.fixed.plugin)))
}

fn status(status: u16) -> std::result::Result<u16, String> {
    if (200..600).contains(&status) { Ok(status) } else { Err(format!("{status} is no final HTTP status")) }
}

pub(super) fn header(name: &str, value: &str) -> std::result::Result<(HeaderName, HeaderValue), String> {
    let key = name.parse::<HeaderName>().map_err(|_| format!("{name:?} is no header name"))?;
    let value = HeaderValue::from_str(value).map_err(|_| format!("the value of {name} is no header value"))?;
    Ok((key, value))
}

fn invalid(what: String) -> Error {
    Error::new(&code::HTTP_INVALID, what)
}

fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(name).iter().map(|value| text(value.as_bytes()));
    values.reduce(|all, next| format!("{all}, {next}"))
}

pub(super) fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}

impl Host for Call {}

impl HostRequest for Call {
    fn id(&mut self, request: Resource<Request>) -> wasmtime::Result<String> {
        Ok(self.table.get(&request)?.id.to_string())
    }

    fn method(&mut self, request: Resource<Request>) -> wasmtime::Result<String> {
        Ok(self.table.get(&request)?.method.to_string())
    }

    fn route(&mut self, request: Resource<Request>) -> wasmtime::Result<String> {
        Ok(self.table.get(&request)?.route.to_string())
    }

    fn path(&mut self, request: Resource<Request>) -> wasmtime::Result<String> {
        Ok(self.table.get(&request)?.path.clone())
    }

    fn mount(&mut self, request: Resource<Request>) -> wasmtime::Result<String> {
        Ok(self.table.get(&request)?.mount.to_string())
    }

    fn param(&mut self, request: Resource<Request>, name: String) -> wasmtime::Result<Option<String>> {
        let params = &self.table.get(&request)?.params;
        Ok(params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone()))
    }

    fn query(&mut self, request: Resource<Request>) -> wasmtime::Result<Option<String>> {
        Ok(self.table.get(&request)?.query.clone())
    }

    fn head(&mut self, request: Resource<Request>) -> wasmtime::Result<Head> {
        let request = self.table.get(&request)?;
        Ok(Head {
            method: request.method.to_string(),
            route: request.route.to_string(),
            path: request.path.clone(),
            mount: request.mount.to_string(),
            query: request.query.clone(),
            params: request.params.clone(),
        })
    }

    fn header(&mut self, request: Resource<Request>, name: String) -> wasmtime::Result<Option<String>> {
        Ok(joined(&self.table.get(&request)?.headers, &name))
    }

    fn header_values(
        &mut self,
        request: Resource<Request>,
        names: Vec<String>,
    ) -> wasmtime::Result<Vec<Option<String>>> {
        let headers = &self.table.get(&request)?.headers;
        Ok(names.iter().map(|name| joined(headers, name)).collect())
    }

    fn headers(&mut self, request: Resource<Request>) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(listed(&self.table.get(&request)?.headers))
    }

    fn body(&mut self, request: Resource<Request>) -> wasmtime::Result<Option<Resource<Body>>> {
        match self.table.get(&request)?.body.clone() {
            Some(content) => self.hold(Body::from(content)).map(Some),
            None => Ok(None),
        }
    }

    fn role(&mut self, request: Resource<Request>) -> wasmtime::Result<String> {
        Ok(self.table.get(&request)?.identity.role.clone())
    }

    fn authenticated(&mut self, request: Resource<Request>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&request)?.identity.authenticated)
    }

    fn set_header(&mut self, request: Resource<Request>, name: String, value: String) -> Result<()> {
        let (name, value) = header(&name, &value).map_err(invalid)?;
        if CREDENTIALS.contains(&name.as_str()) {
            return Err(invalid(format!("{name} is a credential, which no plugin sets")));
        }
        set(&mut self.table.get_mut(&request).map_err(Error::internal)?.headers, name, value).map_err(invalid)
    }

    fn remove_header(&mut self, request: Resource<Request>, name: String) -> wasmtime::Result<()> {
        self.table.get_mut(&request)?.headers.remove(&name);
        Ok(())
    }

    fn set_query(&mut self, request: Resource<Request>, query: Option<String>) -> Result<()> {
        let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        if query.as_ref().is_some_and(|query| !query.bytes().all(allowed)) {
            return Err(invalid("the query has a character that has to be percent-encoded".to_owned()));
        }
        self.table.get_mut(&request).map_err(Error::internal)?.query = query;
        Ok(())
    }

    fn drop(&mut self, request: Resource<Request>) -> wasmtime::Result<()> {
        self.table.delete(request)?;
        Ok(())
    }
}

impl HostReply for Call {
    fn status(&mut self, reply: Resource<Response>) -> wasmtime::Result<u16> {
        Ok(self.table.get(&reply)?.status)
    }

    fn set_status(&mut self, reply: Resource<Response>, new: u16) -> Result<()> {
        self.table.get_mut(&reply).map_err(Error::internal)?.status = status(new).map_err(invalid)?;
        Ok(())
    }

    fn header(&mut self, reply: Resource<Response>, name: String) -> wasmtime::Result<Option<String>> {
        Ok(joined(&self.table.get(&reply)?.headers, &name))
    }

    fn headers(&mut self, reply: Resource<Response>) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(listed(&self.table.get(&reply)?.headers))
    }

    fn set_header(&mut self, reply: Resource<Response>, name: String, value: String) -> Result<()> {
        let (name, value) = header(&name, &value).map_err(invalid)?;
        set(&mut self.table.get_mut(&reply).map_err(Error::internal)?.headers, name, value).map_err(invalid)
    }

    fn remove_header(&mut self, reply: Resource<Response>, name: String) -> wasmtime::Result<()> {
        self.table.get_mut(&reply)?.headers.remove(&name);
        Ok(())
    }

    async fn digest(&mut self, reply: Resource<Response>) -> wasmtime::Result<Option<String>> {
        let body = self.table.get(&reply)?.body.clone();
        if body.is_empty() { Ok(None) } else { Ok(Some(digest(body).await)) }
    }

    fn body(&mut self, reply: Resource<Response>) -> wasmtime::Result<Resource<Body>> {
        let body = self.table.get(&reply)?.body.clone();
        self.hold(body)
    }

    fn set_body(&mut self, reply: Resource<Response>, body: Resource<Body>) -> wasmtime::Result<()> {
        let body = self.release(body)?;
        self.table.get_mut(&reply)?.body = body;
        Ok(())
    }

    fn drop(&mut self, reply: Resource<Response>) -> wasmtime::Result<()> {
        self.table.delete(reply)?;
        Ok(())
    }
}

/// Bytes that are digested before others may run: well under a millisecond of work.
const STRIDE: usize = 256 << 10;

async fn digest(body: Body) -> String {
    let mut digest = Sha256::new();
    for part in body.into_parts() {
        for stride in part.chunks(STRIDE) {
            digest.update(stride);
            if stride.len() == STRIDE {
                tokio::task::yield_now().await;
            }
        }
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Header values are bytes; most are UTF-8, and the rest must not be an error of the plugin's.
fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}
