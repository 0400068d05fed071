//! Postgres' messages over a socket: bytes out, one message at a time in. It knows no statements and no transactions.
//!
//! The kernel speaks the protocol itself, over the messages of `postgres-protocol`, for four things that no client
//! library offers together: results in text form (the one form that every type has), several statements before one
//! `Sync` (when one fails the server skips the rest), the transaction status after each of them, and rows that stay in
//! the buffer that they arrived in.

pub(crate) mod address;
mod handshake;
mod tls;

use std::io;
use std::task::{Context, Poll, Waker};

use bytes::{Buf as _, Bytes, BytesMut};
use postgres_protocol::message::backend::{DATA_ROW_TAG, Message};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};

pub(crate) use address::Address;
pub(crate) use handshake::{Greeting, greet};

/// A connected socket, encrypted or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for S {}

/// What fits most answers, so that most take one read.
const READ: usize = 16 << 10;

/// The writing buffer is given back above this: one large upload must not cost its size on every idle connection.
const KEEP: usize = 64 << 10;

/// What arrived.
pub(crate) enum Frame {
    /// The values of a row, without the message's head: a count, then each value with its length.
    Row(Bytes),
    /// A row longer than the reader said it would take; it was not read.
    HugeRow,
    /// Anything else.
    Message(Message),
}

/// One connection's bytes.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    inbox: BytesMut,
    /// What `flush` will send.
    pub(crate) outbox: BytesMut,
    /// Reading or writing failed: the server's process is gone or going.
    pub(crate) broken: bool,
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, inbox: BytesMut::new(), outbox: BytesMut::new(), broken: false }
    }

    /// Sends what is in the outbox. Not to be dropped half-way: the server would wait for the rest.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        let sent = self.send().await;
        self.broken |= sent.is_err();
        sent
    }

    async fn send(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.outbox).await?;
        self.stream.flush().await?;
        match self.outbox.capacity() {
            ..=KEEP => self.outbox.clear(),
            _ => self.outbox = BytesMut::new(),
        }
        Ok(())
    }

    /// The next message; a row of more than `limit` bytes is refused before it is read.
    pub(crate) async fn receive(&mut self, limit: u64) -> io::Result<Frame> {
        let received = self.read(limit).await;
        self.broken |= received.is_err();
        received
    }

    async fn read(&mut self, limit: u64) -> io::Result<Frame> {
        loop {
            if let Some(frame) = self.take(limit)? {
                return Ok(frame);
            }
            self.inbox.reserve(READ);
            if self.stream.read_buf(&mut self.inbox).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"));
            }
        }
    }

    fn take(&mut self, limit: u64) -> io::Result<Option<Frame>> {
        match self.inbox.first() {
            Some(&DATA_ROW_TAG) => Ok(self.take_row(limit)),
            _ => Ok(Message::parse(&mut self.inbox)?.map(Frame::Message)),
        }
    }

    fn take_row(&mut self, limit: u64) -> Option<Frame> {
        let length = self.inbox.get(1..5)?;
        let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
        if length as u64 > limit {
            return Some(Frame::HugeRow);
        }
        if self.inbox.len() <= length {
            return None;
        }
        let mut row = self.inbox.split_to(length + 1);
        row.advance(5);
        Some(Frame::Row(row.freeze()))
    }

    /// Whether an idle connection has ended. Costs no system call while the socket is silent.
    pub(crate) fn has_ended(&mut self) -> bool {
        let mut space = [0; 512];
        let mut read = ReadBuf::new(&mut space);
        let polled = std::pin::Pin::new(&mut self.stream).poll_read(&mut Context::from_waker(Waker::noop()), &mut read);
        match polled {
            Poll::Pending => false,
            Poll::Ready(Ok(())) if !read.filled().is_empty() => {
                self.inbox.extend_from_slice(read.filled());
                // What a server says unasked to an idle connection and is an error is its farewell.
                self.inbox.first() == Some(&b'E')
            }
            Poll::Ready(_) => true,
        }
    }
}
