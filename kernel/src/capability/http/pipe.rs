//! What a guest writes on its way to a client: a window of bytes between two who are not equally fast.
//!
//! It knows no limit but its window; what a client is told when it breaks off is `http`'s business.

use std::any::Any;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::time::{Instant, timeout};

use crate::capability::Alarm;
use crate::error::{Error, Result, code};

/// Bytes that were written and not taken yet. One byte at a time costs the client no more than pieces of this size.
pub const WINDOW: usize = 64 << 10;

/// What a guest has left, when its client went away, to see that and to end in good order.
const LINGER: Duration = Duration::from_secs(1);

/// The middle of it, which both ends share.
pub struct Pipe {
    state: Mutex<State>,
    reader: AtomicWaker,
    writer: AtomicWaker,
    alarm: Arc<Alarm>,
}

#[derive(Default)]
struct State {
    buffer: BytesMut,
    /// How it ended, once it has: whole, or broken off.
    end: Option<Result<()>>,
    gone: bool,
    /// What is to be dropped with the end.
    kept: Option<Box<dyn Any + Send>>,
}

/// The end that is read; clones are the same end.
#[derive(Clone)]
pub struct Reader(Arc<End>);

struct End(Arc<Pipe>);

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

/// What a writer learns when nobody reads any more.
pub fn gone() -> Error {
    Error::new(&code::STREAM_GONE, "the client went away, or took nothing for too long")
}

impl Pipe {
    /// A pipe of a call with this alarm, and its end to read from.
    pub fn open(alarm: Arc<Alarm>) -> (Arc<Self>, Reader) {
        let (state, reader, writer) = Default::default();
        let pipe = Arc::new(Self { state, reader, writer, alarm });
        (Arc::clone(&pipe), Reader(Arc::new(End(pipe))))
    }

    /// Puts the alarm off, as long as somebody reads.
    pub fn put_off(&self, at: Instant) {
        let state = self.state.lock();
        if !state.gone {
            self.alarm.set(at);
        }
    }

    /// Writes what there is room for. How much that was.
    ///
    /// # Errors
    /// `stream.gone`, or why it was broken off.
    pub fn push(&self, piece: &[u8]) -> Result<usize> {
        let mut state = self.state.lock();
        state.check()?;
        let count = piece.len().min(WINDOW - state.buffer.len().min(WINDOW));
        state.buffer.extend_from_slice(&piece[..count]);
        drop(state);
        if count > 0 {
            self.reader.wake();
        }
        Ok(count)
    }

    /// Waits until there is room, for so long.
    ///
    /// # Errors
    /// `stream.gone`, when nobody reads, or nothing was taken in that time; then it is broken off too.
    pub async fn room(&self, stall: Duration) -> Result<()> {
        let room = poll_fn(|context| {
            self.writer.register(context.waker());
            let state = self.state.lock();
            match state.check() {
                Ok(()) if state.buffer.len() >= WINDOW => Poll::Pending,
                checked => Poll::Ready(checked),
            }
        });
        let Ok(checked) = timeout(stall, room).await else {
            self.end(Err(gone()))?;
            return Err(gone());
        };
        checked
    }

