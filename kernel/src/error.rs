//! The one error type of the kernel: what went wrong, in the words that a caller may read.
//!
//! It knows no HTTP and no WIT: `http::render` turns a [`Kind`] into a status, `capability` turns an [`Error`] into a
//! problem. What an operator needs and a caller must not see travels in `source` and reaches the log only.

use std::borrow::Cow;

pub mod code;

pub use code::Code;

/// The result of everything that can fail in the kernel.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a caller can do about a failure, as far as a program needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong; sending it again will not help.
    Invalid,
    /// No valid credentials were sent.
    Unauthenticated,
    /// The caller is known and may not do this.
    Denied,
    /// It does not exist, or the caller may not know that it does.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The present state does not allow it.
    Conflict,
    /// The body is over its limit.
    TooLarge,
    /// The URL is over its limit.
    UriTooLong,
    /// The headers are over their limit.
    HeadersTooLarge,
    /// It was tried too often: later.
    TooMany,
    /// It took longer than it may.
    Timeout,
    /// The client was too slow to send the request.
    RequestTimeout,
    /// Nothing is wrong with the request: try again later.
    Unavailable,
    /// A plugin misbehaved: its author's fault.
    Plugin,
    /// The kernel misbehaved: our fault.
    Internal,
}

/// A failure with a stable code, a message and a hint that are safe to show, and a source that is not.
#[derive(Debug)]
pub struct Error {
    /// What the caller can do.
    pub kind: Kind,
    /// `area.reason`, or a SQLSTATE.
    pub code: Cow<'static, str>,
    /// One sentence for people.
    pub message: String,
    /// More, as data.
    pub details: Option<serde_json::Value>,
    /// What to do about it.
    pub hint: Option<String>,
    /// For the log only.
    pub source: Option<anyhow::Error>,
}

impl Error {
    /// A failure of a known code.
    pub fn new(code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            kind: code.kind,
            code: code.name.into(),
            message: message.into(),
            details: None,
            hint: None,
            source: None,
        }
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause, for the log.
    #[must_use]
    pub fn source(mut self, source: impl Into<anyhow::Error>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds data for the caller.
    #[must_use]
    pub fn details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(details);
        self
    }

    /// The same, to be told again; the cause stays with the first.
    #[must_use]
    pub fn without_source(&self) -> Self {
        let Self { kind, code, message, details, hint, source: _ } = self;
        let (code, message, details, hint) = (code.clone(), message.clone(), details.clone(), hint.clone());
        Self { kind: *kind, code, message, details, hint, source: None }
    }

    /// A fault of the kernel: the caller learns no more than that.
    pub fn internal(source: impl Into<anyhow::Error>) -> Self {
        Self::new(&code::INTERNAL, "an internal error occurred").source(source)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        match &self.source {
            Some(source) => write!(f, ": {source:#}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
