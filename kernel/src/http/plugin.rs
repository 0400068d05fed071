//! Between the wire and a plugin: a request on its way in, a response on its way out.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use salvo::http::header::{CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use salvo::http::{HeaderMap, HeaderName, HeaderValue, Method, ResBody, StatusCode};

use super::answer::{Reply, Trail};
use super::render;
use crate::capability::http::{Request, Response, strip_credentials};
use crate::error::{Error, Result, code};
use crate::host::Plugin;
use crate::host::route::{Match, Target};
use crate::identity::Identity;

/// Framing is the connection's business: a plugin that set these could split responses.
const FRAMING: &[HeaderName] = &[CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// The refusal of a method that the route does not list.
pub(super) fn refuse_method(target: &Target, method: &Method, trail: &Trail, headers: &HeaderMap) -> Option<Reply> {
    let listed = target.methods.is_empty() || target.methods.iter().any(|listed| listed == method.as_str());
    (!listed).then(|| render::method_not_allowed(&target.methods.join(", "), &trail.id, headers))
}

/// Has a plugin answer.
pub(super) async fn call(
    plugin: &Arc<Plugin>,
    found: &Match<'_>,
    request: &mut salvo::Request,
    body: Option<Bytes>,
    identity: Arc<Identity>,
    trail: &Trail,
) -> Result<Reply> {
    let mut headers = request.headers().clone();
    strip_credentials(&mut headers);
    let request = Request {
        id: Arc::clone(&trail.id),
        method: request.method().as_str().to_owned(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().map(str::to_owned),
        headers,
        body,
        identity,
        route: Arc::clone(&found.target.route),
        mount: Arc::clone(&found.target.mount),
        params: found.params.clone(),
    };
    reply(plugin.handle(request).await?)
}

fn reply(response: Response) -> Result<Reply> {
    let bad = |what: String| Error::new(&code::PLUGIN_BAD_RESPONSE, what);
    let status = StatusCode::from_u16(response.status).map_err(|fault| bad(fault.to_string()))?;
    let mut headers = HeaderMap::with_capacity(response.headers.len());
    for (name, value) in &response.headers {
        let key = name.parse::<HeaderName>().map_err(|_| bad(format!("{name:?} is no header name")))?;
        let value = HeaderValue::from_str(value).map_err(|_| bad(format!("the value of {name} is no header value")))?;
        if !FRAMING.contains(&key) {
            headers.append(key, value);
        }
    }
    let body = ResBody::Chunks(VecDeque::from(response.body.into_parts()));
    Ok(Reply { status, headers, body })
}
