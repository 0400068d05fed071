//! Answers whose content is sent while it is made: exports, and events that a browser listens to. It deliberately keeps nothing
//! back: each piece leaves when the client takes it, and writing waits for that.
//!
//! ```no_run
//! use sdk_plugin::{Problem, Request, Response};
//!
//! fn export(_: Request) -> Result<Response, Problem> {
//!     let mut file = Response::new(200).header("content-type", "text/csv; charset=utf-8").stream()?;
//!     file.write("id,square\n")?;
//!     for id in 1..=1_000_000_u64 {
//!         file.write(format!("{id},{}\n", id * id))?;
//!     }
//!     file.finish()
//! }
//! ```

use std::time::Duration;

use crate::bindings::basalt::http::streaming::{Writer, respond};
use crate::http::Content;
use crate::{Body, Problem, Response};

/// An answer that was begun. Without [`Stream::finish`] it is broken off: the client sees that something is missing.
#[derive(Debug)]
pub struct Stream(Writer);

impl Response {
    /// Sends status and headers now, and what content there is as the first piece. From then on a problem of the handler is no
    /// answer any more: it breaks the content off.
    pub fn stream(self) -> Result<Stream, Problem> {
        let stream = Stream(respond(self.status, &self.headers)?);
        match self.content {
            Content::Empty => Ok(()),
            Content::Text(text) => stream.0.write(text.as_bytes()),
            Content::Bytes(bytes) => stream.0.write(&bytes),
            Content::Body(body) => stream.0.write_body(body),
        }?;
        Ok(stream)
    }
}

impl Stream {
    /// Sends a piece; waits while the client is slow. A problem `stream.gone` when nobody reads any more.
    pub fn write(&mut self, piece: impl AsRef<[u8]>) -> Result<(), Problem> {
        self.0.write(piece.as_ref())
    }

    /// Sends bytes of the host without looking at them.
    pub fn write_body(&mut self, piece: Body) -> Result<(), Problem> {
        self.0.write_body(piece)
    }

    /// Waits without computing. Ends early with the problem `stream.gone` when nobody reads any more, and with `stream.draining`
    /// when the server is going to stop.
    pub fn pause(&mut self, time: Duration) -> Result<(), Problem> {
        self.0.pause(u32::try_from(time.as_millis()).unwrap_or(u32::MAX))
    }

    /// Says that the content is whole. What the handler returns.
    pub fn finish(self) -> Result<Response, Problem> {
        Writer::finish(self.0)?;
        Ok(Response::new(200))
    }
}

/// An event for `EventSource`.
#[derive(Debug, Clone, Default)]
pub struct Event(String);

impl Event {
    /// With this data; lines of it stay lines.
    pub fn new(data: impl AsRef<str>) -> Self {
        // As `EventSource` reads them: a carriage return ends a line as well.
        let data = data.as_ref().replace("\r\n", "\n");
        Self(data.split(['\r', '\n']).map(|line| format!("data: {line}\n")).collect())
    }

    /// With a name, for `addEventListener`.
    #[must_use]
    pub fn name(self, name: impl AsRef<str>) -> Self {
        self.field("event", name.as_ref())
    }

    /// With an id, which the client sends as `last-event-id` when it comes back.
    #[must_use]
    pub fn id(self, id: impl AsRef<str>) -> Self {
        self.field("id", id.as_ref())
    }

    /// One line, whatever the value holds: else it could forge other fields.
    fn field(self, name: &str, value: &str) -> Self {
        let value: String = value.chars().filter(|letter| !['\r', '\n', '\0'].contains(letter)).collect();
        Self(format!("{name}: {value}\n{}", self.0))
    }

    /// As it is sent.
    fn text(&self) -> String {
        format!("{}\n", self.0)
    }
}

/// How long a connection is silent before a comment shows that it is alive: less than any proxy waits, and than the limit
/// `deadline` lets pass between two pieces.
const SILENCE: Duration = Duration::from_secs(5);

/// A stream of events.
#[derive(Debug)]
pub struct Events {
    stream: Stream,
    silent: Duration,
}

impl Events {
    /// Answers with events, which nothing on the way keeps back.
    pub fn start() -> Result<Self, Problem> {
        let head = Response::new(200)
            .header("content-type", "text/event-stream; charset=utf-8")
            .header("cache-control", "no-cache, no-transform")
            .header("x-accel-buffering", "no");
        Ok(Self { stream: head.stream()?, silent: Duration::ZERO })
    }

    /// Sends an event.
    pub fn send(&mut self, event: &Event) -> Result<(), Problem> {
        self.silent = Duration::ZERO;
        self.stream.write(event.text())
    }

    /// Waits until it is time to look for more. Whether there is any point in looking: not when the server is going to stop.
    pub fn wait(&mut self, time: Duration) -> Result<bool, Problem> {
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(SILENCE - self.silent);
            match self.stream.pause(step) {
                Err(problem) if problem.code == "stream.draining" => return Ok(false),
                paused => paused?,
            }
            left -= step;
            self.silent += step;
            if self.silent >= SILENCE {
                self.silent = Duration::ZERO;
                self.stream.write(":\n\n")?;
            }
        }
        Ok(true)
    }

    /// Ends it; a client that wants more comes back by itself. What the handler returns.
    pub fn finish(self) -> Result<Response, Problem> {
        self.stream.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_written_as_event_source_reads_them() {
        let event = Event::new("a\nb\r\nc").name("made").id("7");
        assert_eq!(event.text(), "id: 7\nevent: made\ndata: a\ndata: b\ndata: c\n\n");
        assert_eq!(Event::new("x").id("1\ndata: forged\r").text(), "id: 1data: forged\ndata: x\n\n");
        // A carriage return alone ends a line for a client too.
        assert_eq!(Event::new("a\rdata: b").text(), "data: a\ndata: data: b\n\n");
    }
}
