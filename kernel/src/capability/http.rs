//! The request that a handler answers. It holds no route table and renders nothing: `host` and the `http` layer do.

use std::sync::Arc;

use bytes::Bytes;
use salvo::http::HeaderMap;
use wasmtime::component::{HasSelf, Linker, Resource};

use super::Call;
use super::bindings::basalt::http::types::{Content, Host, HostRequest, add_to_linker};
use super::body::Body;
use crate::error::{Error, Result, code};
use crate::identity::Identity;

pub use super::bindings::basalt::http::types::Response as GuestResponse;

/// Headers that carry credentials: a plugin learns who is calling from the kernel and never holds a token.
const CREDENTIALS: &[&str] = &["authorization", "proxy-authorization", "apikey", "cookie"];

/// A request on its way to a plugin.
#[derive(Debug, Clone)]
pub struct Request {
    /// The request id.
    pub id: Arc<str>,
    /// In upper case.
    pub method: String,
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
}

/// A plugin's answer.
#[derive(Debug)]
pub struct Response {
    /// 200 to 599.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
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
        Content::Body(handle) => call.table.delete(handle).map_err(Error::internal)?,
    };
    if body.len() > max_bytes {
        let message = format!("the response has {} bytes, more than the {max_bytes} of the plugin's limit", body.len());
        return Err(Error::new(&code::PLUGIN_RESPONSE_TOO_LARGE, message)
            .hint(format!("[plugins.{}.limits] response", call.fixed.plugin)));
    }
    if !(200..600).contains(&response.status) {
        return Err(Error::new(&code::PLUGIN_BAD_RESPONSE, format!("{} is no final HTTP status", response.status)));
    }
    Ok(Response { status: response.status, headers: response.headers, body })
}

impl Host for Call {}

impl HostRequest for Call {
    fn id(&mut self, request: Resource<Request>) -> wasmtime::Result<String> {
        Ok(self.table.get(&request)?.id.to_string())
    }

    fn method(&mut self, request: Resource<Request>) -> wasmtime::Result<String> {
        Ok(self.table.get(&request)?.method.clone())
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

    fn header(&mut self, request: Resource<Request>, name: String) -> wasmtime::Result<Option<String>> {
        let values = self.table.get(&request)?.headers.get_all(&name);
        let joined = values.iter().map(|value| text(value.as_bytes())).reduce(|all, next| format!("{all}, {next}"));
        Ok(joined)
    }

    fn headers(&mut self, request: Resource<Request>) -> wasmtime::Result<Vec<(String, String)>> {
        let headers = &self.table.get(&request)?.headers;
        Ok(headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect())
    }

    fn body(&mut self, request: Resource<Request>) -> wasmtime::Result<Option<Resource<Body>>> {
        match self.table.get(&request)?.body.clone() {
            Some(content) => Ok(Some(self.table.push(Body::from(content))?)),
            None => Ok(None),
        }
    }

    fn role(&mut self, request: Resource<Request>) -> wasmtime::Result<String> {
        Ok(self.table.get(&request)?.identity.role.clone())
    }

    fn authenticated(&mut self, request: Resource<Request>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&request)?.identity.authenticated)
    }

    fn drop(&mut self, request: Resource<Request>) -> wasmtime::Result<()> {
        self.table.delete(request)?;
        Ok(())
    }
}

/// Header values are bytes; most are UTF-8, and the rest must not be an error of the plugin's.
fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}
