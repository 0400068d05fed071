//! A streamed answer on its way out: its bytes, and the line of the log when it has ended, however it did.
//!
//! It buffers nothing: what the client does not take stays with the plugin, which waits.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use futures_util::Stream;

use super::answer::Trail;
use super::unsent::Answer;
use crate::capability::http::pipe::Reader;
use crate::error::{Error, Result, code};
use crate::telemetry;

/// An answer that is being sent.
pub(super) struct Outgoing {
    reader: Reader,
    answer: Arc<Answer>,
    id: Arc<str>,
    route: String,
    started: Instant,
    bytes: u64,
    /// How it ended.
    end: Option<&'static str>,
    asked: bool,
}

impl Outgoing {
    pub(super) fn new(reader: Reader, answer: Arc<Answer>, trail: &Trail) -> Self {
        telemetry::HTTP_STREAMS.inc();
        let (id, route, started) = (Arc::clone(&trail.id), trail.route.clone(), Instant::now());
        Self { reader, answer, id, route, started, bytes: 0, end: None, asked: false }
    }

    fn count(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        telemetry::http_streamed(&self.route, bytes as u64);
    }

    fn note(&mut self, end: Option<&Error>) {
        self.end = Some(end.map_or("ok", |fault| code::find(&fault.code).map_or("problem", |code| code.name)));
    }
}

impl Stream for Outgoing {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.asked = true;
        let polled = Pin::new(&mut self.reader).poll_next(context);
        match &polled {
            Poll::Ready(Some(Ok(piece))) => self.count(piece.len()),
            Poll::Ready(Some(Err(fault))) => self.note(Some(fault)),
            Poll::Ready(None) => self.note(None),
            Poll::Pending => {}
        }
        // Asked again and again for what is not there yet, the client is not slow.
        self.answer.taken(polled.is_ready());
        polled
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        telemetry::HTTP_STREAMS.dec();
        // The answer to HEAD has no content that anybody would ask for.
        if !self.asked {
            return;
        }
        let (bytes, code) = (self.bytes, self.end.unwrap_or(code::STREAM_GONE.name));
        let duration_ms = self.started.elapsed().as_secs_f64() * 1e3;
        telemetry::http_stream_ended(&self.route, code);
        let (id, route) = (&self.id, &self.route);
        match code {
            "ok" => tracing::info!(target: "http", request_id = %id, route, bytes, duration_ms, code, "streamed"),
            _ => tracing::warn!(target: "http", request_id = %id, route, bytes, duration_ms, code, "broken off"),
        }
    }
}
