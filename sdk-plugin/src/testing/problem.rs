//! The contract's error record. It deliberately knows no codes.

/// Why a call failed.
#[derive(Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable and meant for programs: `area.reason`, or a SQLSTATE where Postgres refused.
    pub code: String,
    /// One sentence for people, safe to show to the caller.
    pub message: String,
    /// JSON text, whatever more is known.
    pub details: Option<String>,
    /// What the reader can do about it.
    pub hint: Option<String>,
}

impl std::fmt::Debug for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, message, details, hint } = self;
        let mut shown = f.debug_struct("Problem");
        shown.field("code", code).field("message", message).field("details", details).field("hint", hint).finish()
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Problem {}
