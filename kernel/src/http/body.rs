//! Reading a request's body: whole and within its limit, or handed on as it arrives.

use std::time::Duration;

use bytes::Bytes;
use salvo::Request;
use salvo::http::header::{CONTENT_LENGTH, EXPECT};
use salvo::http::{Body as _, ParseError};

use crate::capability::http::upload::{self, Upload, too_large};
use crate::error::{Error, Result, code};

/// The content, or `None` when the request has none.
pub(super) async fn read(request: &mut Request, limit: usize, time: Duration) -> Result<Option<Bytes>> {
    if !expect(request, limit as u64).await? {
        return Ok(None);
    }
    let read = tokio::time::timeout(time, request.payload_with_max_size(limit)).await;
    match read {
        Ok(Ok(content)) if content.is_empty() => Ok(None),
        Ok(Ok(content)) => Ok(Some(content.clone())),
        Ok(Err(ParseError::PayloadTooLarge)) => Err(too_large(limit as u64)),
        Ok(Err(fault)) => Err(Error::new(&code::HTTP_INVALID, "the body could not be read").source(fault)),
        Err(_) => Err(Error::new(&code::HTTP_BODY_TIMEOUT, "the body did not arrive in time")),
    }
}

/// The content, to be read by whoever wants it, or `None` when the request has none. The time is from one piece to the next.
pub(super) async fn stream(request: &mut Request, limit: u64, idle: Duration) -> Result<Option<Upload>> {
    if !expect(request, limit).await? {
        return Ok(None);
    }
    let asks = request.headers().contains_key(EXPECT);
    Ok(Some(Upload::new(request.take_body(), limit, idle, asks)))
}

/// Whether there is a body to come, as far as its head says.
async fn expect(request: &mut Request, limit: u64) -> Result<bool> {
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match declared {
        Some(length) if length > limit => {
            linger(request, length).await;
            Err(too_large(limit))
        }
        None => Ok(!request.body().is_end_stream()),
        Some(_) => Ok(true),
    }
}

/// A connection that is closed while its client still sends is reset, and the client never reads why. So a refused body
/// is thrown away as it arrives, as far as that is cheap.
async fn linger(request: &mut Request, length: u64) {
    // Who asks before sending has sent nothing: reading would be the invitation.
    if length <= upload::MOST && !request.headers().contains_key(EXPECT) {
        upload::discard(request.take_body()).await;
    }
}
