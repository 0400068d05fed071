//! Users: signing up, what a password proves, and who may change what of whom.
//!
//! A stranger's guess is not told from a wrong password, by its words or by its time.

mod admin;
mod decoy;
mod said;

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::key::SERVICE;
use super::{Auth, audit, factor, password};
use crate::error::{Error, Result, code};
use crate::identity::Identity;
use crate::store::identity::{Account, Act, Attempts, Credentials, Subject};
use said::{Said, address, fits, number};

/// What one act may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was seen proven of a user.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Who it is.
    pub id: String,
    /// The user, as JSON text.
    pub user: String,
    /// As `amr` names it.
    pub method: String,
}

/// As whom something is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    /// The caller of the request.
    pub identity: &'a Identity,
    /// Whether what asks for the caller may administer.
    pub may_administer: bool,
}

impl Caller<'_> {
    /// Whether it is `service_role`, asking by something that may administer.
    pub fn is_administrator(&self) -> bool {
        self.may_administer && self.identity.role == SERVICE
    }

    /// # Errors
    /// `identity.denied`.
    pub fn administers(&self) -> Result<()> {
        self.is_administrator().then_some(()).ok_or_else(denied)
    }

    /// Whether the user is the caller, who is signed in; an administrator may do the same for anybody.
    ///
    /// # Errors
    /// `identity.unknown-user`: what is a stranger's is not told from what is not there.
    pub fn reaches(&self, user: &str) -> Result<()> {
        let is_own = self.identity.session.is_some() && self.identity.subject.as_deref() == Some(user);
        (is_own || self.is_administrator()).then_some(()).ok_or_else(unknown)
    }
}

impl Auth {
    /// A new user.
    ///
    /// # Errors
    /// `identity.exists`, `identity.weak-password`, `identity.sign-up-closed`, `identity.busy`, `identity.invalid`.
    pub async fn sign_up(&self, caller: Caller<'_>, user: &str, password: Option<Zeroizing<String>>) -> Result<Proof> {
        let said = Said::read(user)?;
        if said.is_administrative() || said.nonce.is_some() {
            return Err(invalid("whoever signs up says `email`, `phone`, `user_metadata` and `is_anonymous`"));
        }
        let is_nobody = said.email.is_none() && said.phone.is_none();
        if is_nobody != said.is_anonymous || (is_nobody && password.is_some()) {
            return Err(invalid("a user has an address or a number, or is anonymous and has no password"));
        }
        if !self.config.sign_up || (is_nobody && !self.config.anonymous_users) {
            return Err(Error::new(&code::IDENTITY_SIGN_UP_CLOSED, "strangers may not sign up like this"));
        }
        let method = if is_nobody {
            "anonymous"
        } else if password.is_some() {
            "password"
        } else {
            "signup"
        };
        let (id, user) = self.add(&said, password, !self.config.confirm_email).await?;
        audit::publish(caller.identity, "user.signed-up", &json!({ "user_id": id }));
        Ok(Proof { id, user, method: method.to_owned() })
    }

    async fn add(&self, said: &Said, password: Option<Zeroizing<String>>, trusts: bool) -> Result<(String, String)> {
        let mut change = said.change(trusts)?;
        change.is_anonymous = Some(said.is_anonymous);
        let hash = self.hash(said, password).await?;
        let mut act = self.store.act(deadline()).await?;
        let id = act.add_user().await?;
        act.change_user(&id, &change).await?;
        if let Some(hash) = hash {
            act.set_password(&id, &hash).await?;
        }
        let user = act.user(&Account::Id(id.clone())).await?.ok_or_else(unknown)?;
        act.commit().await?;
        Ok((id, user))
    }

    async fn hash(&self, said: &Said, password: Option<Zeroizing<String>>) -> Result<Option<String>> {
        match (password, &said.password_hash) {
            (Some(_), Some(_)) => Err(invalid("either a password or `password_hash`")),
            (Some(password), None) => {
                self.policy.check(&password)?;
                self.hasher.turn().await?.hash(password).await.map(Some)
            }
            (None, Some(hash)) => password::check_imported(hash).map(|()| Some(hash.clone())),
            (None, None) => Ok(None),
        }
    }

