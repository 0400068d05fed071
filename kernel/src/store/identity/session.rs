//! Sessions, the refresh tokens that carry them on, and what is revoked. Tokens are known by their digests only.

use std::time::Duration;

use super::signing::seconds;
use super::{Act, Row, is_uuid, maybe, raw, text};
use crate::error::Result;
use crate::store::Parameter;

/// A session that is not over.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user: String,
    /// `aal1` or `aal2`.
    pub aal: String,
    /// A list of JSON.
    pub amr: String,
    /// Seconds since 1970.
    pub created_at: u64,
}

/// A refresh token that was shown.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// Its id.
    pub id: String,
    /// Of what.
    pub session: Session,
    /// The one that took its place.
    pub child: Option<String>,
    /// Seconds since it was used.
    pub used: Option<f64>,
    /// Whether its session is too old, or idle for too long.
    pub is_over: bool,
}

const SESSION: &str = "s.id, s.user_id, s.aal, s.amr, floor(extract(epoch from s.created_at))::bigint";

impl Act<'_> {
    /// A new session.
    pub async fn add_session(
        &mut self,
        user: &str,
        method: &str,
        from: (Option<String>, &str),
    ) -> Result<Option<Session>> {
        let sql = format!(
            "insert into auth.sessions as s (user_id, amr, ip, user_agent) values ($1::uuid, jsonb_build_array( \
             jsonb_build_object('method', $2::text, 'timestamp', floor(extract(epoch from now()))::bigint)), $3::inet, $4) \
             returning {SESSION}"
        );
        let row = self.row(&sql, &[text(user), text(method), maybe(from.0.as_deref()), text(from.1)]).await?;
        let seen = "update auth.users set last_sign_in_at = now() where id = $1::uuid";
        self.run(seen, &[text(user)]).await?;
        Ok(row.map(|mut row| session(&mut row)))
    }

    /// A session, held until the act ends.
    pub async fn session(&mut self, id: &str) -> Result<Option<Session>> {
        if !is_uuid(id) {
            return Ok(None);
        }
        let sql = format!("select {SESSION} from auth.sessions s where s.id = $1::uuid for update");
        Ok(self.row(&sql, &[text(id)]).await?.map(|mut row| session(&mut row)))
    }

    /// Raises a session, by what was shown.
    pub async fn raise_session(&mut self, id: &str, method: &str, factor: Option<&str>) -> Result<Option<Session>> {
        let sql = format!(
            "update auth.sessions s set aal = 'aal2', factor_id = coalesce($3::uuid, factor_id), refreshed_at = now(), \
             amr = jsonb_build_array(jsonb_build_object('method', $2::text, \
             'timestamp', floor(extract(epoch from now()))::bigint)) || amr where s.id = $1::uuid returning {SESSION}"
        );
        Ok(self.row(&sql, &[text(id), text(method), maybe(factor)]).await?.map(|mut row| session(&mut row)))
    }

    /// The token of this digest, with its session held until the act ends.
    pub async fn refresh_token(
        &mut self,
        digest: &[u8; 32],
        idle: Duration,
        longest: Option<Duration>,
    ) -> Result<Option<Refresh>> {
        let sql = format!(
            "select {SESSION}, t.id, t.child, extract(epoch from now() - t.used_at), \
             t.created_at + make_interval(secs => $2::float8) < now() \
               or coalesce(s.created_at + make_interval(secs => $3::float8) < now(), false) \
               or coalesce(s.not_after < now(), false) \
             from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id where t.digest = $1 for update of s, t"
        );
        let longest = longest.map_or(Parameter::Null, seconds);
        let row = self.row(&sql, &[raw(digest), seconds(idle), longest]).await?;
        Ok(row.map(|mut row| Refresh {
            session: session(&mut row),
            id: row.text(),
            child: row.next(),
            used: row.next().and_then(|text| text.parse().ok()),
            is_over: row.is(),
        }))
    }

    /// Adds a token, in place of the one that was used.
    pub async fn add_refresh_token(
        &mut self,
        session: &str,
        id: &str,
        digest: &[u8; 32],
        parent: Option<&str>,
    ) -> Result<()> {
        let sql = "insert into auth.refresh_tokens (id, session_id, digest, parent) \
                   values ($1::uuid, $2::uuid, $3, $4::uuid)";
        self.run(sql, &[text(id), text(session), raw(digest), maybe(parent)]).await?;
        let Some(parent) = parent else { return Ok(()) };
        let used = "update auth.refresh_tokens set used_at = now(), child = $2::uuid where id = $1::uuid";
        self.run(used, &[text(parent), text(id)]).await?;
        self.run("update auth.sessions set refreshed_at = now() where id = $1::uuid", &[text(session)]).await?;
        // A token that nobody can tell from a strange one any more is not worth its row.
        let old = "delete from auth.refresh_tokens where session_id = $1::uuid and used_at < now() - interval '1 day'";
        self.run(old, &[text(session)]).await.map(drop)
    }

    /// Forgets the tokens of a session.
    pub async fn drop_refresh_tokens(&mut self, session: &str) -> Result<()> {
        self.run("delete from auth.refresh_tokens where session_id = $1::uuid", &[text(session)]).await.map(drop)
    }

    /// Ends one session: its access tokens are refused for as long as the last of them could live.
    pub async fn end_session(&mut self, id: &str, reason: &str, access: Duration) -> Result<bool> {
        if !is_uuid(id) {
            return Ok(false);
        }
        self.end("id = $1::uuid", [text(id), Parameter::Null], reason, access).await.map(|ended| ended > 0)
    }

    /// Ends the sessions of a user, but for one.
    pub async fn end_sessions(&mut self, user: &str, but: Option<&str>, reason: &str, access: Duration) -> Result<u64> {
        if !is_uuid(user) {
            return Ok(0);
        }
        let condition = "user_id = $1::uuid and ($2::uuid is null or id <> $2::uuid)";
        self.end(condition, [text(user), maybe(but)], reason, access).await
    }

    /// Ends the sessions of a user that have not shown a second factor.
    pub async fn end_weak_sessions(&mut self, user: &str, but: &str, access: Duration) -> Result<u64> {
        let condition = "user_id = $1::uuid and id <> $2::uuid and aal = 'aal1'";
        self.end(condition, [text(user), text(but)], "second factor", access).await
    }

    async fn end(&mut self, condition: &str, whose: [Parameter; 2], reason: &str, access: Duration) -> Result<u64> {
        let sql = format!(
            "with ended as (delete from auth.sessions where {condition} and ($2::text is null or true) returning id) \
             insert into auth.revocations (subject, until, reason) \
             select id::text, now() + make_interval(secs => $3::float8), $4 from ended \
             on conflict (subject) do update set until = excluded.until, added_by = pg_current_xact_id()"
        );
        let [first, second] = whose;
        self.affected(&sql, &[first, second, seconds(access), text(reason)]).await
    }

    /// Refuses a token, a user or a key from now on; with no time left, no more.
    pub async fn revoke(&mut self, subject: &str, reason: &str, time: Duration) -> Result<()> {
        let sql = "insert into auth.revocations (subject, until, reason) \
                   values ($1, now() + make_interval(secs => $2::float8), $3) \
                   on conflict (subject) do update set until = excluded.until, reason = excluded.reason, \
                   added_by = pg_current_xact_id()";
        self.run(sql, &[text(subject), seconds(time), text(reason)]).await?;
        // Here, because it is done seldom, and bounds the table.
        let old = "delete from auth.revocations where until < now() - interval '1 hour'";
        self.run(old, &[]).await.map(drop)
    }

    /// No longer refuses a user. Kernels count in whole seconds, rounded up.
    pub async fn pardon(&mut self, subject: &str) -> Result<()> {
        let sql = "update auth.revocations set until = now() - interval '2 seconds', added_by = pg_current_xact_id() where subject = $1";
        self.run(sql, &[text(subject)]).await.map(drop)
    }

    /// The sessions of a user, as JSON text.
    pub async fn sessions(&mut self, user: &str, current: Option<&str>) -> Result<String> {
        let sql = "select jsonb_build_object('sessions', coalesce(jsonb_agg(jsonb_build_object('id', id, \
                   'created_at', created_at, 'refreshed_at', refreshed_at, 'not_after', not_after, 'aal', aal, 'amr', amr, \
                   'ip', host(ip), 'user_agent', user_agent, 'is_current', id::text = coalesce($2, '')) \
                   order by created_at desc), '[]')) from auth.sessions where user_id = $1::uuid";
        let row = self.row(sql, &[text(user), maybe(current)]).await?;
        Ok(row.map(|mut row| row.text()).unwrap_or_default())
    }
}

fn session(row: &mut Row) -> Session {
    Session { id: row.text(), user: row.text(), aal: row.text(), amr: row.text(), created_at: row.number() }
}
