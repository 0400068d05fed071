//! `wasi:http/incoming-handler`: a request as a stock component takes it, and its answer as the kernel does. Which
//! requests it gets is its manifest's routes' business.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use salvo::http::uri::{Authority, PathAndQuery, Scheme, Uri};
use salvo::http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::oneshot;
use wasmtime::component::Resource;
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme as GuestScheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;
use wasmtime_wasi_http::p2::types::{HostIncomingRequest, HostResponseOutparam};

use crate::capability::body::Body;
use crate::capability::http::{Request, Response, fits, status};
use crate::capability::memory::Share;
use crate::capability::{Call, fetch};
use crate::error::{Error, Result, code};

/// What a guest says that it answers.
type Given = std::result::Result<hyper::Response<HyperOutgoingBody>, ErrorCode>;

/// The place where a guest puts its answer: its handle, and where it arrives.
pub(super) type Place = (Resource<HostResponseOutparam>, oneshot::Receiver<Given>);

/// Headers that say what a plugin of our own contract asks for. Clients cannot set them.
const PREFIX: &str = "x-basalt-";

/// Gives a request to the guest.
///
/// # Errors
/// When there is no room for its handle.
pub fn admit(call: &mut Call, request: Request) -> wasmtime::Result<Resource<HostIncomingRequest>> {
    let mut message = hyper::Request::new(Full::new(request.body.clone().unwrap_or_default()));
    *message.method_mut() = request.method.clone();
    *message.uri_mut() = uri(&request)?;
    *message.headers_mut() = headers(&request);
    let message = message.map(|body| body.map_err(|never| -> wasmtime_wasi_http::Error { match never {} }));
    call.http().new_incoming_request(GuestScheme::Http, message)
}

/// Makes the place for the guest's answer.
///
/// # Errors
/// When there is no room for its handle.
pub fn expect(call: &mut Call) -> wasmtime::Result<Place> {
    let (sender, receiver) = oneshot::channel();
    Ok((call.http().new_response_outparam(sender)?, receiver))
}

/// With a name for the server in any case, which WASI's request cannot be without.
fn uri(request: &Request) -> wasmtime::Result<Uri> {
    let host = request.headers.get("host").and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let authority = host.unwrap_or_else(|| Authority::from_static("localhost"));
    let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let path = PathAndQuery::try_from(format!("{}{query}", request.path))?;
    Ok(Uri::builder().scheme(Scheme::HTTP).authority(authority).path_and_query(path).build()?)
}

/// The client's, and who is calling, and by which route.
fn headers(request: &Request) -> HeaderMap {
    let ours = |name: &HeaderName| name.as_str().starts_with(PREFIX);
    let kept = request.headers.iter().filter(|(name, _)| !ours(name));
    let mut headers: HeaderMap = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    for (name, value) in [
        ("x-basalt-request-id", &*request.id),
        ("x-basalt-role", &request.identity.role),
        ("x-basalt-authenticated", if request.identity.authenticated { "true" } else { "false" }),
        ("x-basalt-route", &request.route),
        ("x-basalt-mount", &request.mount),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

/// Takes the guest's answer while it is written, up to so many bytes.
///
/// # Errors
/// `plugin.bad-response` when there is none, or one that was given up; `plugin.response-too-large`.
pub fn collect(
    call: &Call,
    place: oneshot::Receiver<Given>,
    max_bytes: u64,
) -> impl Future<Output = Result<Response>> + Send + use<> {
    let (fixed, mut share) = (Arc::clone(&call.fixed), Share::of(&call.held));
    async move {
        let given = place.await.map_err(|_| bad("the plugin ended without an answer"))?;
        let (head, mut body) = given.map_err(|fault| bad(format!("the plugin gave up: {fault:?}")))?.into_parts();
        let mut content = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| bad("the plugin gave its answer up in the middle"))?;
            // Trailers are nobody's.
            let Ok(piece) = frame.into_data() else { continue };
            fits(&fixed, (content.len() + piece.len()) as u64, max_bytes)?;
            share.grow(piece.len() as u64).map_err(fetch::out_of_memory)?;
            content.extend_from_slice(&piece);
        }
        let status = status(head.status.as_u16()).map_err(bad)?;
        Ok(Response { status, headers: head.headers, body: Body::from(Bytes::from(content)), stream: None })
    }
}

/// The answer of a guest that ended and left its body open.
pub fn unfinished() -> Error {
    bad("the plugin ended in the middle of its answer")
}

fn bad(what: impl Into<String>) -> Error {
    Error::new(&code::PLUGIN_BAD_RESPONSE, what.into())
}
