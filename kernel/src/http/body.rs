//! Reading a request's body, whole and within its limit. Streaming uploads are not offered yet.

use std::time::Duration;

use bytes::Bytes;
use salvo::Request;
use salvo::http::{Body as _, ParseError};
use salvo::http::header::CONTENT_LENGTH;

use crate::error::{Error, Result, code};

/// The content, or `None` when the request has none.
pub(super) async fn read(request: &mut Request, limit: usize, time: Duration) -> Result<Option<Bytes>> {
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    match declared {
        // Refused before a byte of it is read.
        Some(length) if length > limit as u64 => return Err(too_large(limit)),
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

fn too_large(limit: usize) -> Error {
    Error::new(&code::HTTP_BODY_TOO_LARGE, format!("the body is larger than the {limit} bytes that this path accepts"))
        .hint("an operator can raise the plugin's limit `request`")
}