    /// Proves a user by the password.
    ///
    /// # Errors
    /// `identity.wrong-credentials`, `identity.locked`, `identity.banned`, `identity.not-confirmed`, `identity.busy`.
    pub async fn verify_password(
        &self,
        caller: Caller<'_>,
        account: Account,
        password: Zeroizing<String>,
    ) -> Result<Proof> {
        let account = normal(account);
        let subject = subject("password", &account);
        // From here on no more guesses at once than there are places, on this node.
        let turn = self.hasher.turn().await?;
        let mut act = self.store.act(deadline()).await?;
        if let Some(seconds) = act.locked(&subject).await? {
            return Err(locked(seconds));
        }
        let known = act.credentials(&account).await?;
        act.commit().await?;
        let verdict = turn.verify(password, known.as_ref().and_then(|known| known.hash.clone())).await?;
        let mut act = self.store.act(deadline()).await?;
        let Some(known) = known.filter(|_| verdict.is_right) else {
            let seconds = act.failed(&subject, self.attempts()).await?;
            act.commit().await?;
            drop(turn);
            audit::publish(caller.identity, "login.failed", &json!({ "is_locked": seconds.is_some() }));
            return Err(wrong());
        };
        act.forgive(&subject).await?;
        if let Some(hash) = verdict.renewed {
            act.set_password(&known.id, &hash).await?;
        }
        let user = act.user(&Account::Id(known.id.clone())).await?.ok_or_else(wrong)?;
        act.commit().await?;
        // Only whoever knows the password learns this much.
        self.may_sign_in(&known)?;
        Ok(Proof { id: known.id, user, method: "password".to_owned() })
    }

    pub(super) fn may_sign_in(&self, known: &Credentials) -> Result<()> {
        if known.is_banned {
            return Err(Error::new(&code::IDENTITY_BANNED, "the user may not sign in"));
        }
        if self.config.confirm_email && !known.is_confirmed {
            return Err(Error::new(&code::IDENTITY_NOT_CONFIRMED, "the user's address was not confirmed yet"));
        }
        Ok(())
    }

    pub(super) fn attempts(&self) -> Attempts {
        Attempts {
            most: self.config.max_failures,
            window: self.config.attempt_window.0,
            lockout: self.config.lockout.0,
        }
    }

    /// The word of somebody who checked it.
    ///
    /// # Errors
    /// `identity.unknown-user`, `identity.banned`.
    pub async fn vouch(&self, caller: Caller<'_>, id: &str, method: &str) -> Result<Proof> {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_/.-".contains(&byte);
        if method.is_empty() || method.len() > 64 || !method.bytes().all(is_name) {
            return Err(invalid("a method is a word like `oauth` or `sso/saml`"));
        }
        let mut act = self.store.act(deadline()).await?;
        let account = Account::Id(id.to_owned());
        let known = act.credentials(&account).await?.ok_or_else(unknown)?;
        let user = act.user(&account).await?.ok_or_else(unknown)?;
        act.commit().await?;
        self.may_sign_in(&known)?;
        audit::publish(caller.identity, "login.vouched", &json!({ "user_id": id, "method": method }));
        Ok(Proof { id: known.id, user, method: method.to_owned() })
    }

    /// The caller's own user, or anybody for an administrator.
    ///
    /// # Errors
    /// `identity.unknown-user`.
    pub async fn find_user(&self, caller: Caller<'_>, account: Account) -> Result<String> {
        let mut act = self.store.act(deadline()).await?;
        let found = act.user(&normal(account)).await?.ok_or_else(unknown)?;
        act.commit().await?;
        let id: Id = serde_json::from_str(&found).map_err(Error::internal)?;
        // To look at oneself takes no session: whoever acts for a user has none.
        let is_own = caller.identity.authenticated && caller.identity.subject.as_deref() == Some(id.id.as_str());
        if !is_own {
            caller.reaches(&id.id)?;
        }
        Ok(found)
    }

    /// Changes a user.
    ///
    /// # Errors
    /// `identity.unknown-user`, `identity.exists`, `identity.weak-password`, `identity.same-password`,
    /// `identity.reauthenticate`, `identity.unknown-token`, `identity.denied`, `identity.busy`, `identity.invalid`.
    pub async fn update_user(
        &self,
        caller: Caller<'_>,
        id: &str,
        changes: &str,
        password: Option<Zeroizing<String>>,
    ) -> Result<String> {
        caller.reaches(id)?;
        let said = Said::read(changes)?;
        let is_admin = caller.is_administrator();
        if !is_admin && said.is_administrative() {
            return Err(denied());
        }
        let (sets_password, trusts) = (password.is_some(), is_admin || !self.config.confirm_email);
        if sets_password && !is_admin && self.config.reauthenticate {
            self.is_fresh(caller.identity, id, said.nonce.as_deref()).await?;
        }
        let hash = self.new_hash(id, &said, password, is_admin).await?;
        let mut change = said.change(trusts)?;
        let mut act = self.store.act(deadline()).await?;
        if !act.hold_user(id).await? {
            return Err(unknown());
        }
        if !is_admin && (sets_password || change.email.is_some() || change.phone.is_some()) {
            // A password alone must not be enough to take over who has more.
            factor::shown(&mut act, caller.identity, id).await?;
        }
        if !trusts && let Some((email, _)) = change.email.take() {
            (change.email_change, change.is_anonymous) = (Some(email), None);
        }
        act.change_user(id, &change).await?;
        if let Some(hash) = hash {
            act.set_password(id, &hash).await?;
            act.end_sessions(id, caller.identity.session.as_deref(), "password", self.access()).await?;
        }
        match change.ban {
            Some(0) => act.pardon(id).await?,
            Some(_) => self.shut_out(&mut act, id, "banned").await?,
            None => {}
        }
        let user = act.user(&Account::Id(id.to_owned())).await?.ok_or_else(unknown)?;
        fits(&user)?;
        act.commit().await?;
        self.look().await;
        audit::publish(caller.identity, "user.changed", &json!({ "user_id": id, "password": sets_password }));
        Ok(user)
    }

