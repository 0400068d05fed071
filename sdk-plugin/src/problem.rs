//! Why something failed: the contract's one error record. It deliberately knows no HTTP status: the host maps the codes of
//! `docs/errors.md`, and a plugin that wants another status answers with a [`Response`](crate::Response).

pub use crate::bindings::basalt::types::problem::Problem;

/// The codes that a plugin may want to tell apart. For a SQLSTATE, use [`Problem::sqlstate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code {
    /// `body.too-large`: more bytes than the reader allowed.
    BodyTooLarge,
    /// `fetch.not-granted`: the operator did not grant this server, or an address of it.
    FetchNotGranted,
    /// `fetch.unreachable`: no connection, no valid certificate, or it broke off.
    FetchUnreachable,
    /// `fetch.timeout`: the server did not answer in time.
    FetchTimeout,
    /// `fetch.too-large`: its answer has more bytes than this plugin may get.
    FetchTooLarge,
    /// `fetch.too-many`: this call has fetched as much as it may.
    FetchTooMany,
    /// `schema.not-granted`: the operator did not grant this schema.
    SchemaNotGranted,
    /// `secret.not-granted`: the operator did not grant this name.
    SecretNotGranted,
    /// `secret.unset`: the operator has set no secret of this name.
    SecretUnset,
    /// `secret.sealed`: the secret cannot be opened with this instance's key.
    SecretSealed,
    /// `sql.not-granted`: the operator did not grant this mode.
    SqlNotGranted,
    /// `sql.timeout`: the call's deadline passed and the statement was cancelled.
    SqlTimeout,
    /// `sql.too-large`: more rows or bytes than this plugin may fetch.
    SqlTooLarge,
    /// `sql.busy`: no connection became free in time.
    SqlBusy,
    /// `sql.unavailable`: the server cannot be reached.
    SqlUnavailable,
    /// `sql.closed`: the transaction has ended.
    SqlClosed,
    /// `stream.gone`: nobody reads any more what is streamed.
    StreamGone,
    /// `stream.draining`: the server is going to stop, and what is streamed should end.
    StreamDraining,
    /// `stream.busy`: this plugin streams to as many clients as it may.
    StreamBusy,
    /// A SQLSTATE, or a code newer than this library.
    Other,
}

impl Problem {
    /// A problem with a stable code (`area.reason`) and one sentence that is safe to show to the caller.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), details: None, hint: None }
    }

    /// Says what the reader can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds whatever more is known, as JSON text.
    #[must_use]
    pub fn details(mut self, json: impl Into<String>) -> Self {
        self.details = Some(json.into());
        self
    }

    /// The code, where this library knows it.
    pub fn kind(&self) -> Code {
        match self.code.as_str() {
            "body.too-large" => Code::BodyTooLarge,
            "stream.gone" => Code::StreamGone,
            "stream.draining" => Code::StreamDraining,
            "stream.busy" => Code::StreamBusy,
            "fetch.not-granted" => Code::FetchNotGranted,
            "fetch.unreachable" => Code::FetchUnreachable,
            "fetch.timeout" => Code::FetchTimeout,
            "fetch.too-large" => Code::FetchTooLarge,
            "fetch.too-many" => Code::FetchTooMany,
            "schema.not-granted" => Code::SchemaNotGranted,
            "secret.not-granted" => Code::SecretNotGranted,
            "secret.unset" => Code::SecretUnset,
            "secret.sealed" => Code::SecretSealed,
            "sql.not-granted" => Code::SqlNotGranted,
            "sql.timeout" => Code::SqlTimeout,
            "sql.too-large" => Code::SqlTooLarge,
            "sql.busy" => Code::SqlBusy,
            "sql.unavailable" => Code::SqlUnavailable,
            "sql.closed" => Code::SqlClosed,
            _ => Code::Other,
        }
    }

    /// The SQLSTATE, when Postgres refused. Those have five characters; the contract's own codes always have a dot.
    pub fn sqlstate(&self) -> Option<&str> {
        let state = self.code.len() == 5 && self.code.bytes().all(|byte| byte.is_ascii_alphanumeric());
        state.then_some(self.code.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_sqlstate_from_a_code_of_the_contract() {
        assert_eq!(Problem::new("23505", "").sqlstate(), Some("23505"));
        assert_eq!(Problem::new("PGRST", "").sqlstate(), Some("PGRST"));
        assert_eq!(Problem::new("sql.busy", "").sqlstate(), None);
        assert_eq!(Problem::new("a.bcd", "").sqlstate(), None);
    }

    #[test]
    fn keeps_working_with_codes_it_does_not_know() {
        assert_eq!(Problem::new("sql.timeout", "").kind(), Code::SqlTimeout);
        assert_eq!(Problem::new("sql.invented-later", "").kind(), Code::Other);
    }
}
