//! The body of a request that is read as it arrives. It keeps no more than one piece; who wants the whole has it materialised.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use salvo::http::{Body, ReqBody};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::error::{Error, Result, code};

/// What arrives; clones are the same.
#[derive(Clone)]
pub struct Upload(Arc<Mutex<State>>);

struct State {
    body: ReqBody,
    /// Of the last piece, what nobody took yet.
    rest: Bytes,
    /// Bytes that arrived.
    read: u64,
    limit: u64,
    idle: Duration,
    /// Whether the client sends only when it is asked to.
    asks: bool,
    /// How it ended, once it has. A body that broke off must not look whole to who asks again.
    end: Option<Result<()>>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upload")
    }
}

/// The refusal of what is larger than a path accepts.
pub fn too_large(limit: u64) -> Error {
    Error::new(&code::HTTP_BODY_TOO_LARGE, format!("the body is larger than the {limit} bytes that this path accepts"))
        .hint("the route's `max_body`, and the plugin's limit `request`, or `stream_bytes` on a route that streams")
}

impl Upload {
    /// A body of at most `limit` bytes, of which something arrives at least every `idle`. A client that `asks` before it sends has sent
    /// nothing yet.
    pub fn new(body: ReqBody, limit: u64, idle: Duration, asks: bool) -> Self {
        let (rest, read, end) = Default::default();
        Self(Arc::new(Mutex::new(State { body, rest, read, limit, idle, asks, end })))
    }

    /// Whether something of it was taken, so that it cannot be had whole any more.
    pub async fn is_begun(&self) -> bool {
        self.0.lock().await.read > 0
    }

    /// The next bytes, at most so many, as soon as there are some; none at the end.
    ///
    /// # Errors
    /// `http.body-too-large`, `http.body-timeout`, or `http.invalid` when the client broke off.
    pub async fn next(&self, max: usize) -> Result<Option<Bytes>> {
        let mut state = self.0.lock().await;
        while state.rest.is_empty() {
            match state.arrive().await? {
                Some(piece) => state.rest = piece,
                None => return Ok(None),
            }
        }
        let count = max.max(1).min(state.rest.len());
        Ok(Some(state.rest.split_to(count)))
    }
}

impl State {
    async fn arrive(&mut self) -> Result<Option<Bytes>> {
        if let Some(end) = &self.end {
            return end.as_ref().map(|()| None).map_err(Error::without_source);
        }
        let arrived = match timeout(self.idle, frame(&mut self.body)).await {
            Ok(arrived) => arrived.and_then(|piece| self.count(piece)),
            Err(_) => Err(Error::new(&code::HTTP_BODY_TIMEOUT, "the body did not arrive in time")),
        };
        match &arrived {
            Ok(Some(_)) => {}
            Ok(None) => self.end = Some(Ok(())),
            Err(fault) => self.end = Some(Err(fault.without_source())),
        }
        arrived
    }

    fn count(&mut self, piece: Option<Bytes>) -> Result<Option<Bytes>> {
        self.read += piece.as_ref().map_or(0, Bytes::len) as u64;
        if self.read > self.limit { Err(too_large(self.limit)) } else { Ok(piece) }
    }
}

/// A client that still sends when its connection is closed never reads the answer.
impl Drop for State {
    fn drop(&mut self) {
        let silent = self.asks && self.read == 0;
        if matches!(self.end, Some(Ok(()))) || silent {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(discard(self.body.take()));
        }
    }
}

/// The data of the next frame; none at the end.
async fn frame(body: &mut ReqBody) -> Result<Option<Bytes>> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(fault)) => return Err(Error::new(&code::HTTP_INVALID, "the body broke off").source(fault)),
        }
    }
}

/// What is thrown away at most of a body that nobody wants, and for how long.
pub const MOST: u64 = 16 << 20;
const LONGEST: Duration = Duration::from_secs(5);

/// Throws a body away as it arrives, as far as that is cheap.
pub async fn discard(mut body: ReqBody) {
    let discard = async {
        let mut left = MOST;
        while let Ok(Some(piece)) = frame(&mut body).await {
            left = left.saturating_sub(piece.len() as u64);
            if left == 0 {
                return;
            }
        }
    };
    let _ = timeout(LONGEST, discard).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(content: &'static [u8], limit: u64) -> Upload {
        Upload::new(ReqBody::Once(Bytes::from_static(content)), limit, Duration::from_secs(60), false)
    }

    #[tokio::test]
    async fn it_is_read_once_in_pieces_as_large_as_asked() {
        let upload = upload(b"abcde", 5);
        assert!(!upload.is_begun().await);
        let same = upload.clone();
        assert_eq!(upload.next(2).await.expect("no fault").expect("a piece"), "ab");
        assert_eq!(same.next(0).await.expect("no fault").expect("a piece"), "c");
        assert_eq!(same.next(9).await.expect("no fault").expect("a piece"), "de");
        assert!(upload.next(1).await.expect("no fault").is_none() && upload.is_begun().await);
    }

    #[tokio::test]
    async fn what_is_over_the_limit_is_not_handed_out() {
        let upload = upload(b"abcdef", 5);
        for _ in 0..2 {
            assert_eq!(upload.next(9).await.expect_err("too large").code, "http.body-too-large");
        }
    }
}