    /// The hash of a new password, which is not the old one.
    async fn new_hash(
        &self,
        id: &str,
        said: &Said,
        password: Option<Zeroizing<String>>,
        is_admin: bool,
    ) -> Result<Option<String>> {
        if let Some(new) = password.as_ref().filter(|_| !is_admin) {
            let mut act = self.store.act(deadline()).await?;
            let kept = act.credentials(&Account::Id(id.to_owned())).await?.and_then(|known| known.hash);
            act.commit().await?;
            if kept.is_some() && self.hasher.turn().await?.verify(new.clone(), kept).await?.is_right {
                return Err(Error::new(&code::IDENTITY_SAME_PASSWORD, "the new password is the old one"));
            }
        }
        self.hash(said, password).await
    }

    /// Whether the caller signed in lately, or shows what was sent.
    async fn is_fresh(&self, caller: &Identity, id: &str, nonce: Option<&str>) -> Result<()> {
        const DAY: i64 = 24 * 3600;
        const KIND: &str = "reauthentication";
        let mut act = self.store.act(deadline()).await?;
        let session = act.session(caller.session.as_deref().unwrap_or_default()).await?;
        if session.is_some_and(|session| super::now() - i64::try_from(session.created_at).unwrap_or(0) < DAY) {
            return Ok(());
        }
        let nonce = nonce.ok_or_else(|| {
            Error::new(&code::IDENTITY_REAUTHENTICATE, "setting a password takes a token of `reauthentication`")
        })?;
        let subject = subject("token", &Account::Id(id.to_owned()));
        act.hold_user(id).await?;
        if let Some(seconds) = act.locked(&subject).await? {
            return Err(locked(seconds));
        }
        let used = act.use_code(KIND, id, &self.code_digest(KIND, id, nonce)).await?;
        if used.is_none() {
            act.failed(&subject, self.attempts()).await?;
        }
        act.commit().await?;
        used.map(drop).ok_or_else(super::ticket::unknown)
    }

    /// Ends everything that a user could go on with.
    pub(super) async fn shut_out(&self, act: &mut Act<'_>, id: &str, reason: &str) -> Result<()> {
        act.end_sessions(id, None, reason, self.access()).await?;
        act.revoke(id, reason, self.access()).await
    }
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

pub(super) fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

/// What failures are counted by.
pub(super) fn subject(kind: &'static str, account: &Account) -> Subject {
    let name = match account {
        Account::Id(id) => format!("{kind}:id:{id}"),
        Account::Email(email) => format!("{kind}:email:{email}"),
        Account::Phone(phone) => format!("{kind}:phone:{phone}"),
    };
    Subject { kind, digest: Sha256::digest(name).into() }
}

/// An account as it is kept; what could not be anybody's is left as it is, and nobody has it.
pub(super) fn normal(account: Account) -> Account {
    match account {
        Account::Email(email) => Account::Email(address(&email).unwrap_or(email)),
        Account::Phone(phone) => Account::Phone(number(&phone).unwrap_or(phone)),
        id @ Account::Id(_) => id,
    }
}

pub(super) fn invalid(message: &str) -> Error {
    Error::new(&code::IDENTITY_INVALID, message)
}

pub(super) fn denied() -> Error {
    Error::new(&code::IDENTITY_DENIED, "only service_role may do that")
}

pub(super) fn unknown() -> Error {
    Error::new(&code::IDENTITY_UNKNOWN_USER, "there is no such user")
}

fn wrong() -> Error {
    Error::new(&code::IDENTITY_WRONG_CREDENTIALS, "there is no such user, or the password is another")
}

pub(super) fn locked(seconds: u64) -> Error {
    Error::new(&code::IDENTITY_LOCKED, "too many attempts failed").details(json!({ "retry_after": seconds }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_one_account_are_counted_together_however_it_is_written() {
        let email = |text: &str| subject("password", &normal(Account::Email(text.to_owned())));
        assert_eq!(email("Ada@Example.com"), email("ada@example.com "));
        assert_ne!(email("ada@example.com"), email("bob@example.com"));
    }
}
