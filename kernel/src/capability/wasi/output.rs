//! A program's standard output and error: each line is a line of its plugin's log. Nothing is kept of them.

use bytes::Bytes;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::capability::log::{Pen, Stream};

/// Bytes that are taken at a time.
const PIECE: usize = 64 << 10;

/// One of the two.
#[derive(Clone)]
pub(super) struct Output {
    pen: Pen,
    stream: Stream,
}

impl Output {
    pub(super) fn new(pen: Pen, stream: Stream) -> Self {
        Self { pen, stream }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    /// Of WASI 0.3, which is not linked.
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        Box::new(tokio::io::empty())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.pen.print(self.stream, &bytes);
        Ok(())
    }

    /// A line is written when it ends: programs flush in the middle of one.
    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PIECE)
    }
}
