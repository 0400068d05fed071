//! Answers whose content is sent while the guest makes it. It reads no client: [`super::pipe`] is where both meet.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use salvo::http::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::time::{Instant, sleep_until};
use wasmtime::component::Resource;

use super::pipe::{self, Pipe, Reader};
use super::upload::Upload;
use super::{Response, invalid, map, status};
use crate::capability::Call;
use crate::capability::bindings::basalt::http::streaming::{Host, HostWriter};
use crate::capability::body::Body;
use crate::error::{Error, Result, code};

/// What holds for the streams of every call of a plugin.
#[derive(Debug)]
pub struct Fixed {
    /// How many there may be at once.
    pub places: Arc<Semaphore>,
    /// The longest time from one piece to the next.
    pub pace: Duration,
    /// How long one may last.
    pub time: Duration,
    /// How many bytes it may have.
    pub bytes: u64,
    /// How long a client may take none of them.
    pub stall: Duration,
    /// Whether the kernel is going to stop.
    pub draining: watch::Receiver<bool>,
}

/// Who waits for the head of an answer.
pub type Head = oneshot::Sender<Response>;

/// What one call streams.
#[derive(Default)]
pub struct State {
    handles: bool,
    head: Option<Head>,
    span: Option<Span>,
    open: Option<Open>,
}

/// The time of a call that streams, in either direction, and its place among those.
struct Span {
    end: Instant,
    _place: OwnedSemaphorePermit,
}

struct Open {
    pipe: Arc<Pipe>,
    bytes: u64,
}

/// What a guest writes with.
pub struct Writer(Arc<Pipe>);

/// What the host holds for a stream: its window, and as much again that is being written.
const COST: u64 = 2 * pipe::WINDOW as u64;

fn refused(what: &'static str) -> Error {
    Error::new(&code::STREAM_REFUSED, what)
}

fn unfinished() -> Error {
    Error::new(&code::STREAM_UNFINISHED, "the plugin ended without finishing what it streamed")
}

impl State {
    /// Of a handler's call, which may read what streams in, and stream its answer to whoever waits for this.
    pub fn handle(&mut self, head: Option<Head>) {
        (self.handles, self.head) = (true, head);
    }

    /// Whether it is a handler's call.
    pub fn handles(&self) -> bool {
        self.handles
    }

    /// Whether the client of what is streamed went away.
    pub fn is_abandoned(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.pipe.is_abandoned())
    }

    /// Ends what is streamed with its call. The call's outcome: what is not whole by now will never be.
    pub fn close<T>(&mut self, outcome: Result<T>) -> Result<T> {
        let Some(open) = self.open.take() else { return outcome };
        let end = outcome.as_ref().map_or_else(|fault| Err(fault.without_source()), |_| Err(unfinished()));
        let end = open.pipe.end(end);
        outcome.and_then(|done| end.map(|()| done))
    }
}

/// A call that is dropped halfway says nothing any more.
impl Drop for Open {
    fn drop(&mut self) {
        drop(self.pipe.end(Err(unfinished())));
    }
}

impl Call {
    /// Begins to stream, unless that has begun. When it has to end.
    fn span(&mut self) -> Result<Instant> {
        if let Some(span) = &self.stream.span {
            return Ok(span.end);
        }
        let fixed = &self.fixed.stream;
        let scope = self.scope.as_ref().ok_or_else(|| refused("only a call streams"))?;
        let busy = |_| {
            Error::new(&code::STREAM_BUSY, "the plugin streams to as many clients as it may")
                .hint("try again later; an operator can raise the plugin's limit `streams`")
        };
        let place = Arc::clone(&fixed.places).try_acquire_owned().map_err(busy)?;
        // Who was asked by another has that one's time.
        let end = if scope.journey.is_nested() { scope.deadline } else { Instant::now() + fixed.time };
        // What was read or sent cannot be read or sent again.
        scope.journey.note(true);
        self.stream.span = Some(Span { end, _place: place });
        Ok(end)
    }

    fn begin_stream(&mut self, status: u16, headers: HeaderMap) -> Result<Arc<Pipe>> {
        self.span()?;
        self.held.take(COST).map_err(|fault| Error::new(&code::PLUGIN_OUT_OF_MEMORY, format!("{fault}")))?;
        let (pipe, reader) = Pipe::open(Arc::clone(&self.alarm));
        self.stream.open = Some(Open { pipe: Arc::clone(&pipe), bytes: 0 });
        self.next_piece();
        let response = Response { status, headers, body: Body::default(), stream: Some(reader) };
        // When nobody waits any more, the writer will find nobody there.
        let _ = self.stream.head.take().map(|head| head.send(response));
        Ok(pipe)
    }

    fn put_off(&self, at: Instant) {
        match &self.stream.open {
            Some(open) => open.pipe.put_off(at),
            None => self.alarm.set(at),
        }
    }

