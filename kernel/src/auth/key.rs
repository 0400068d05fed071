//! Keys of programs: what one looks like, who may make and end which. Only digests are kept.
//!
//! A key of a user's acts as that user; a service key as `service_role`. Every change is written down, and outlives the key.

mod wish;

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use rand::Rng as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::user::deadline;
use super::{Auth, audit, now};
use crate::error::{Error, Result, code};
use crate::identity::{Identity, Key, Origin};
use crate::store::identity::{Act, KeyChange, NewKey};
use wish::{check, lifetime};

pub use wish::{Wish, time};

/// What every key begins with, so that scanners for lost secrets know one when they see it.
pub(crate) const PREFIX: &str = "bsk_";

/// Of a key, to know it again by.
const SHOWN: usize = 12;

/// How long a key that was replaced is good, when nobody says.
const GRACE: Duration = Duration::from_secs(24 * 3600);

/// The role of service keys, and of who may administer others'.
pub(crate) const SERVICE: &str = "service_role";

/// Uses that are not written yet.
#[derive(Default)]
pub(super) struct Uses(Mutex<HashMap<String, u64>>);

impl Auth {
    /// Who shows a key.
    pub(super) fn by_key(&self, text: &str) -> Result<Identity> {
        let refused =
            || Error::new(&code::AUTH_UNKNOWN_KEY, "the API key is not known: it was revoked, or never was one");
        // Looking a digest up takes no longer for one that is nearly right.
        let key = self.store.api_key(&digest(text)).ok_or_else(refused)?;
        if key.expires_at.is_some_and(|until| i64::try_from(until).unwrap_or(i64::MAX) <= now()) {
            return Err(Error::new(&code::AUTH_EXPIRED_TOKEN, "the API key has expired"));
        }
        if key.user_id.as_deref().is_some_and(|user| self.store.is_revoked(user)) {
            return Err(Error::new(&code::AUTH_REVOKED, "the owner of the API key may not sign in"));
        }
        *self.uses.0.lock().entry(key.id.clone()).or_default() += 1;
        let claims = json!({ "role": key.role, "sub": key.user_id, "key_id": key.id, "key_scopes": key.scopes });
        let shown = Key { id: key.id.clone(), scopes: key.scopes.clone(), rate: key.rate_limit };
        Ok(Identity {
            role: key.role.clone(),
            subject: key.user_id.clone(),
            claims: claims.to_string(),
            authenticated: true,
            session: None,
            key: Some(shown.into()),
            origin: Origin::default(),
        })
    }

    /// Writes down what keys were used for since the last time.
    pub async fn write_uses(&self) {
        let uses: Vec<_> = std::mem::take(&mut *self.uses.0.lock()).into_iter().collect();
        if uses.is_empty() {
            return;
        }
        let written = async {
            let mut act = self.store.act(deadline()).await?;
            act.use_keys(&uses).await?;
            act.commit().await
        };
        if let Err(error) = written.await {
            tracing::warn!(%error, "the use of API keys could not be written down");
            let mut kept = self.uses.0.lock();
            uses.into_iter().for_each(|(id, count)| *kept.entry(id).or_default() += count);
        }
    }

    /// Makes a key: its object, with the key itself, this once.
    ///
    /// # Errors
    /// `identity.denied`, `identity.invalid`.
    pub async fn make_key(&self, caller: &Identity, wish: Wish) -> Result<Value> {
        let (actor, mut wish) = (person(caller)?, wish);
        if caller.role != SERVICE {
            let is_own = wish.user_id.as_ref().is_none_or(|user| Some(user) == caller.subject.as_ref());
            if !is_own || wish.role.is_some() || wish.kind.as_deref().is_some_and(|kind| kind != "api") {
                return Err(denied("only service_role makes keys that act as somebody else"));
            }
            (wish.user_id, wish.role) = (caller.subject.clone(), Some(caller.role.clone()));
        }
        let mut act = self.store.act(deadline()).await?;
        let made = make(&mut act, &wish, &actor).await?;
        act.commit().await?;
        self.look().await;
        audit::publish(caller, "key.created", &json!({ "key_id": made["id"] }));
        Ok(made)
    }

    /// The caller's keys; of `service_role`, all.
    ///
    /// # Errors
    /// `identity.denied`.
    pub async fn list_keys(&self, caller: &Identity) -> Result<String> {
        person(caller)?;
        let mut act = self.store.act(deadline()).await?;
        let keys = act.keys(owner(caller)).await?;
        act.commit().await?;
        Ok(keys)
    }

