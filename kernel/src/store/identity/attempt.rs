//! Failures, counted by what they were tried on: until when it is locked. What counts as one is not decided here.

use std::time::Duration;

use super::signing::seconds;
use super::{Act, raw, text};
use crate::error::Result;
use crate::store::Parameter;

/// What is tried: a kind, and the digest of whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// `password`, `code` or `token`.
    pub kind: &'static str,
    /// Says nothing of who it is.
    pub digest: [u8; 32],
}

/// How many may fail.
#[derive(Debug, Clone, Copy)]
pub struct Attempts {
    /// The last that may.
    pub most: u32,
    /// Within this time.
    pub window: Duration,
    /// How long it is locked then.
    pub lockout: Duration,
}

impl Act<'_> {
    /// Seconds for which it is locked.
    pub async fn locked(&mut self, subject: &Subject) -> Result<Option<u64>> {
        let sql = "select ceil(extract(epoch from locked_until - now()))::bigint from auth.attempts \
                   where kind = $1 and subject = $2 and locked_until > now()";
        let row = self.row(sql, &[text(subject.kind), raw(&subject.digest)]).await?;
        Ok(row.map(|mut row| row.number()))
    }

    /// Counts a failure. Seconds for which it is locked by now.
    pub async fn failed(&mut self, subject: &Subject, attempts: Attempts) -> Result<Option<u64>> {
        let sql = "insert into auth.attempts as a (kind, subject, failures) values ($1, $2, 1) \
          on conflict (kind, subject) do update set \
          failures = case when a.since + make_interval(secs => $4::float8) < now() or a.locked_until < now() then 1 \
            else a.failures + 1 end, \
          since = case when a.since + make_interval(secs => $4::float8) < now() or a.locked_until < now() then now() \
            else a.since end, \
          locked_until = case when a.since + make_interval(secs => $4::float8) >= now() \
            and coalesce(a.locked_until >= now(), true) and a.failures + 1 >= $3::integer \
            then now() + make_interval(secs => $5::float8) end \
          returning ceil(extract(epoch from locked_until - now()))::bigint";
        let most = Parameter::Text(attempts.most.to_string());
        let (window, lockout) = (seconds(attempts.window), seconds(attempts.lockout));
        let row = self.row(sql, &[text(subject.kind), raw(&subject.digest), most, window, lockout]).await?;
        // Strangers' guesses at names must not grow the table for good.
        let old = "delete from auth.attempts where since < now() - interval '1 day' \
                   and coalesce(locked_until < now(), true)";
        self.run(old, &[]).await?;
        Ok(row.and_then(|mut row| row.next()).and_then(|text| text.parse().ok()))
    }

    /// Forgets the failures.
    pub async fn forgive(&mut self, subject: &Subject) -> Result<()> {
        let sql = "delete from auth.attempts where kind = $1 and subject = $2";
        self.run(sql, &[text(subject.kind), raw(&subject.digest)]).await.map(drop)
    }
}