    /// A piece was sent or has arrived: the time for the next one begins.
    fn next_piece(&mut self) {
        let Some(span) = &self.stream.span else { return };
        let at = span.end.min(Instant::now() + self.fixed.stream.pace);
        self.put_off(at);
        if let Some(scope) = &mut self.scope {
            scope.deadline = at;
        }
    }

    /// The next piece of a request's body, once it has arrived.
    pub(in crate::capability) async fn pull(&mut self, upload: &Upload, max: usize) -> Result<Option<Bytes>> {
        let end = self.span()?;
        // Waiting for the client is not the guest's time.
        self.put_off(end);
        let piece = upload.next(max).await;
        self.next_piece();
        piece
    }

    fn count_streamed(&mut self, bytes: usize) -> Result<()> {
        let most = self.fixed.stream.bytes;
        let open = self.stream.open.as_mut().ok_or_else(|| refused("the content has ended"))?;
        open.bytes = open.bytes.saturating_add(bytes as u64);
        if open.bytes <= most {
            return Ok(());
        }
        let fault = || {
            Error::new(&code::STREAM_TOO_LARGE, format!("the plugin may stream {most} bytes"))
                .hint("an operator can raise the plugin's limit `stream_bytes`")
        };
        open.pipe.end(Err(fault()))
    }

    async fn stream(&mut self, pipe: &Pipe, piece: &[u8]) -> Result<()> {
        self.count_streamed(piece.len())?;
        let mut sent = pipe.push(piece)?;
        while sent < piece.len() {
            let end = self.span()?;
            pipe.put_off(end);
            pipe.room(self.fixed.stream.stall).await?;
            sent += pipe.push(&piece[sent..])?;
        }
        self.next_piece();
        Ok(())
    }

    fn pipe(&self, writer: &Resource<Writer>) -> Result<Arc<Pipe>> {
        Ok(Arc::clone(&self.table.get(writer).map_err(Error::internal)?.0))
    }

    /// The content of an answer that is streamed to a plugin rather than to a client: read to its end, within what the call's
    /// handles may stand for.
    pub(in crate::capability) async fn collect(&mut self, mut reader: Reader) -> Result<Vec<Bytes>> {
        let (mut parts, mut taken) = (Vec::new(), 0);
        let outcome = loop {
            match reader.next().await {
                None => break Ok(parts),
                Some(Err(fault)) => break Err(fault),
                Some(Ok(piece)) => {
                    if let Err(fault) = self.held.take(piece.len() as u64) {
                        break Err(Error::new(&code::PLUGIN_OUT_OF_MEMORY, format!("{fault}")));
                    }
                    taken += piece.len() as u64;
                    parts.push(piece);
                }
            }
        };
        self.held.give_back(taken);
        outcome
    }
}

impl Host for Call {
    fn respond(&mut self, code: u16, headers: Vec<(String, String)>) -> Result<Resource<Writer>> {
        if self.stream.head.is_none() {
            return Err(refused("only a handler streams its answer, and once in a call"));
        }
        let (code, headers) = (status(code).map_err(invalid)?, map(&headers).map_err(invalid)?);
        let pipe = self.begin_stream(code, headers)?;
        self.table.push(Writer(pipe)).map_err(Error::internal)
    }
}

impl HostWriter for Call {
    async fn write(&mut self, writer: Resource<Writer>, piece: Vec<u8>) -> Result<()> {
        let pipe = self.pipe(&writer)?;
        self.stream(&pipe, &piece).await
    }

    async fn write_body(&mut self, writer: Resource<Writer>, piece: Resource<Body>) -> Result<()> {
        let body = self.release(piece).map_err(Error::internal)?;
        let pipe = self.pipe(&writer)?;
        if let Some(upload) = body.upload() {
            while let Some(part) = self.pull(&upload, pipe::WINDOW).await? {
                self.stream(&pipe, &part).await?;
            }
            return Ok(());
        }
        body.check()?;
        for part in body.into_parts() {
            self.stream(&pipe, &part).await?;
        }
        Ok(())
    }

    async fn pause(&mut self, writer: Resource<Writer>, milliseconds: u32) -> Result<()> {
        let pipe = self.pipe(&writer)?;
        let end = Instant::now() + Duration::from_millis(milliseconds.into());
        let mut draining = self.fixed.stream.draining.clone();
        tokio::select! {
            biased;
            () = pipe.abandoned() => Err(pipe::gone()),
            Ok(_) = draining.wait_for(|draining| *draining) => {
                Err(Error::new(&code::STREAM_DRAINING, "the server is going to stop").hint("finish what is streamed"))
            }
            () = sleep_until(end) => Ok(()),
        }
    }

    fn finish(&mut self, writer: Resource<Writer>) -> Result<()> {
        let pipe = self.table.delete(writer).map_err(Error::internal)?.0;
        pipe.end(Ok(()))
    }

    fn drop(&mut self, writer: Resource<Writer>) -> wasmtime::Result<()> {
        // What it did not finish ends with the call, which knows better why: the problem that it was dropped for.
        self.table.delete(writer)?;
        Ok(())
    }
}
