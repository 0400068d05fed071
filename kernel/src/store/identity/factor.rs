//! Second factors, their challenges and recovery codes. Secrets lie here sealed, codes as digests; it checks neither.

use std::time::Duration;

use super::signing::seconds;
use super::{Act, Row, is_uuid, maybe, raw, taken, text};
use crate::error::Result;
use crate::store::Parameter;
use crate::store::plugin::unhex;

/// A factor.
#[derive(Debug, Clone)]
pub struct Factor {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// Whether it was shown once.
    pub is_verified: bool,
    /// The secret.
    pub sealed: Vec<u8>,
    /// The step of time of the last code that was taken.
    pub last_step: u64,
}

const FACTOR: &str = "id, user_id, status = 'verified', encode(sealed, 'hex'), last_step";

impl Act<'_> {
    /// How many factors a user has, and how many of them were verified.
    pub async fn count_factors(&mut self, user: &str) -> Result<(u32, u32)> {
        let sql = "select count(*), count(*) filter (where status = 'verified') from auth.mfa_factors \
                   where user_id = $1::uuid";
        let row = self.row(sql, &[text(user)]).await?;
        Ok(row.map(|mut row| (row.number(), row.number())).unwrap_or_default())
    }

    /// Adds one that is not verified, in place of those that never were.
    ///
    /// # Errors
    /// `identity.exists` when the user has one of this name.
    pub async fn add_factor(&mut self, user: &str, id: &str, name: &str, sealed: &[u8]) -> Result<()> {
        let stale = "delete from auth.mfa_factors where user_id = $1::uuid and status = 'unverified' \
                     and (friendly_name = $2 or created_at < now() - interval '1 day')";
        self.run(stale, &[text(user), text(name)]).await?;
        let sql = "insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, sealed) \
                   values ($1::uuid, $2::uuid, $3, 'totp', $4)";
        let added = self.run(sql, &[text(id), text(user), text(name), raw(sealed)]).await;
        added.map(drop).map_err(|error| taken(error, "the factor's name"))
    }

    /// A factor, held until the act ends.
    pub async fn factor(&mut self, id: &str) -> Result<Option<Factor>> {
        if !is_uuid(id) {
            return Ok(None);
        }
        let sql = format!("select {FACTOR} from auth.mfa_factors where id = $1::uuid for update");
        Ok(self.row(&sql, &[text(id)]).await?.map(read))
    }

    /// Notes that a code was taken, which verifies a factor that was not.
    pub async fn take_code(&mut self, factor: &str, step: u64) -> Result<()> {
        let sql = "update auth.mfa_factors set status = 'verified', last_step = $2::bigint, updated_at = now() \
                   where id = $1::uuid";
        self.run(sql, &[text(factor), text(&step.to_string())]).await.map(drop)
    }

    /// Removes one; the sessions that showed it are what they were before.
    pub async fn remove_factor(&mut self, id: &str) -> Result<()> {
        let lower = "update auth.sessions set aal = 'aal1', factor_id = null where factor_id = $1::uuid";
        self.run(lower, &[text(id)]).await?;
        self.run("delete from auth.mfa_factors where id = $1::uuid", &[text(id)]).await.map(drop)
    }

    /// A challenge of a factor, and when it is over, in seconds since 1970.
    pub async fn add_challenge(
        &mut self,
        factor: &str,
        address: Option<&str>,
        time: Duration,
    ) -> Result<(String, u64)> {
        let old = "delete from auth.mfa_challenges where factor_id = $1::uuid and expires_at < now()";
        self.run(old, &[text(factor)]).await?;
        let sql = "insert into auth.mfa_challenges (factor_id, ip, expires_at) \
                   values ($1::uuid, $2::inet, now() + make_interval(secs => $3::float8)) \
                   returning id, floor(extract(epoch from expires_at))::bigint";
        let row = self.row(sql, &[text(factor), maybe(address), seconds(time)]).await?;
        self.run("update auth.mfa_factors set last_challenged_at = now() where id = $1::uuid", &[text(factor)]).await?;
        Ok(row.map(|mut row| (row.text(), row.number())).unwrap_or_default())
    }

    /// Whether a challenge is one of the factor's and not over.
    pub async fn is_challenge(&mut self, id: &str, factor: &str) -> Result<bool> {
        if !is_uuid(id) {
            return Ok(false);
        }
        let sql =
            "select 1 from auth.mfa_challenges where id = $1::uuid and factor_id = $2::uuid and expires_at > now()";
        Ok(self.row(sql, &[text(id), text(factor)]).await?.is_some())
    }

    /// Uses a challenge up.
    pub async fn end_challenge(&mut self, id: &str) -> Result<()> {
        self.run("delete from auth.mfa_challenges where id = $1::uuid", &[text(id)]).await.map(drop)
    }

    /// Puts these codes in the place of those before.
    pub async fn set_recovery_codes(&mut self, user: &str, digests: &[[u8; 32]]) -> Result<()> {
        self.run("delete from auth.recovery_codes where user_id = $1::uuid", &[text(user)]).await?;
        for digest in digests {
            let sql = "insert into auth.recovery_codes (user_id, digest) values ($1::uuid, $2)";
            self.run(sql, &[text(user), raw(digest)]).await?;
        }
        Ok(())
    }

    /// Uses a code up. Whether there was one.
    pub async fn use_recovery_code(&mut self, user: &str, digest: &[u8; 32]) -> Result<bool> {
        let sql = "update auth.recovery_codes set used_at = now() \
                   where user_id = $1::uuid and digest = $2 and used_at is null";
        Ok(self.affected(sql, &[text(user), raw(digest)]).await? > 0)
    }

    /// Some of the factors after one, by id, to seal them anew.
    pub async fn factors_after(&mut self, id: Option<&str>, most: u32) -> Result<Vec<Factor>> {
        let sql = format!(
            "select {FACTOR} from auth.mfa_factors where $1::uuid is null or id > $1::uuid order by id \
             limit $2::bigint for update"
        );
        let found = self.run(&sql, &[maybe(id), Parameter::Text(most.to_string())]).await?;
        Ok(found.rows.into_iter().map(read).collect())
    }

    /// Puts a secret under another seal.
    pub async fn reseal_factor(&mut self, id: &str, sealed: &[u8]) -> Result<()> {
        self.run("update auth.mfa_factors set sealed = $2 where id = $1::uuid", &[text(id), raw(sealed)])
            .await
            .map(drop)
    }
}

fn read(mut row: Row) -> Factor {
    Factor {
        id: row.text(),
        user: row.text(),
        is_verified: row.is(),
        sealed: unhex(&row.text()).unwrap_or_default(),
        last_step: row.number(),
    }
}
