//! The keys that tokens are signed with, sealed. It cannot open them.

use std::time::Duration;

use serde::Deserialize;

use super::{Act, raw, text};
use crate::error::Result;
use crate::store::Parameter;
use crate::store::plugin::unhex;

/// One of them; times in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct SigningKey {
    /// What tokens name it by.
    pub kid: String,
    /// `ES256`, …
    pub algorithm: String,
    /// In hexadecimal.
    sealed: String,
    /// Since when it signs, unless a younger one does.
    pub active_from: i64,
    /// Until when what it signed is accepted; for good while nothing took its place.
    pub accepted_until: Option<i64>,
}

impl SigningKey {
    /// The private part.
    pub fn sealed(&self) -> Vec<u8> {
        unhex(&self.sealed).unwrap_or_default()
    }
}

impl Act<'_> {
    /// Adds a key that signs after `notice`; those before it are accepted for `overlap` longer.
    pub async fn add_signing_key(
        &mut self,
        key: (&str, &str),
        sealed: &[u8],
        notice: Duration,
        overlap: Duration,
    ) -> Result<()> {
        let ((kid, algorithm), wait) = (key, seconds(notice));
        let retire = "update auth.signing_keys set accepted_until = now() + make_interval(secs => $1::float8) \
                      where accepted_until is null";
        self.run(retire, &[seconds(notice + overlap)]).await?;
        let add = "insert into auth.signing_keys (kid, algorithm, sealed, active_from) \
                   values ($1, $2, $3, now() + make_interval(secs => $4::float8))";
        self.run(add, &[text(kid), text(algorithm), raw(sealed), wait]).await.map(drop)
    }

    /// Refuses at once what a key signed, or what all did.
    pub async fn drop_signing_keys(&mut self, kid: Option<&str>) -> Result<u64> {
        let sql = "update auth.signing_keys set accepted_until = now() where ($1::text is null or kid = $1) \
                   and (accepted_until is null or accepted_until > now())";
        self.affected(sql, &[super::maybe(kid)]).await
    }

    /// The keys whose tokens are not over, by when they became active.
    pub async fn signing_keys(&mut self) -> Result<Vec<SigningKey>> {
        let sql = "select kid, algorithm, encode(sealed, 'hex'), floor(extract(epoch from active_from))::bigint, \
                   ceil(extract(epoch from accepted_until))::bigint from auth.signing_keys \
                   where accepted_until is null or accepted_until > now() order by active_from, kid";
        let found = self.run(sql, &[]).await?;
        let read = |mut row: super::Row| SigningKey {
            kid: row.text(),
            algorithm: row.text(),
            sealed: row.text(),
            active_from: row.number(),
            accepted_until: row.next().and_then(|text| text.parse().ok()),
        };
        Ok(found.rows.into_iter().map(read).collect())
    }

    /// Puts the private part under another seal.
    pub async fn reseal_signing_key(&mut self, kid: &str, sealed: &[u8]) -> Result<()> {
        self.run("update auth.signing_keys set sealed = $2 where kid = $1", &[text(kid), raw(sealed)]).await.map(drop)
    }
}

pub(super) fn seconds(time: Duration) -> Parameter {
    Parameter::Text(time.as_secs_f64().to_string())
}
