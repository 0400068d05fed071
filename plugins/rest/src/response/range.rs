//! Which part of the result this is: `Content-Range`, 206 and 416. It deliberately counts only what it is told.

use crate::plan::window::Cap;
use crate::refusal::Refusal;
use crate::request::window::Window;
use crate::run::Counts;

/// The part of the result that a read answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    first: u64,
    rows: u64,
    total: Option<u64>,
    /// The operator's limit, if it left something out.
    pub(super) cut: Option<u64>,
}

impl Stretch {
    /// Of what the request asked for, cut to a limit.
    pub(super) fn new(asked: Window, limit: Option<u64>, cap: Option<Cap>, counts: &Counts) -> Self {
        let limit = limit.unwrap_or(u64::MAX);
        let rows = counts.page.min(limit);
        let more = counts.page > limit || counts.total.is_some_and(|total| total > asked.offset.saturating_add(rows));
        let cut = cap.map(|cap| cap.limit).filter(|_| more);
        Self { first: asked.offset, rows, total: counts.total, cut }
    }

    /// Whether the request does not start after the end.
    pub(super) fn check(self) -> Result<(), Refusal> {
        match self.total {
            Some(total) if self.first > total => {
                Err(Refusal::out_of_bounds(self.first, total).header("content-range", self.content_range()))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn status(self) -> u16 {
        match self.total {
            Some(total) if self.rows < total => 206,
            _ => 200,
        }
    }

    pub(super) fn content_range(self) -> String {
        let last = (self.rows > 0).then(|| self.first + self.rows - 1);
        text(self.first, last.filter(|_| self.total != Some(0)), self.total)
    }
}

/// The range of a write: from the first row to `last`.
pub(super) fn written(last: Option<u64>, total: Option<u64>) -> String {
    text(0, last.filter(|_| total != Some(0)), total)
}

fn text(first: u64, last: Option<u64>, total: Option<u64>) -> String {
    let range = last.map_or("*".to_owned(), |last| format!("{first}-{last}"));
    let total = total.map_or("*".to_owned(), |total| total.to_string());
    format!("{range}/{total}")
}