    /// One key, with what happened to it.
    ///
    /// # Errors
    /// `identity.unknown-key`: also of one that is somebody else's.
    pub async fn find_key(&self, caller: &Identity, id: &str) -> Result<Value> {
        person(caller)?;
        let mut act = self.store.act(deadline()).await?;
        let mut key = held(&mut act, caller, id).await?;
        key["log"] = serde_json::from_str(&act.key_log(id).await?).map_err(Error::internal)?;
        act.commit().await?;
        Ok(key)
    }

    /// Changes a key's name, scopes, rate or expiry.
    ///
    /// # Errors
    /// `identity.unknown-key`, `identity.invalid`.
    pub async fn change_key(&self, caller: &Identity, id: &str, wish: Wish) -> Result<String> {
        let actor = person(caller)?;
        if wish.kind.is_some() || wish.user_id.is_some() || wish.role.is_some() {
            return Err(invalid("whose a key is, and what kind, stays: make another"));
        }
        check(&wish)?;
        let lifetime = lifetime(&wish)?;
        let mut act = self.store.act(deadline()).await?;
        held(&mut act, caller, id).await?;
        let change = KeyChange { name: wish.name, scopes: wish.scopes, rate_limit: wish.rate_limit, lifetime };
        let changed = act.change_key(id, &change).await?;
        act.note_key(id, "changed", &actor, "").await?;
        act.commit().await?;
        self.look().await;
        Ok(changed)
    }

    /// Refuses a key from now on, on all nodes; with `hide` it is not listed any more.
    ///
    /// # Errors
    /// `identity.unknown-key`.
    pub async fn revoke_key(&self, caller: &Identity, id: &str, reason: &str, hide: bool) -> Result<()> {
        let actor = person(caller)?;
        let mut act = self.store.act(deadline()).await?;
        held(&mut act, caller, id).await?;
        act.revoke_key(id, hide).await?;
        act.note_key(id, if hide { "deleted" } else { "revoked" }, &actor, reason).await?;
        act.commit().await?;
        self.look().await;
        audit::publish(caller, "key.revoked", &json!({ "key_id": id, "reason": reason }));
        Ok(())
    }

    /// Another key in the place of one, which is good for a while longer.
    ///
    /// # Errors
    /// `identity.unknown-key`, `identity.invalid`.
    pub async fn rotate_key(&self, caller: &Identity, id: &str, grace: Option<&str>) -> Result<Value> {
        let actor = person(caller)?;
        let grace = grace.map_or(Ok(GRACE), time)?;
        let mut act = self.store.act(deadline()).await?;
        let before = held(&mut act, caller, id).await?;
        let made = replace(&mut act, &before, grace, &actor).await?;
        act.commit().await?;
        self.look().await;
        audit::publish(caller, "key.rotated", &json!({ "key_id": id, "by": made["id"] }));
        Ok(made)
    }

    /// Others are told; this node need not wait for that. When it cannot look, it will be told too.
    pub(super) async fn look(&self) {
        if let Err(error) = self.store.look_at_identities().await {
            tracing::warn!(%error, "what was changed takes effect a moment later");
        }
    }
}

/// Makes a key, whoever may: for a command too.
///
/// # Errors
/// `identity.invalid`.
pub async fn make(act: &mut Act<'_>, wish: &Wish, actor: &str) -> Result<Value> {
    check(wish)?;
    let kind = wish.kind.as_deref().unwrap_or("api");
    let role = wish.role.as_deref().unwrap_or(if kind == "service" { SERVICE } else { "authenticated" });
    if (kind == "service") != (role == SERVICE) || !matches!(kind, "api" | "service") {
        return Err(invalid("a key of the kind `service` acts as service_role, one of the kind `api` as another role"));
    }
    let name = wish.name.as_deref().ok_or_else(|| invalid("a key needs a `name`"))?;
    let user = wish.user_id.as_deref();
    if user.is_some_and(|user| uuid::Uuid::try_parse(user).is_err()) {
        return Err(invalid("`user_id` is no id"));
    }
    let text = mint();
    let key = NewKey {
        kind,
        name,
        prefix: &text[..SHOWN],
        digest: digest(&text),
        user,
        role,
        scopes: wish.scopes.as_deref().unwrap_or_default(),
        rate_limit: wish.rate_limit,
        lifetime: lifetime(wish)?,
        actor,
    };
    let no_user = |error: Error| if &*error.code == "23503" { invalid("nobody has this `user_id`") } else { error };
    let mut made: Value = serde_json::from_str(&act.add_key(&key).await.map_err(no_user)?).map_err(Error::internal)?;
    act.note_key(made["id"].as_str().unwrap_or_default(), "created", actor, "").await?;
    made["key"] = text.into();
    Ok(made)
}

