//! Keys of programs, by their digests, and what happened to them. It never sees a key.

use std::time::Duration;

use serde::Deserialize;

use super::signing::seconds;
use super::{Act, is_uuid, maybe, raw, text};
use crate::error::Result;
use crate::store::Parameter;
use crate::store::plugin::unhex;

/// A key as requests are checked against it.
#[derive(Debug, Clone, Deserialize)]
pub struct ApiKey {
    /// Its id.
    pub id: String,
    /// `api` or `service`.
    pub kind: String,
    /// What people call it.
    pub name: String,
    /// In hexadecimal.
    digest: String,
    /// Whose it is.
    pub user_id: Option<String>,
    /// The role of whoever shows it.
    pub role: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// Requests in a minute.
    pub rate_limit: Option<u32>,
    pub(super) is_revoked: bool,
    /// Seconds since 1970.
    pub expires_at: Option<u64>,
}

/// A key to be kept.
#[derive(Debug, Clone)]
pub struct NewKey<'a> {
    /// `api` or `service`.
    pub kind: &'a str,
    /// What people call it.
    pub name: &'a str,
    /// Its beginning, by which people know it again.
    pub prefix: &'a str,
    /// The digest.
    pub digest: [u8; 32],
    /// Whose it is.
    pub user: Option<&'a str>,
    /// The role of whoever shows it.
    pub role: &'a str,
    /// What it may be used for.
    pub scopes: &'a [String],
    /// Requests in a minute.
    pub rate_limit: Option<u32>,
    /// How long it is good.
    pub lifetime: Option<Duration>,
    /// Who made it.
    pub actor: &'a str,
}

/// What changes of a key; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct KeyChange {
    /// What people call it.
    pub name: Option<String>,
    /// What it may be used for.
    pub scopes: Option<Vec<String>>,
    /// Requests in a minute.
    pub rate_limit: Option<u32>,
    /// How long it is good, from now.
    pub lifetime: Option<Duration>,
}

/// A key as people are shown one.
const SHAPE: &str = "jsonb_build_object('id', k.id, 'kind', k.kind, 'name', k.name, 'prefix', k.prefix, 'user_id', k.user_id, \
  'role', k.role, 'scopes', k.scopes, 'rate_limit', k.rate_limit, 'expires_at', k.expires_at, 'revoked_at', k.revoked_at, \
  'replaced_by', k.replaced_by, 'created_by', k.created_by, 'created_at', k.created_at, 'updated_at', k.updated_at, \
  'last_used_at', (select last_used_at from auth.api_key_usage where key_id = k.id), \
  'requests', coalesce((select requests from auth.api_key_usage where key_id = k.id), 0))";

/// Keys of anybody, or of one user.
const OF: &str = "k.deleted_at is null and ($1::uuid is null or k.user_id = $1::uuid)";

impl ApiKey {
    pub(super) fn digest(&self) -> Option<[u8; 32]> {
        unhex(&self.digest)?.try_into().ok()
    }
}

