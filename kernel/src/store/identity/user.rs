//! Users, and the digests of their passwords. Who may change what is not decided here.

use super::{Act, Row, is_uuid, maybe, taken, text};
use crate::error::Result;
use crate::store::Parameter;

/// What names a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// The id.
    Id(String),
    /// The address.
    Email(String),
    /// The number.
    Phone(String),
}

/// A user as GoTrue shows one. The members that describe the user's own choice are not stripped of their nulls.
const SHAPE: &str = "(jsonb_strip_nulls(jsonb_build_object('id', u.id, 'aud', u.aud, 'role', u.role, \
  'email', coalesce(u.email, ''), 'phone', coalesce(u.phone, ''), 'is_anonymous', u.is_anonymous, \
  'new_email', u.email_change, 'is_sso_user', u.is_sso_user, \
  'email_confirmed_at', {email_confirmed_at}, 'phone_confirmed_at', {phone_confirmed_at}, \
  'confirmed_at', {confirmed_at}, 'invited_at', {invited_at}, 'confirmation_sent_at', {confirmation_sent_at}, \
  'recovery_sent_at', {recovery_sent_at}, 'email_change_sent_at', {email_change_sent_at}, \
  'last_sign_in_at', {last_sign_in_at}, 'banned_until', {banned_until}, 'deleted_at', {deleted_at}, \
  'created_at', {created_at}, 'updated_at', {updated_at})) \
  || jsonb_build_object('app_metadata', u.raw_app_meta_data, 'user_metadata', u.raw_user_meta_data, \
  'identities', (select coalesce(jsonb_agg(jsonb_build_object('identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id, \
     'identity_data', i.identity_data, 'provider', i.provider, 'email', i.identity_data -> 'email', \
     'last_sign_in_at', i.last_sign_in_at, 'created_at', i.created_at, 'updated_at', i.updated_at) \
     order by i.created_at, i.id), '[]') from auth.identities i where i.user_id = u.id), \
  'factors', (select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'friendly_name', f.friendly_name, \
     'factor_type', f.factor_type, 'status', f.status, 'created_at', f.created_at, 'updated_at', f.updated_at) \
     order by f.created_at, f.id), '[]') from auth.mfa_factors f where f.user_id = u.id)))";

/// The expression of a user's object; times as RFC 3339 has them.
pub(super) fn shape() -> String {
    let mut shape = String::with_capacity(SHAPE.len() * 2);
    let mut rest = SHAPE;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        shape.push_str(before);
        shape.push_str(&format!(r#"to_char(u.{name} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"#));
        rest = behind;
    }
    shape.push_str(rest);
    shape
}

/// What a login is checked against.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user's id.
    pub id: String,
    /// The password's hash.
    pub hash: Option<String>,
    /// Whether the user is banned now.
    pub is_banned: bool,
    /// Whether an address or number was confirmed, or there is none to confirm.
    pub is_confirmed: bool,
    /// Whether nobody knows who it is.
    pub is_anonymous: bool,
}

/// What changes of a user; `None` leaves it.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The address, and whether it counts as confirmed.
    pub email: Option<(String, bool)>,
    /// The address that waits to be confirmed.
    pub email_change: Option<String>,
    /// The number, and whether it counts as confirmed.
    pub phone: Option<(String, bool)>,
    /// The address or number that there is, confirmed.
    pub confirm: (bool, bool),
    /// Members to set, as JSON text; null removes one.
    pub user_metadata: Option<String>,
    /// The same of what only the application sets.
    pub app_metadata: Option<String>,
    /// The role of the user's tokens.
    pub role: Option<String>,
    /// Seconds of a ban; 0 ends one.
    pub ban: Option<u64>,
    /// Whether nobody knows who it is.
    pub is_anonymous: Option<bool>,
}

impl Account {
    fn condition(&self) -> (&'static str, &str) {
        match self {
            Self::Id(id) => ("u.id = $1::uuid", id),
            Self::Email(email) => ("u.email = $1", email),
            Self::Phone(phone) => ("u.phone = $1", phone),
        }
    }