/// Another key of the same kind in the place of one.
///
/// # Errors
/// `identity.invalid` when that one is over already.
pub async fn replace(act: &mut Act<'_>, before: &Value, grace: Duration, actor: &str) -> Result<Value> {
    let text = |name: &str| before[name].as_str().map(str::to_owned);
    if !before["revoked_at"].is_null() || !before["replaced_by"].is_null() {
        return Err(invalid("the key was revoked or replaced already"));
    }
    let wish = Wish {
        name: text("name"),
        kind: text("kind"),
        user_id: text("user_id"),
        role: text("role"),
        scopes: serde_json::from_value(before["scopes"].clone()).map_err(Error::internal)?,
        rate_limit: before["rate_limit"].as_u64().and_then(|rate| u32::try_from(rate).ok()),
        expires_in: None,
    };
    let made = make(act, &wish, actor).await?;
    let (id, by) = (text("id").unwrap_or_default(), made["id"].as_str().unwrap_or_default());
    act.replace_key(&id, by, grace).await?;
    act.note_key(&id, "replaced", actor, by).await?;
    Ok(made)
}

/// Whether a key may ask this plugin by this method: scopes are `<plugin>`, or `<plugin>:read` for what changes nothing.
fn allows(key: &Key, plugin: &str, is_safe: bool) -> bool {
    let fits = |scope: &String| match scope.split_once(':') {
        None => scope == "*" || scope == plugin,
        Some((name, "read")) => (name == "*" || name == plugin) && is_safe,
        Some((name, "write")) => (name == "*" || name == plugin) && !is_safe,
        Some(_) => false,
    };
    key.scopes.is_empty() || key.scopes.iter().any(fits)
}

/// Whether a caller may ask this plugin: one with a key that has scopes, some only. Asked of every plugin that answers for the caller,
/// those that other plugins ask too.
///
/// # Errors
/// `auth.key-scope`.
pub fn admit(caller: &Identity, plugin: &str, is_safe: bool) -> Result<()> {
    match &caller.key {
        Some(key) if !allows(key, plugin, is_safe) => {
            let verb = if is_safe { "read from" } else { "change" };
            Err(Error::new(&code::AUTH_KEY_SCOPE, format!("the API key may not {verb} {plugin}"))
                .hint(format!("it would need the scope \"{plugin}\"")))
        }
        _ => Ok(()),
    }
}

fn mint() -> String {
    let mut random = [0; 32];
    rand::rng().fill_bytes(&mut random);
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random))
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Who acts. A key that is not a service's makes no keys: whoever has stolen one would keep others.
fn person(caller: &Identity) -> Result<String> {
    let is_person = caller.authenticated && (caller.subject.is_some() || caller.role == SERVICE);
    if !is_person {
        return Err(Error::new(&code::AUTH_REQUIRED, "keys belong to users: sign in"));
    }
    if caller.key.as_ref().is_some_and(|key| caller.role != SERVICE || !key.scopes.is_empty()) {
        return Err(denied("an API key cannot be used to look after API keys"));
    }
    let key = caller.key.as_ref().map(|key| format!("key:{}", key.id));
    Ok(key.or_else(|| caller.subject.clone()).unwrap_or_else(|| caller.role.clone()))
}

/// Whose keys a caller sees.
fn owner(caller: &Identity) -> Option<&str> {
    if caller.role == SERVICE { None } else { Some(caller.subject.as_deref().unwrap_or_default()) }
}

async fn held(act: &mut Act<'_>, caller: &Identity, id: &str) -> Result<Value> {
    let found = act.key(owner(caller), id).await?;
    let found = found.ok_or_else(|| Error::new(&code::IDENTITY_UNKNOWN_KEY, "you have no key of this id"))?;
    serde_json::from_str(&found).map_err(Error::internal)
}

fn invalid(message: &str) -> Error {
    Error::new(&code::IDENTITY_INVALID, message)
}

fn denied(message: &str) -> Error {
    Error::new(&code::IDENTITY_DENIED, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_allow_what_they_name() {
        let key = |scopes: &[&str]| Key {
            id: String::new(),
            scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
            rate: None,
        };
        for (scopes, plugin, is_safe, may) in [
            (&[][..], "shop", false, true),
            (&["shop"], "shop", false, true),
            (&["shop"], "toys", true, false),
            (&["shop:read"], "shop", true, true),
            (&["shop:read"], "shop", false, false),
            (&["shop:write"], "shop", true, false),
            (&["*:read", "toys"], "toys", false, true),
            (&["*"], "any", false, true),
        ] {
            assert_eq!(allows(&key(scopes), plugin, is_safe), may, "{scopes:?} {plugin} {is_safe}");
        }
    }
}