impl Act<'_> {
    /// Adds a key; its object.
    pub async fn add_key(&mut self, key: &NewKey<'_>) -> Result<String> {
        let sql = format!(
            "insert into auth.api_keys as k (kind, name, prefix, digest, user_id, role, scopes, rate_limit, expires_at, \
             created_by) values ($1, $2, $3, $4, $5::uuid, $6, $7::text[], $8::integer, \
             now() + make_interval(secs => $9::float8), $10) returning {SHAPE}"
        );
        let rate = key.rate_limit.map_or(Parameter::Null, |rate| Parameter::Text(rate.to_string()));
        let lifetime = key.lifetime.map_or(Parameter::Null, seconds);
        let parameters = [
            text(key.kind),
            text(key.name),
            text(key.prefix),
            raw(&key.digest),
            maybe(key.user),
            text(key.role),
            array(key.scopes),
            rate,
            lifetime,
            text(key.actor),
        ];
        Ok(self.row(&sql, &parameters).await?.map(|mut row| row.text()).unwrap_or_default())
    }

    /// The keys of a user, or all, the newest first, as JSON text.
    pub async fn keys(&mut self, user: Option<&str>) -> Result<String> {
        let sql = format!(
            "select jsonb_build_object('keys', coalesce(jsonb_agg({SHAPE} order by k.created_at desc), '[]')) \
             from auth.api_keys k where {OF}"
        );
        Ok(self.row(&sql, &[maybe(user)]).await?.map(|mut row| row.text()).unwrap_or_default())
    }

    /// One key of a user's, or of anybody's, held until the act ends.
    pub async fn key(&mut self, user: Option<&str>, id: &str) -> Result<Option<String>> {
        if !is_uuid(id) {
            return Ok(None);
        }
        let sql = format!("select {SHAPE} from auth.api_keys k where {OF} and k.id = $2::uuid for update");
        Ok(self.row(&sql, &[maybe(user), text(id)]).await?.and_then(|mut row| row.next()))
    }

    /// Changes one; its object.
    pub async fn change_key(&mut self, id: &str, change: &KeyChange) -> Result<String> {
        let sql = format!(
            "update auth.api_keys k set updated_at = now(), changed_by = pg_current_xact_id(), \
             name = coalesce($2, k.name), scopes = coalesce($3::text[], k.scopes), \
             rate_limit = coalesce($4::integer, k.rate_limit), \
             expires_at = coalesce(now() + make_interval(secs => $5::float8), k.expires_at) \
             where k.id = $1::uuid returning {SHAPE}"
        );
        let rate = change.rate_limit.map_or(Parameter::Null, |rate| Parameter::Text(rate.to_string()));
        let scopes = change.scopes.as_deref().map_or(Parameter::Null, array);
        let lifetime = change.lifetime.map_or(Parameter::Null, seconds);
        let row = self.row(&sql, &[text(id), maybe(change.name.as_deref()), scopes, rate, lifetime]).await?;
        Ok(row.map(|mut row| row.text()).unwrap_or_default())
    }

    /// Refuses a key from now on; with `hide` it is not listed either.
    pub async fn revoke_key(&mut self, id: &str, hide: bool) -> Result<()> {
        let sql = "update auth.api_keys set revoked_at = coalesce(revoked_at, now()), updated_at = now(), \
                   changed_by = pg_current_xact_id(), deleted_at = case when $2::boolean then now() end \
                   where id = $1::uuid";
        self.run(sql, &[text(id), text(if hide { "true" } else { "false" })]).await.map(drop)
    }

    /// Notes which key took the place of one, which is good for a while longer.
    pub async fn replace_key(&mut self, id: &str, by: &str, grace: Duration) -> Result<()> {
        let sql = "update auth.api_keys set replaced_by = $2::uuid, updated_at = now(), \
                   changed_by = pg_current_xact_id(), \
                   expires_at = least(expires_at, now() + make_interval(secs => $3::float8)) where id = $1::uuid";
        self.run(sql, &[text(id), text(by), seconds(grace)]).await.map(drop)
    }

    /// Writes down what happened to a key.
    pub async fn note_key(&mut self, id: &str, event: &str, actor: &str, reason: &str) -> Result<()> {
        let sql = "insert into auth.api_key_log (key_id, event, actor, reason) values ($1::uuid, $2, $3, $4)";
        self.run(sql, &[text(id), text(event), text(actor), text(reason)]).await.map(drop)
    }

    /// What happened to a key, the latest first, as JSON text.
    pub async fn key_log(&mut self, id: &str) -> Result<String> {
        let sql = "select coalesce(jsonb_agg(jsonb_build_object('event', event, 'actor', actor, 'reason', reason, 'at', at) \
                   order by number desc), '[]') from auth.api_key_log where key_id = $1::uuid";
        Ok(self.row(sql, &[text(id)]).await?.map(|mut row| row.text()).unwrap_or_default())
    }

    /// Adds up what keys were used for.
    pub async fn use_keys(&mut self, uses: &[(String, u64)]) -> Result<()> {
        let sql = "insert into auth.api_key_usage as u (key_id, last_used_at, requests) \
                   select k.id, now(), n.count from unnest($1::uuid[], $2::bigint[]) n(id, count) \
                   join auth.api_keys k on k.id = n.id order by k.id \
                   on conflict (key_id) do update set last_used_at = excluded.last_used_at, \
                   requests = u.requests + excluded.requests";
        let ids: Vec<_> = uses.iter().map(|(id, _)| id.clone()).collect();
        let counts: Vec<_> = uses.iter().map(|(_, count)| count.to_string()).collect();
        self.run(sql, &[array(&ids), array(&counts)]).await.map(drop)
    }
}

/// The text form of an array.
fn array(values: &[String]) -> Parameter {
    let quoted = values.iter().map(|value| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")));
    Parameter::Text(format!("{{{}}}", quoted.collect::<Vec<_>>().join(",")))
}