    /// Whether somebody could have it.
    pub fn is_possible(&self) -> bool {
        match self {
            Self::Id(id) => is_uuid(id),
            Self::Email(value) | Self::Phone(value) => !value.is_empty() && !value.contains('\0'),
        }
    }
}

impl Act<'_> {
    /// The user, as JSON text.
    pub async fn user(&mut self, account: &Account) -> Result<Option<String>> {
        if !account.is_possible() {
            return Ok(None);
        }
        let (condition, value) = account.condition();
        let sql = format!("select {} from auth.users u where {condition} and deleted_at is null", shape());
        Ok(self.row(&sql, &[text(value)]).await?.and_then(|mut row| row.next()))
    }

    /// What a login is checked against. It waits for no other transaction.
    pub async fn credentials(&mut self, account: &Account) -> Result<Option<Credentials>> {
        if !account.is_possible() {
            return Ok(None);
        }
        let (condition, value) = account.condition();
        let sql = format!(
            "select u.id, p.hash, coalesce(u.banned_until > now(), false), \
             u.confirmed_at is not null or (u.email is null and u.phone is null), u.is_anonymous \
             from auth.users u left join auth.passwords p on p.user_id = u.id where {condition} and deleted_at is null"
        );
        Ok(self.row(&sql, &[text(value)]).await?.map(read))
    }

    /// Holds a user until the act ends, so that of two acts on one the second sees what the first did.
    pub async fn hold_user(&mut self, id: &str) -> Result<bool> {
        if !is_uuid(id) {
            return Ok(false);
        }
        let sql = "select 1 from auth.users where id = $1::uuid and deleted_at is null for update";
        Ok(self.row(sql, &[text(id)]).await?.is_some())
    }

    /// A new user with nothing but an id, and its id.
    pub async fn add_user(&mut self) -> Result<String> {
        let sql = "insert into auth.users (id) values (gen_random_uuid()) returning id";
        Ok(self.row(sql, &[]).await?.map(|mut row| row.text()).unwrap_or_default())
    }

    /// Changes one.
    ///
    /// # Errors
    /// `identity.exists` when somebody else has the address or the number.
    pub async fn change_user(&mut self, id: &str, change: &Change) -> Result<()> {
        let flag = |value: bool| Parameter::Text(value.to_string());
        let email = change.email.as_ref();
        let phone = change.phone.as_ref();
        let sql = "update auth.users u set updated_at = now(), \
          email = coalesce($2, email), \
          email_change = case when $2 is not null then null else coalesce($4, email_change) end, \
          phone = coalesce($5, phone), \
          email_confirmed_at = case when $3 or $7 then now() when $2 is not null then null else email_confirmed_at end, \
          phone_confirmed_at = case when $6 or $8 then now() when $5 is not null then null else phone_confirmed_at end, \
          raw_user_meta_data = (select coalesce(jsonb_object_agg(key, value) filter (where value <> 'null'), '{}') \
            from jsonb_each(raw_user_meta_data || coalesce($9::jsonb, '{}'))), \
          raw_app_meta_data = (select coalesce(jsonb_object_agg(key, value) filter (where value <> 'null'), '{}') \
            from jsonb_each(raw_app_meta_data || coalesce($10::jsonb, '{}'))), \
          role = coalesce($11, role), \
          banned_until = case when $12::float8 is null then banned_until when $12::float8 = 0 then null \
            else now() + make_interval(secs => $12::float8) end, \
          is_anonymous = coalesce($13::boolean, is_anonymous) \
          where id = $1::uuid";
        let parameters = [
            text(id),
            maybe(email.map(|(email, _)| email.as_str())),
            flag(email.is_some_and(|(_, is_confirmed)| *is_confirmed)),
            maybe(change.email_change.as_deref()),
            maybe(phone.map(|(phone, _)| phone.as_str())),
            flag(phone.is_some_and(|(_, is_confirmed)| *is_confirmed)),
            flag(change.confirm.0),
            flag(change.confirm.1),
            maybe(change.user_metadata.as_deref()),
            maybe(change.app_metadata.as_deref()),
            maybe(change.role.as_deref()),
            change.ban.map_or(Parameter::Null, |seconds| Parameter::Text(seconds.to_string())),
            change.is_anonymous.map_or(Parameter::Null, flag),
        ];
        self.run(sql, &parameters).await.map_err(|error| taken(error, "the address or number"))?;
        for (provider, changed) in [("email", email), ("phone", phone)] {
            if let Some((value, _)) = changed {
                self.know(id, provider, value).await?;
            }
        }
        Ok(())
    }

    /// How the user is known by an address or a number.
    async fn know(&mut self, id: &str, provider: &str, value: &str) -> Result<()> {
        let sql = "insert into auth.identities (user_id, provider, provider_id, identity_data, last_sign_in_at) \
                   values ($1::uuid, $2, $1, jsonb_build_object('sub', $1::text, $2::text, $3::text), now()) \
                   on conflict (provider, provider_id) do update set identity_data = excluded.identity_data, updated_at = now()";
        self.run(sql, &[text(id), text(provider), text(value)]).await?;
        let sql = "update auth.users set raw_app_meta_data = raw_app_meta_data || jsonb_build_object( \
                   'provider', coalesce(raw_app_meta_data -> 'provider', to_jsonb($2::text)), \
                   'providers', (select jsonb_agg(provider order by created_at, id) from auth.identities \
                                 where user_id = $1::uuid)) where id = $1::uuid";
        self.run(sql, &[text(id), text(provider)]).await.map(drop)
    }

    /// Keeps a password's hash in place of the one before.
    pub async fn set_password(&mut self, id: &str, hash: &str) -> Result<()> {
        let sql = "insert into auth.passwords (user_id, hash) values ($1::uuid, $2) \
                   on conflict (user_id) do update set hash = excluded.hash, changed_at = now()";
        self.run(sql, &[text(id), text(hash)]).await.map(drop)
    }

    /// Removes a user; with `soft` the row stays, without what names the user.
    pub async fn remove_user(&mut self, id: &str, soft: bool) -> Result<bool> {
        if !is_uuid(id) {
            return Ok(false);
        }
        if !soft {
            let sql = "delete from auth.users where id = $1::uuid";
            return Ok(self.affected(sql, &[text(id)]).await? > 0);
        }
        let sql = "update auth.users set deleted_at = now(), email = null, phone = null, email_change = null, \
                   raw_user_meta_data = '{}', raw_app_meta_data = '{}' where id = $1::uuid and deleted_at is null";
        let was = self.affected(sql, &[text(id)]).await? > 0;
        for table in ["passwords", "identities", "mfa_factors", "recovery_codes", "one_time_tokens", "sessions"] {
            self.run(&format!("delete from auth.{table} where user_id = $1::uuid"), &[text(id)]).await?;
        }
        Ok(was)
    }

    /// A page of users whose address or number contains the text, the newest first, and how many there are.
    pub async fn users(&mut self, page: u32, per_page: u32, part: &str) -> Result<String> {
        let filter = "u.deleted_at is null and ($1 = '' or strpos(u.email, $1) > 0 or strpos(u.phone, $1) > 0)";
        let sql = format!(
            "select jsonb_build_object('users', coalesce((select jsonb_agg(o.j order by o.c desc, o.i) from \
             (select {} j, u.created_at c, u.id i from auth.users u where {filter} order by u.created_at desc, u.id \
             limit $2::bigint offset $3::bigint) o), '[]'), \
             'total', (select count(*) from auth.users u where {filter}))",
            shape()
        );
        let offset = u64::from(page.saturating_sub(1)) * u64::from(per_page);
        let numbers = [per_page.into(), offset].map(|number: u64| Parameter::Text(number.to_string()));
        let [limit, offset] = numbers;
        let row = self.row(&sql, &[text(&part.to_lowercase()), limit, offset]).await?;
        Ok(row.map(|mut row| row.text()).unwrap_or_default())
    }
}

fn read(mut row: Row) -> Credentials {
    Credentials {
        id: row.text(),
        hash: row.next(),
        is_banned: row.is(),
        is_confirmed: row.is(),
        is_anonymous: row.is(),
    }
}
