//! Second factors of the caller: enrolled, shown, removed. Their secrets are opened here, for as long as a code is checked.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::session::signed_in;
use super::user::{Caller, deadline, invalid, locked, subject, unknown};
use super::{Auth, audit, now, totp};
use crate::error::{Error, Result, code};
use crate::identity::Identity;
use crate::store::identity::{Account, Act, Attempts, Factor, Session};

/// How long a code may be typed.
const CHALLENGE: Duration = Duration::from_secs(5 * 60);

/// Failures count for so long.
const WINDOW: Duration = Duration::from_secs(5 * 60);

/// What the secret of a factor is sealed as.
pub(crate) fn seal_name(id: &str) -> String {
    format!("totp:{id}")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    factor_type: String,
    #[serde(default)]
    friendly_name: String,
    issuer: Option<String>,
}

impl Auth {
    /// Begins to enrol a factor.
    ///
    /// # Errors
    /// `identity.exists`, `identity.too-many-factors`, `identity.insufficient-aal`, `identity.signed-out`.
    pub async fn enrol(&self, caller: Caller<'_>, factor: &str) -> Result<String> {
        let (user, session) = signed_in(caller.identity)?;
        let wanted: Wanted = serde_json::from_str(factor).map_err(|fault| invalid(&format!("the factor: {fault}")))?;
        if wanted.factor_type != "totp" {
            return Err(invalid("`factor_type` is `totp`"));
        }
        if wanted.friendly_name.len() > 128 || wanted.friendly_name.contains('\0') {
            return Err(invalid("`friendly_name` has at most 128 bytes"));
        }
        let (id, secret) = (uuid::Uuid::new_v4().to_string(), totp::secret());
        let sealed = self.vault.seal(&seal_name(&id), &secret)?;
        let mut act = self.store.act(deadline()).await?;
        let session = held(&mut act, session).await?;
        let (all, verified) = act.count_factors(user).await?;
        if all >= self.config.max_factors {
            return Err(Error::new(&code::IDENTITY_TOO_MANY_FACTORS, format!("a user has at most {all} factors")));
        }
        if verified > 0 {
            has_shown(&session)?;
        }
        act.add_factor(user, &id, &wanted.friendly_name, &sealed).await?;
        let known = act.user(&Account::Id(user.to_owned())).await?.ok_or_else(unknown)?;
        let known: serde_json::Value = serde_json::from_str(&known).map_err(Error::internal)?;
        let name =
            [&known["email"], &known["phone"]].iter().filter_map(|name| name.as_str()).find(|name| !name.is_empty());
        let issuer = wanted.issuer.as_deref().unwrap_or(&self.config.issuer);
        let uri = totp::uri(&secret, issuer, name.unwrap_or(user))?;
        act.commit().await?;
        audit::publish(caller.identity, "factor.enrolled", &json!({ "factor_id": id }));
        let totp = json!({ "secret": &**secret, "uri": uri });
        Ok(json!({ "id": id, "type": "totp", "friendly_name": wanted.friendly_name, "totp": totp }).to_string())
    }

    /// Asks for a code.
    ///
    /// # Errors
    /// `identity.unknown-factor`, `identity.signed-out`.
    pub async fn challenge(&self, caller: Caller<'_>, factor: &str) -> Result<String> {
        let (user, _) = signed_in(caller.identity)?;
        let mut act = self.store.act(deadline()).await?;
        own(&mut act, user, factor).await?;
        let address = caller.identity.origin.address.map(|address| address.to_string());
        let (id, expires_at) = act.add_challenge(factor, address.as_deref(), CHALLENGE).await?;
        act.commit().await?;
        Ok(json!({ "id": id, "type": "totp", "expires_at": expires_at }).to_string())
    }

    /// Checks a code; the session's next tokens.
    ///
    /// # Errors
    /// `identity.wrong-code`, `identity.unknown-factor`, `identity.expired-challenge`, `identity.locked`.
    pub async fn verify(&self, caller: Caller<'_>, factor: &str, challenge: &str, code: &str) -> Result<String> {
        let (user, session) = signed_in(caller.identity)?;
        let mut act = self.store.act(deadline()).await?;
        self.may_try(&mut act, user).await?;
        held(&mut act, session).await?;
        let factor = own(&mut act, user, factor).await?;
        if !act.is_challenge(challenge, &factor.id).await? {
            return Err(Error::new(&code::IDENTITY_EXPIRED_CHALLENGE, "the challenge is too old, or was used"));
        }
        let secret = self.vault.open_sealed(&seal_name(&factor.id), &factor.sealed)?;
        let step = totp::check(&secret, code.trim(), u64::try_from(now()).unwrap_or(0), factor.last_step)?;
        let Some(step) = step else { return Err(self.wrong_code(caller, act, user).await?) };
        act.take_code(&factor.id, step).await?;
        act.end_challenge(challenge).await?;
        let tokens = self.raise(&mut act, user, session, "totp", Some(&factor.id)).await?;
        if !factor.is_verified {
            act.end_weak_sessions(user, session, self.access()).await?;
        }
        act.commit().await?;
        self.look().await;
        audit::publish(
            caller.identity,
            "factor.verified",
            &json!({ "factor_id": factor.id, "first": !factor.is_verified }),
        );
        Ok(tokens)
    }

    /// Uses up a recovery code; the session's next tokens.
    ///
    /// # Errors
    /// `identity.wrong-code`, `identity.locked`, `identity.signed-out`.
    pub async fn recover(&self, caller: Caller<'_>, code: &str) -> Result<String> {
        let (user, session) = signed_in(caller.identity)?;
        let mut act = self.store.act(deadline()).await?;
        self.may_try(&mut act, user).await?;
        held(&mut act, session).await?;
        if !act.use_recovery_code(user, &totp::recovery_digest(user, code)).await? {
            return Err(self.wrong_code(caller, act, user).await?);
        }
        let tokens = self.raise(&mut act, user, session, "recovery_code", None).await?;
        act.commit().await?;
        audit::publish(caller.identity, "factor.recovered", &json!({}));
        Ok(tokens)
    }

