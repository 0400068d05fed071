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

/// Longer than any message but a row has reason to be. A statement can make errors and notices of any length.
const LONGEST: usize = 1 << 20;

/// The writing buffer is given back above this: one large upload must not cost its size on every idle connection.
const KEEP: usize = 64 << 10;

/// What arrived.
pub(crate) enum Frame {
    /// The values of a row, without the message's head: a count, then each value with its length.
    Row(Bytes),
    /// A row longer than the reader said it would take, or another message that is longer than any need be. It is
    /// thrown away as it arrives; the byte is the protocol's name of its kind.
    Huge(u8),
    /// Anything else.
    Message(Message),
}

/// One connection's bytes.
pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    inbox: BytesMut,
    /// Bytes of a message that nobody wants, still to come.
    skip: usize,
    /// What `flush` will send.
    pub(crate) outbox: BytesMut,
    /// Reading or writing failed: the server's process is gone or going.
    pub(crate) broken: bool,
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, inbox: BytesMut::new(), skip: 0, outbox: BytesMut::new(), broken: false }
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
        let unwanted = self.skip.min(self.inbox.len());
        self.inbox.advance(unwanted);
        self.skip -= unwanted;
        let Some((kind, length)) = self.head() else { return Ok(None) };
        let longest = if kind == DATA_ROW_TAG { limit } else { LONGEST as u64 };
        if length as u64 > longest {
            self.skip = length + 1;
            return Ok(Some(Frame::Huge(kind)));
        }
        match kind {
            _ if self.inbox.len() <= length => Ok(None),
            DATA_ROW_TAG => Ok(Some(self.take_row(length))),
            _ => Ok(Message::parse(&mut self.inbox)?.map(Frame::Message)),
        }
    }

    /// A message's kind, and its length without the kind.
    fn head(&self) -> Option<(u8, usize)> {
        let length = self.inbox.get(1..5)?;
        Some((self.inbox[0], u32::from_be_bytes(length.try_into().ok()?) as usize))
    }

    fn take_row(&mut self, length: usize) -> Frame {
        let mut row = self.inbox.split_to(length + 1);
        row.advance(5);
        Frame::Row(row.freeze())
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
