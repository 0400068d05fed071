//! Reading a request's body, whole and within its limit. Streaming uploads are not offered yet.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use salvo::Request;
use salvo::http::header::{CONTENT_LENGTH, EXPECT};
use salvo::http::{Body as _, ParseError};

use crate::error::{Error, Result, code};

/// The content, or `None` when the request has none.
pub(super) async fn read(request: &mut Request, limit: usize, time: Duration) -> Result<Option<Bytes>> {
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match declared {
        Some(length) if length > limit as u64 => {
            linger(request, length).await;
            return Err(too_large(limit));
        }
        None if request.body().is_end_stream() => return Ok(None),
        _ => {}
    }
    let read = tokio::time::timeout(time, request.payload_with_max_size(limit)).await;
    match read {
        Ok(Ok(content)) if content.is_empty() => Ok(None),
        Ok(Ok(content)) => Ok(Some(content.clone())),
        Ok(Err(ParseError::PayloadTooLarge)) => Err(too_large(limit)),
        Ok(Err(fault)) => Err(Error::new(&code::HTTP_INVALID, "the body could not be read").source(fault)),
        Err(_) => Err(Error::new(&code::HTTP_BODY_TIMEOUT, "the body did not arrive in time")),
    }
}

/// A connection that is closed while its client still sends is reset, and the client never reads why. So a refused body
/// is thrown away as it arrives, as far as that is cheap.
async fn linger(request: &mut Request, length: u64) {
    const MOST: u64 = 16 << 20;
    const LONGEST: Duration = Duration::from_secs(5);
    // Who asks before sending has sent nothing: reading would be the invitation.
    if length > MOST || request.headers().contains_key(EXPECT) {
        return;
    }
    let mut body = request.take_body();
    let discard =
        async { while let Some(Ok(_)) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {} };
    let _ = tokio::time::timeout(LONGEST, discard).await;
}

fn too_large(limit: usize) -> Error {
    Error::new(&code::HTTP_BODY_TOO_LARGE, format!("the body is larger than the {limit} bytes that this path accepts"))
        .hint("the lesser of the route's `max_body` and the plugin's limit `request`, which an operator can raise")
}
