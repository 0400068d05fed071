//! What is sent to somebody to prove that they read it: one of each kind for a user, as digests.

use std::time::Duration;

use super::signing::seconds;
use super::{Account, Act, Row, raw, text};
use crate::error::Result;
use crate::store::Parameter;

/// A token that was shown, and is now used up.
#[derive(Debug, Clone)]
pub struct Token {
    /// Whose it was.
    pub user: String,
    /// The address or number that it was sent to.
    pub relates_to: Option<String>,
}

impl Act<'_> {
    /// Seconds since a token of this kind was made for a user.
    pub async fn token_age(&mut self, user: &str, kind: &str) -> Result<Option<u64>> {
        let sql = "select floor(extract(epoch from now() - created_at))::bigint from auth.one_time_tokens \
                   where user_id = $1::uuid and kind = $2";
        Ok(self.row(sql, &[text(user), text(kind)]).await?.map(|mut row| row.number()))
    }

    /// Keeps one in the place of the one before; when it is over, in seconds since 1970.
    pub async fn add_token(
        &mut self,
        user: &str,
        kind: &str,
        digests: (&[u8; 32], &[u8; 32]),
        relates_to: Option<&str>,
        time: Duration,
    ) -> Result<u64> {
        let sql = "insert into auth.one_time_tokens (user_id, kind, code_digest, digest, relates_to, expires_at) \
                   values ($1::uuid, $2, $3, $4, $5, now() + make_interval(secs => $6::float8)) \
                   on conflict (user_id, kind) do update set code_digest = excluded.code_digest, digest = excluded.digest, \
                   relates_to = excluded.relates_to, expires_at = excluded.expires_at, created_at = now() \
                   returning floor(extract(epoch from expires_at))::bigint";
        let relates_to = relates_to.map_or(Parameter::Null, text);
        let parameters = [text(user), text(kind), raw(digests.0), raw(digests.1), relates_to, seconds(time)];
        if let Some(column) = sent_at(kind) {
            self.run(&format!("update auth.users set {column} = now() where id = $1::uuid"), &[text(user)]).await?;
        }
        Ok(self.row(sql, &parameters).await?.map(|mut row| row.number()).unwrap_or_default())
    }

    /// Uses a token up by its long form.
    pub async fn use_token(&mut self, kind: &str, digest: &[u8; 32]) -> Result<Option<Token>> {
        let sql = "delete from auth.one_time_tokens where kind = $1 and digest = $2 and expires_at > now() \
                   returning user_id, relates_to";
        Ok(self.row(sql, &[text(kind), raw(digest)]).await?.map(read))
    }

    /// Whose token of this kind an account names. While an address waits to be confirmed, it names its user too.
    pub async fn token_owner(&mut self, kind: &str, account: &Account) -> Result<Option<String>> {
        let (condition, value) = match account {
            _ if !account.is_possible() => return Ok(None),
            Account::Id(id) => ("u.id = $1::uuid", id),
            Account::Email(email) => ("(u.email = $1 or t.relates_to = $1)", email),
            Account::Phone(phone) => ("(u.phone = $1 or t.relates_to = $1)", phone),
        };
        let sql = format!(
            "select u.id from auth.one_time_tokens t join auth.users u on u.id = t.user_id \
             where {condition} and t.kind = $2 and t.expires_at > now()"
        );
        Ok(self.row(&sql, &[text(value), text(kind)]).await?.map(|mut row| row.text()))
    }

    /// Uses a token up by its digits.
    pub async fn use_code(&mut self, kind: &str, user: &str, digest: &[u8; 32]) -> Result<Option<Token>> {
        let sql = "delete from auth.one_time_tokens where user_id = $1::uuid and kind = $2 and code_digest = $3 \
                   and expires_at > now() returning user_id, relates_to";
        Ok(self.row(sql, &[text(user), text(kind), raw(digest)]).await?.map(read))
    }
}

fn read(mut row: Row) -> Token {
    Token { user: row.text(), relates_to: row.next() }
}

/// Where a user's row notes that something was sent.
fn sent_at(kind: &str) -> Option<&'static str> {
    match kind {
        "signup" => Some("confirmation_sent_at"),
        "recovery" | "magiclink" => Some("recovery_sent_at"),
        "email_change" => Some("email_change_sent_at"),
        "reauthentication" => Some("reauthentication_sent_at"),
        "invite" => Some("invited_at"),
        _ => None,
    }
}
