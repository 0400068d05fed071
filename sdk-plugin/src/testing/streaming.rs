//! Answers that are sent while they are made, as a test's client takes them: at once and whole. It deliberately has no slow clients.

use super::state;
use crate::{Problem, Response};

/// What a call has sent so far.
#[derive(Debug)]
pub(super) struct Streamed {
    status: u16,
    headers: Vec<(String, String)>,
    content: Vec<u8>,
    is_whole: bool,
}

/// The writing end of an answer's content.
#[derive(Debug)]
pub struct Writer(());

/// Sends status and headers now; the content follows.
pub fn respond(status: u16, headers: &[(String, String)]) -> Result<Writer, Problem> {
    let begun = Streamed { status, headers: headers.to_vec(), content: Vec::new(), is_whole: false };
    state::with(|state| match state.streamed {
        Some(_) => Err(Problem::new("stream.refused", "the call streams already")),
        None => {
            state.streamed = Some(begun);
            Ok(Writer(()))
        }
    })
}

impl Writer {
    /// Sends a piece.
    pub fn write(&self, piece: &[u8]) -> Result<(), Problem> {
        state::with(|state| state.streamed.iter_mut().for_each(|streamed| streamed.content.extend(piece)));
        Ok(())
    }

    /// Sends bytes of the host.
    pub fn write_body(&self, piece: crate::Body) -> Result<(), Problem> {
        self.write(piece.bytes())
    }

    /// Waits no time. What comes of it is what the test says; without its word the server is going to stop.
    pub fn pause(&self, milliseconds: u32) -> Result<(), Problem> {
        let rule = state::with(|state| state.pause.clone());
        match rule {
            Some(rule) => rule(&milliseconds),
            None => Err(Problem::new("stream.draining", "the server is going to stop")),
        }
    }

    /// Says that the content is whole.
    pub fn finish(_this: Self) -> Result<(), Problem> {
        state::with(|state| state.streamed.iter_mut().for_each(|streamed| streamed.is_whole = true));
        Ok(())
    }
}

/// What became of a call: what it streamed, where it did.
pub(super) fn outcome(handled: Result<Response, Problem>) -> Result<Response, Problem> {
    match state::with(|state| state.streamed.take()) {
        None => handled,
        Some(Streamed { status, headers, content, is_whole: true }) => {
            Ok(Response { status, headers, content: super::http::Content::Bytes(content) })
        }
        Some(_) => Err(handled.err().unwrap_or_else(|| {
            Problem::new("stream.unfinished", "the plugin ended without finishing what it streamed")
        })),
    }
}

#[cfg(test)]
mod tests {
    use crate::stream::{Event, Events};
    use crate::testing::Host;
    use crate::{Problem, Request, Response};

    fn events(_: Request) -> Result<Response, Problem> {
        let mut events = Events::start()?;
        let mut number = 0;
        while events.wait(std::time::Duration::from_secs(1))? {
            number += 1;
            events.send(&Event::new(number.to_string()))?;
        }
        events.finish()
    }

    #[test]
    fn what_was_streamed_is_the_answer() {
        let host = Host::new("[[route]]\nname = \"a\"\npath = \"\"\nmounts = [\"/a\"]\n[want.http]");
        let left = std::cell::Cell::new(2);
        host.on_pause(move |_| {
            left.set(left.get() - 1);
            if left.get() >= 0 { Ok(()) } else { Err(Problem::new("stream.draining", "now")) }
        });
        let answer = host.request("GET", "/a").send(events).expect("whole");
        assert_eq!((answer.status(), answer.text().as_str()), (200, "data: 1\n\ndata: 2\n\n"));
    }

    #[test]
    fn what_was_not_finished_is_no_answer() {
        let host = Host::new("[[route]]\nname = \"a\"\npath = \"\"\nmounts = [\"/a\"]\n[want.http]");
        let broken = |_| Response::new(200).stream().map(|_| Response::new(200));
        assert_eq!(host.request("GET", "/a").send(broken).expect_err("broken off").code, "stream.unfinished");
    }
}
