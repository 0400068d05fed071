//! Between the wire and a plugin: a request on its way in, a response on its way out.

use std::sync::Arc;

use bytes::Bytes;
use salvo::http::header::{CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use salvo::http::{HeaderName, Method, ResBody, StatusCode, Version};

use super::answer::{Reply, Trail};
use super::stream::Outgoing;
use super::unsent::Unsent;
use crate::capability::dispatch::Journey;
use crate::capability::http::pipe::WINDOW;
use crate::capability::http::{Request, Response, strip_credentials};
use crate::error::{Error, Result, code};
use crate::host::route::Match;
use crate::identity::Identity;

/// Framing is the connection's business: a plugin that set these could split responses.
const FRAMING: &[HeaderName] = &[CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// A request as plugins see it.
pub(super) fn incoming(
    found: Match<'_>,
    method: Method,
    request: &salvo::Request,
    body: Option<Bytes>,
    identity: Arc<Identity>,
    trail: &Trail,
) -> Request {
    // A copy of handles, not of text: what is left to do with the request needs its headers too.
    let mut headers = request.headers().clone();
    strip_credentials(&mut headers);
    Request {
        id: Arc::clone(&trail.id),
        method,
        path: request.uri().path().to_owned(),
        query: request.uri().query().map(str::to_owned),
        headers,
        body,
        upload: None,
        identity,
        route: Arc::clone(&found.target.route),
        mount: Arc::clone(&found.target.mount),
        params: found.params,
        journey: Journey::default(),
    }
}

/// A plugin's answer as it goes out.
pub(super) fn reply(response: Response, version: Version, unsent: &Unsent, trail: &mut Trail) -> Result<Reply> {
    let Response { status, mut headers, body, stream } = response;
    let status = StatusCode::from_u16(status)
        .map_err(|fault| Error::new(&code::PLUGIN_BAD_RESPONSE, "the status is no HTTP status").source(fault))?;
    for name in FRAMING {
        headers.remove(name);
    }
    let body = match stream {
        // Its content would end where the connection does: one that was broken off would look whole.
        Some(_) if version < Version::HTTP_11 => {
            return Err(Error::new(&code::HTTP_INVALID, "this answer is streamed, which takes HTTP/1.1"));
        }
        Some(reader) => {
            // For as long as the plugin writes, which it may do for somebody who stopped reading.
            trail.place.take().into_iter().for_each(|place| reader.keep(place));
            let answer = unsent.admit(WINDOW as u64, version, &trail.conn)?;
            ResBody::stream(Outgoing::new(reader, answer, trail))
        }
        None => {
            let answer = unsent.admit(body.len(), version, &trail.conn)?;
            ResBody::Chunks(answer.pieces(body.into_parts()).collect())
        }
    };
    Ok(Reply { status, headers, body })
}