    /// Waits until nobody reads any more.
    pub async fn abandoned(&self) {
        poll_fn(|context| {
            self.writer.register(context.waker());
            if self.is_abandoned() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Whether nobody reads any more.
    pub fn is_abandoned(&self) -> bool {
        self.state.lock().gone
    }

    /// Ends it, unless it has ended.
    ///
    /// # Errors
    /// How it ended, when it is not whole.
    pub fn end(&self, end: Result<()>) -> Result<()> {
        let mut state = self.state.lock();
        let end = if state.gone { Err(gone()) } else { end };
        let end = state.end.get_or_insert(end).as_ref().copied().map_err(Error::without_source);
        let kept = state.kept.take();
        drop(state);
        drop(kept);
        self.reader.wake();
        end
    }
}

impl State {
    fn check(&self) -> Result<()> {
        match &self.end {
            _ if self.gone => Err(gone()),
            Some(Err(fault)) => Err(fault.without_source()),
            Some(Ok(())) => Err(Error::new(&code::STREAM_REFUSED, "the content has ended")),
            None => Ok(()),
        }
    }
}

impl Reader {
    /// Keeps something until the writer has ended, which is not always when reading ends.
    pub fn keep(&self, kept: impl Any + Send) {
        let mut state = self.0.0.state.lock();
        if state.end.is_none() {
            state.kept = Some(Box::new(kept));
        }
    }
}

impl Stream for Reader {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let pipe = &self.0.0;
        pipe.reader.register(context.waker());
        let mut state = pipe.state.lock();
        if !state.buffer.is_empty() {
            let piece = state.buffer.split().freeze();
            drop(state);
            pipe.writer.wake();
            return Poll::Ready(Some(Ok(piece)));
        }
        match &state.end {
            Some(Ok(())) => Poll::Ready(None),
            Some(Err(fault)) => Poll::Ready(Some(Err(fault.without_source()))),
            None => Poll::Pending,
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.gone = true;
        // Under the lock: once it has ended, the alarm is another call's.
        if state.end.is_none() {
            let soon = Instant::now() + LINGER;
            self.0.alarm.set(self.0.alarm.at().min(soon));
        }
        drop(state);
        self.0.writer.wake();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    const STALL: Duration = Duration::from_millis(20);

    fn pipe() -> (Arc<Pipe>, Reader) {
        Pipe::open(Arc::default())
    }

    #[tokio::test]
    async fn small_pieces_are_taken_together_and_the_end_is_seen() {
        let (pipe, mut reader) = pipe();
        for piece in [&b"a"[..], b"b", b"c"] {
            assert_eq!(pipe.push(piece).expect("room"), 1);
        }
        assert_eq!(reader.next().await.expect("a piece").expect("no fault"), "abc");
        pipe.push(b"d").expect("room");
        assert!(pipe.end(Ok(())).is_ok() && pipe.end(Err(gone())).is_ok(), "the first end counts");
        assert_eq!(reader.next().await.expect("a piece").expect("no fault"), "d");
        assert!(reader.next().await.is_none());
        assert_eq!(pipe.push(b"e").expect_err("after the end").code, "stream.refused");
    }

    #[tokio::test]
    async fn what_is_broken_off_does_not_look_whole() {
        let (pipe, mut reader) = pipe();
        pipe.push(b"part").expect("room");
        assert!(pipe.end(Err(Error::new(&code::PLUGIN_TRAP, ""))).is_err());
        assert_eq!(reader.next().await.expect("a piece").expect("no fault"), "part");
        assert_eq!(reader.next().await.expect("an end").expect_err("broken off").code, "plugin.trap");
    }

    #[tokio::test]
    async fn a_slow_reader_is_waited_for_and_one_that_takes_nothing_is_given_up() {
        let (pipe, mut reader) = pipe();
        assert_eq!(pipe.push(&[0; WINDOW + 1]).expect("room"), WINDOW);
        assert_eq!(pipe.push(b"x").expect("no room"), 0);
        let (room, taken) = tokio::join!(pipe.room(Duration::from_secs(60)), reader.next());
        assert!(room.is_ok() && taken.is_some());
        pipe.push(&[0; WINDOW]).expect("room");
        assert_eq!(pipe.room(STALL).await.expect_err("stalled").code, "stream.gone");
        assert_eq!(pipe.push(b"x").expect_err("broken off").code, "stream.gone");
    }

    #[tokio::test]
    async fn a_reader_that_leaves_is_noticed_and_brings_the_end_near_only_of_its_own_call() {
        let far = Instant::now() + Duration::from_secs(600);
        let (pipe, reader) = pipe();
        pipe.put_off(far);
        let other = reader.clone();
        drop(reader);
        assert!(!pipe.is_abandoned(), "a clone reads on");
        drop(other);
        pipe.abandoned().await;
        pipe.put_off(far);
        assert!(pipe.alarm.at() < far);
        let (ended, reader) = Pipe::open(Arc::default());
        ended.put_off(far);
        ended.end(Ok(())).expect("whole");
        drop(reader);
        assert_eq!(ended.alarm.at(), far);
    }

    #[test]
    fn what_is_kept_is_dropped_with_the_end() {
        let (pipe, reader) = pipe();
        let kept = Arc::new(());
        reader.keep(Arc::clone(&kept));
        assert_eq!(Arc::strong_count(&kept), 2);
        pipe.end(Ok(())).expect("whole");
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}
