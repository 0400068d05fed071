//! Answers that clients have not taken yet: a budget for their bytes, and an end for clients that take nothing.
//!
//! Connections have a time-out of their own for a client that reads nothing. One of HTTP/2 can go on talking and yet take
//! nothing of an answer: only who made the answer sees that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use salvo::conn::ConnCtrl;
use salvo::http::Version;

use crate::error::{Error, Result, code};

/// What is handed to a connection at once. Smaller ones show earlier that a slow client takes something at all.
const PIECE: usize = 64 << 10;

/// Everything that is not taken yet.
pub struct Unsent {
    limit: u64,
    bytes: Arc<AtomicU64>,
    /// Those whose connection does not see by itself that they stand still.
    watched: Mutex<Vec<Weak<Answer>>>,
}

/// One answer that is on its way, until the last of it is taken.
#[derive(Debug)]
pub struct Answer {
    bytes: u64,
    total: Arc<AtomicU64>,
    conn: ConnCtrl,
    /// Since when its client could have taken more; none while there is nothing to take.
    waits: Mutex<Option<Instant>>,
}

/// A piece of an answer, which is taken when it is dropped.
struct Piece {
    content: Bytes,
    answer: Arc<Answer>,
}

impl Unsent {
    /// A budget of so many bytes.
    pub fn new(limit: u64) -> Self {
        Self { limit, bytes: Arc::default(), watched: Mutex::default() }
    }

    /// What is not taken yet, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Counts an answer that is about to be sent. It may have half of what is left, so that large ones, which slow clients take long
    /// for, leave room for small ones.
    ///
    /// # Errors
    /// `http.answers-full`.
    pub fn admit(&self, bytes: u64, version: Version, conn: &ConnCtrl) -> Result<Arc<Answer>> {
        let taken = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let (total, waits) = (Arc::clone(&self.bytes), Mutex::new(Some(Instant::now())));
        let answer = Arc::new(Answer { bytes, total, conn: conn.clone(), waits });
        if bytes > self.limit.saturating_sub(taken) / 2 {
            return Err(Error::new(&code::HTTP_ANSWERS_FULL, "clients have not taken the answers before this one yet")
                .hint("try again later; an operator can raise [server] max_unsent"));
        }
        if version >= Version::HTTP_2 {
            self.watched.lock().push(Arc::downgrade(&answer));
        }
        Ok(answer)
    }

    /// Ends connections that took nothing of an answer for so long.
    pub fn sweep(&self, patience: Duration) {
        let mut watched = self.watched.lock();
        watched.retain(|answer| answer.upgrade().is_some_and(|answer| !answer.give_up(patience)));
    }
}

impl Answer {
    /// The content in pieces, each of which is noticed when it is taken.
    pub fn pieces(self: &Arc<Self>, content: Vec<Bytes>) -> impl Iterator<Item = Bytes> {
        let pieces = content.into_iter().flat_map(|part| {
            let cuts = (0..part.len()).step_by(PIECE).map(|from| (from, part.len().min(from + PIECE)));
            cuts.map(|(from, to)| part.slice(from..to)).collect::<Vec<_>>()
        });
        let answer = Arc::clone(self);
        pieces.map(move |content| Bytes::from_owner(Piece { content, answer: Arc::clone(&answer) }))
    }

    /// Notes that the client takes what there is, and whether there is more for it.
    pub fn taken(&self, more: bool) {
        *self.waits.lock() = more.then(Instant::now);
    }

    /// Whether the client was given up.
    fn give_up(&self, patience: Duration) -> bool {
        let stalled = self.waits.lock().is_some_and(|since| since.elapsed() > patience);
        if stalled {
            self.conn.abort();
        }
        stalled
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.answer.taken(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(unsent: &Unsent, bytes: u64, version: Version) -> Result<Arc<Answer>> {
        unsent.admit(bytes, version, &ConnCtrl::new())
    }

    #[test]
    fn large_answers_leave_room_for_small_ones() {
        let unsent = Unsent::new(100);
        let large = admit(&unsent, 50, Version::HTTP_11).expect("half of it");
        assert_eq!(
            admit(&unsent, 26, Version::HTTP_11).expect_err("more than half of the rest").code,
            "http.answers-full"
        );
        let small = admit(&unsent, 25, Version::HTTP_11).expect("half of the rest");
        assert_eq!(unsent.bytes(), 75);
        drop((large, small));
        assert_eq!(unsent.bytes(), 0);
    }

    #[test]
    fn an_answer_counts_until_its_last_piece_is_taken() {
        let unsent = Unsent::new(1 << 20);
        let answer = admit(&unsent, 100_000, Version::HTTP_11).expect("room");
        let mut pieces: Vec<_> = answer.pieces(vec![Bytes::from(vec![1; 100_000]), Bytes::new()]).collect();
        drop(answer);
        assert_eq!(pieces.iter().map(Bytes::len).collect::<Vec<_>>(), [PIECE, 100_000 - PIECE]);
        pieces.pop();
        assert_eq!(unsent.bytes(), 100_000);
        pieces.pop();
        assert_eq!(unsent.bytes(), 0);
    }

    #[test]
    fn who_takes_nothing_is_given_up_where_the_connection_does_not_see_it() {
        let unsent = Unsent::new(100);
        let conns = [Version::HTTP_11, Version::HTTP_2, Version::HTTP_2].map(|version| (version, ConnCtrl::new()));
        let answers = conns.each_ref().map(|(version, conn)| unsent.admit(1, *version, conn).expect("room"));
        // Nothing to take is no standing still.
        answers[2].taken(false);
        unsent.sweep(Duration::ZERO);
        assert_eq!(conns.each_ref().map(|(_, conn)| conn.is_aborted()), [false, true, false]);
    }
}
