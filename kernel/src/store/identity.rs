//! Users, their sessions and what proves them, as they lie in the schema `auth`. It checks no password, code or signature:
//! `auth` does, and decides.
//!
//! Everything here runs as a login of the kernel's own, in one transaction for each [`Act`].

mod attempt;
mod factor;
mod key;
mod known;
mod session;
mod signing;
mod token;
mod user;

use std::time::Instant;

pub use attempt::{Attempts, Subject};
pub use factor::Factor;
pub use key::{ApiKey, KeyChange, NewKey};
pub(crate) use known::Known;
pub use session::{Refresh, Session};
pub use signing::SigningKey;
pub use token::Token;
pub use user::{Account, Change, Credentials};

use super::session::Session as Connection;
use super::{Access, Actor, Desk, Limits, Parameter, Store, Transaction};
use crate::error::{Error, Result, code};

/// The tables that the kernel's login for this reads and writes.
pub(crate) const TABLES: [&str; 15] = [
    "users",
    "passwords",
    "identities",
    "sessions",
    "refresh_tokens",
    "mfa_factors",
    "mfa_challenges",
    "recovery_codes",
    "one_time_tokens",
    "attempts",
    "signing_keys",
    "revocations",
    "api_keys",
    "api_key_usage",
    "api_key_log",
];

/// More than any of these results has.
const ROWS: u32 = 10_000;
const BYTES: u64 = 64 << 20;

/// Everything that one act reads and writes: all of it is kept, or nothing. Dropping it undoes it.
pub struct Act<'a>(Via<'a>);

enum Via<'a> {
    /// A kernel's, over the pool.
    Pool(Box<Transaction>),
    /// A command's, as the admin.
    Desk(&'a mut Connection),
}

/// What a statement gave, as text.
struct Found {
    rows: Vec<Row>,
    affected: u64,
}

impl Desk {
    /// Begins one. What is not committed ends with the desk.
    ///
    /// # Errors
    /// `sql.unavailable`.
    pub async fn act(&mut self) -> Result<Act<'_>> {
        self.session.execute("begin").await?;
        Ok(Act(Via::Desk(&mut self.session)))
    }
}

impl Store {
    /// Begins one.
    ///
    /// # Errors
    /// `sql.busy` or `sql.unavailable`.
    pub async fn act(&self, deadline: Instant) -> Result<Act<'static>> {
        let limits = Limits { deadline, rows: ROWS, bytes: BYTES };
        let open = self.begin(Actor::Own(self.keeper()), Access::ReadWrite, limits).await?;
        Ok(Act(Via::Pool(Box::new(open))))
    }

    /// Whether a session, a token, a user or a key of this name is refused before its time.
    pub fn is_revoked(&self, subject: &str) -> bool {
        self.notice().identity().is_revoked(subject)
    }

    /// The keys that tokens are signed with; the same list until one changes.
    pub fn signing_keys(&self) -> std::sync::Arc<Vec<SigningKey>> {
        self.notice().identity().signing()
    }

    /// The key of this digest, when it was not revoked.
    pub fn api_key(&self, digest: &[u8; 32]) -> Option<std::sync::Arc<ApiKey>> {
        self.notice().identity().key(digest)
    }

    /// Makes sure that what the three above say is no older than the telling takes. While nobody tells, it asks.
    ///
    /// # Errors
    /// `sql.unavailable`: what was revoked cannot be known then.
    pub async fn refresh_identities(&self) -> Result<()> {
        let known = self.notice().identity();
        if known.is_told() {
            return Ok(());
        }
        known.ask(self).await
    }

    /// Looks at once, as after a change by this kernel.
    ///
    /// # Errors
    /// `sql.unavailable`.
    pub async fn look_at_identities(&self) -> Result<()> {
        self.notice().identity().ask(self).await
    }
}

impl Act<'_> {
    /// Keeps what was done.
    ///
    /// # Errors
    /// Those of the store; nothing is kept then, but where the connection was lost nobody knows.
    pub async fn commit(self) -> Result<()> {
        match self.0 {
            Via::Pool(open) => open.commit().await,
            Via::Desk(session) => session.execute("commit").await.map(drop),
        }
    }

    async fn run(&mut self, sql: &str, parameters: &[Parameter]) -> Result<Found> {
        match &mut self.0 {
            Via::Pool(open) => {
                let rows = open.query(sql, parameters).await?;
                let row = |at| Row(rows.row(at).map(|value| value.map(str::to_owned)).collect());
                Ok(Found { rows: (0..rows.len()).map(row).collect(), affected: rows.affected() })
            }
            Via::Desk(session) => {
                let answer = session.ask(sql, parameters).await?;
                Ok(Found { rows: answer.texts().map(|row| Row(row.into())).collect(), affected: answer.affected() })
            }
        }
    }

    /// The first row.
    async fn row(&mut self, sql: &str, parameters: &[Parameter]) -> Result<Option<Row>> {
        Ok(self.run(sql, parameters).await?.rows.into_iter().next())
    }

    async fn affected(&mut self, sql: &str, parameters: &[Parameter]) -> Result<u64> {
        Ok(self.run(sql, parameters).await?.affected)
    }
}

/// Values in the order that the statement names them.
struct Row(std::collections::VecDeque<Option<String>>);

impl Row {
    fn next(&mut self) -> Option<String> {
        self.0.pop_front().flatten()
    }

    /// One that is never null.
    fn text(&mut self) -> String {
        self.next().unwrap_or_default()
    }

    fn is(&mut self) -> bool {
        self.next().as_deref() == Some("t")
    }

    fn number<T: std::str::FromStr + Default>(&mut self) -> T {
        self.next().and_then(|text| text.parse().ok()).unwrap_or_default()
    }
}

fn text(value: &str) -> Parameter {
    Parameter::Text(value.to_owned())
}

fn maybe(value: Option<&str>) -> Parameter {
    value.map_or(Parameter::Null, text)
}

fn raw(value: &[u8]) -> Parameter {
    Parameter::Raw(value.to_vec().into())
}

/// Ids come from strangers: what is none is one that nobody has.
pub(crate) fn is_uuid(value: &str) -> bool {
    uuid::Uuid::try_parse(value).is_ok()
}

fn taken(error: Error, what: &str) -> Error {
    match &*error.code {
        "23505" => Error::new(&code::IDENTITY_EXISTS, format!("{what} is taken")).source(error),
        _ => error,
    }
}
