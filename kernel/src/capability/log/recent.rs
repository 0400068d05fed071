//! The last lines of a plugin, for whoever looks at it. They are lost with the process: the log itself is elsewhere.

use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde::Serialize;

/// Lines that are kept.
const MOST: usize = 200;

/// Bytes of a kept message; a line of the log itself may be longer.
const LONGEST: usize = 1 << 10;

/// A line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    /// `trace`, `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// What it says.
    pub message: String,
    /// Of the request that it was written in.
    pub request_id: String,
    /// What was said beside it, as a JSON object's text.
    pub fields: String,
}

/// The last lines of one loaded version.
#[derive(Debug, Default)]
pub struct Recent(Mutex<VecDeque<Line>>);

impl Recent {
    /// Keeps a line, and forgets the oldest.
    pub fn push(&self, level: &'static str, message: &str, request_id: &str, fields: &str) {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
        let [message, fields] = [message, fields].map(|text| super::cut(text, LONGEST).to_owned());
        let mut lines = self.0.lock();
        if lines.len() == MOST {
            lines.pop_front();
        }
        lines.push_back(Line { at, level, message, request_id: request_id.to_owned(), fields });
    }

    /// The last so many, oldest first.
    pub fn last(&self, most: usize) -> Vec<Line> {
        let lines = self.0.lock();
        lines.iter().skip(lines.len().saturating_sub(most)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_are_kept() {
        let recent = Recent::default();
        (0..MOST + 5).for_each(|number| recent.push("info", &number.to_string(), "", "{}"));
        let messages: Vec<_> = recent.last(2).into_iter().map(|line| line.message).collect();
        assert_eq!(messages, [(MOST + 3).to_string(), (MOST + 4).to_string()]);
        assert_eq!(recent.last(usize::MAX).len(), MOST);
    }
}