    /// Holds the user, so that of many guesses at once each sees those before it.
    async fn may_try(&self, act: &mut Act<'_>, user: &str) -> Result<()> {
        if !act.hold_user(user).await? {
            return Err(unknown());
        }
        match act.locked(&subject("code", &Account::Id(user.to_owned()))).await? {
            Some(seconds) => Err(locked(seconds)),
            None => Ok(()),
        }
    }

    /// Counts a failure, which is kept.
    async fn wrong_code(&self, caller: Caller<'_>, mut act: Act<'_>, user: &str) -> Result<Error> {
        let attempts = Attempts { window: WINDOW, ..self.attempts() };
        let seconds = act.failed(&subject("code", &Account::Id(user.to_owned())), attempts).await?;
        act.commit().await?;
        audit::publish(caller.identity, "factor.failed", &json!({ "is_locked": seconds.is_some() }));
        Ok(Error::new(&code::IDENTITY_WRONG_CODE, "the code is wrong, or was used before"))
    }

    async fn raise(
        &self,
        act: &mut Act<'_>,
        user: &str,
        session: &str,
        method: &str,
        factor: Option<&str>,
    ) -> Result<String> {
        act.forgive(&subject("code", &Account::Id(user.to_owned()))).await?;
        let raised = act.raise_session(session, method, factor).await?.ok_or_else(signed_out)?;
        self.tokens(act, &raised, None).await
    }

    /// Removes a factor.
    ///
    /// # Errors
    /// `identity.unknown-factor`, `identity.insufficient-aal`.
    pub async fn unenrol(&self, caller: Caller<'_>, factor: &str) -> Result<String> {
        let mut act = self.store.act(deadline()).await?;
        let found = match caller.is_administrator() {
            true => act.factor(factor).await?.ok_or_else(no_factor)?,
            false => {
                let (user, session) = signed_in(caller.identity)?;
                let session = held(&mut act, session).await?;
                let found = own(&mut act, user, factor).await?;
                if found.is_verified {
                    has_shown(&session)?;
                }
                found
            }
        };
        act.remove_factor(&found.id).await?;
        if act.count_factors(&found.user).await?.1 == 0 {
            act.set_recovery_codes(&found.user, &[]).await?;
        }
        act.commit().await?;
        audit::publish(caller.identity, "factor.removed", &json!({ "factor_id": found.id, "user_id": found.user }));
        Ok(json!({ "id": found.id }).to_string())
    }

    /// New recovery codes.
    ///
    /// # Errors
    /// `identity.insufficient-aal`, `identity.signed-out`.
    pub async fn recovery_codes(&self, caller: Caller<'_>) -> Result<Vec<String>> {
        let (user, session) = signed_in(caller.identity)?;
        let mut act = self.store.act(deadline()).await?;
        has_shown(&held(&mut act, session).await?)?;
        let codes = totp::recovery_codes();
        let digests: Vec<_> = codes.iter().map(|code| totp::recovery_digest(user, code)).collect();
        act.set_recovery_codes(user, &digests).await?;
        act.commit().await?;
        audit::publish(caller.identity, "factor.recovery-codes", &json!({}));
        Ok(codes)
    }
}

/// Seals every secret anew that another key sealed. How many there were.
///
/// # Errors
/// `secret.sealed` where no key opens one.
pub async fn reseal(act: &mut Act<'_>, vault: &super::Vault) -> Result<u64> {
    const PAGE: u32 = 500;
    let (mut last, mut count) = (None, 0);
    loop {
        let page = act.factors_after(last.as_deref(), PAGE).await?;
        for factor in page.iter().filter(|factor| !vault.is_current(&factor.sealed)) {
            let name = seal_name(&factor.id);
            let secret: Zeroizing<String> = vault.open_sealed(&name, &factor.sealed)?;
            act.reseal_factor(&factor.id, &vault.seal(&name, &secret)?).await?;
            count += 1;
        }
        last = page.last().map(|factor| factor.id.clone());
        if last.is_none() {
            return Ok(count);
        }
    }
}

async fn held(act: &mut Act<'_>, session: &str) -> Result<Session> {
    act.session(session).await?.ok_or_else(signed_out)
}

async fn own(act: &mut Act<'_>, user: &str, id: &str) -> Result<Factor> {
    act.factor(id).await?.filter(|factor| factor.user == user).ok_or_else(no_factor)
}

/// Whether the caller's session has shown a second factor, where the user has one.
///
/// # Errors
/// `identity.insufficient-aal`.
pub(super) async fn shown(act: &mut Act<'_>, caller: &Identity, user: &str) -> Result<()> {
    if act.count_factors(user).await?.1 == 0 {
        return Ok(());
    }
    let (_, session) = signed_in(caller)?;
    has_shown(&held(act, session).await?)
}

fn has_shown(session: &Session) -> Result<()> {
    let lacks = || Error::new(&code::IDENTITY_INSUFFICIENT_AAL, "show a second factor first");
    (session.aal == "aal2").then_some(()).ok_or_else(lacks)
}

fn no_factor() -> Error {
    Error::new(&code::IDENTITY_UNKNOWN_FACTOR, "there is no such second factor")
}

fn signed_out() -> Error {
    Error::new(&code::IDENTITY_SIGNED_OUT, "the caller's session has ended")
}
