//! Who is calling, and the acts on users and sessions that login flows are made of. It decides nothing about a user and holds no
//! password: `auth` does.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use wasmtime::component::{HasSelf, Linker, Resource};
use zeroize::Zeroizing;

use super::Call;
use super::bindings::basalt::identity::identity::{self as contract, Host, HostProof, add_to_linker};
use crate::auth::session::Reach;
use crate::auth::user::Caller;
use crate::auth::{Auth, audit};
use crate::error::{Error, Result, code};
use crate::identity::Identity;
use crate::store::identity::Account;

/// What the kernel saw proven of a user.
pub type Proof = crate::auth::user::Proof;

/// Bytes of what a plugin notes.
const MAX_DETAILS: usize = 4 << 10;

/// The scope of the capability: `identity = { scopes = ["session", "password"] }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The kinds of acts that the plugin may ask for; who is calling, it may always ask.
    #[serde(default)]
    pub scopes: BTreeSet<Scope>,
}

/// A kind of acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Signing up, and checking passwords.
    Password,
    /// Sessions, and the caller's own user.
    Session,
    /// Second factors of the caller.
    Factor,
    /// One-time tokens.
    Token,
    /// Proofs on the plugin's own word.
    Vouch,
    /// Everybody's users, for callers that are `service_role`.
    Admin,
}

/// What holds for every call.
#[derive(Clone)]
pub struct Fixed {
    auth: Arc<Auth>,
    grant: Grant,
}

impl Fixed {
    /// The users of this instance, as far as they are granted.
    pub fn new(auth: &Arc<Auth>, grant: Grant) -> Self {
        Self { auth: Arc::clone(auth), grant }
    }
}

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}

/// An act that a call may ask for.
struct Asked {
    auth: Arc<Auth>,
    identity: Arc<Identity>,
    may_administer: bool,
    deadline: tokio::time::Instant,
}

impl Asked {
    fn caller(&self) -> Caller<'_> {
        Caller { identity: &self.identity, may_administer: self.may_administer }
    }

    /// What is not done when the call ends is undone: an act that nobody waits for keeps nothing.
    async fn within<T>(&self, act: impl Future<Output = Result<T>>) -> Result<T> {
        let late = |_| Error::new(&code::SQL_TIMEOUT, "the call ended before its act on a user did");
        tokio::time::timeout_at(self.deadline, act).await.map_err(late)?
    }
}

impl Call {
    /// Whether the plugin may ask for acts of a scope; those change something, but for the few that say so.
    fn asked(&mut self, scope: Scope, acts: bool) -> Result<Asked> {
        let fixed = &self.fixed.identity;
        let is_granted = |scope| fixed.grant.scopes.contains(&scope);
        if !is_granted(scope) {
            let message =
                format!("the plugin was not granted the scope {:?} of identity", format!("{scope:?}").to_lowercase());
            return Err(Error::new(&code::IDENTITY_NOT_GRANTED, message));
        }
        let (auth, may_administer) = (Arc::clone(&fixed.auth), is_granted(Scope::Admin));
        let scope = self.scope()?;
        scope.journey.note(acts);
        Ok(Asked { auth, identity: Arc::clone(&scope.identity), may_administer, deadline: scope.deadline })
    }

    fn hold_proof(&mut self, proof: Proof) -> Result<Resource<Proof>> {
        self.table.push(proof).map_err(Error::internal)
    }
}

impl From<contract::Account> for Account {
    fn from(account: contract::Account) -> Self {
        match account {
            contract::Account::Id(id) => Self::Id(id),
            contract::Account::Email(email) => Self::Email(email),
            contract::Account::Phone(phone) => Self::Phone(phone),
        }
    }
}

impl From<contract::Reach> for Reach {
    fn from(reach: contract::Reach) -> Self {
        match reach {
            contract::Reach::This => Self::This,
            contract::Reach::Others => Self::Others,
            contract::Reach::All => Self::All,
        }
    }
}

/// The caller as an object; the claims in it as they were signed.
fn describe(identity: &Identity) -> Result<String> {
    #[derive(serde::Serialize)]
    struct Current<'a> {
        role: &'a str,
        sub: Option<&'a str>,
        session_id: Option<&'a str>,
        aal: Option<&'a str>,
        is_anonymous: Option<bool>,
        key_id: Option<&'a str>,
        claims: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Said {
        aal: Option<serde_json::Value>,
        is_anonymous: Option<serde_json::Value>,
    }
    let said: Said = serde_json::from_str(&identity.claims).map_err(Error::internal)?;
    let current = Current {
        role: &identity.role,
        sub: identity.subject.as_deref(),
        session_id: identity.session.as_deref(),
        aal: said.aal.as_ref().and_then(|aal| aal.as_str()),
        is_anonymous: said.is_anonymous.and_then(|is| is.as_bool()),
        key_id: identity.key.as_ref().map(|key| key.id.as_str()),
        claims: serde_json::from_str(&identity.claims).map_err(Error::internal)?,
    };
    serde_json::to_string(&current).map_err(Error::internal)
}

impl HostProof for Call {
    fn user(&mut self, proof: Resource<Proof>) -> wasmtime::Result<String> {
        Ok(self.table.get(&proof)?.user.clone())
    }

    fn method(&mut self, proof: Resource<Proof>) -> wasmtime::Result<String> {
        Ok(self.table.get(&proof)?.method.clone())
    }

    fn drop(&mut self, proof: Resource<Proof>) -> wasmtime::Result<()> {
        self.table.delete(proof)?;
        Ok(())
    }
}

/// Runs an act within the call's time.
macro_rules! act {
    ($self:ident, $scope:ident, $acts:literal, |$auth:ident, $caller:ident| $act:expr) => {{
        let asked = $self.asked(Scope::$scope, $acts)?;
        let ($auth, $caller) = (&asked.auth, asked.caller());
        asked.within($act).await
    }};
}

impl Host for Call {
    fn current(&mut self) -> wasmtime::Result<String> {
        let described = self.scope().and_then(|scope| describe(&scope.identity));
        described.map_err(|error| wasmtime::Error::msg(error.to_string()))
    }

    fn policy(&mut self) -> wasmtime::Result<String> {
        Ok(self.fixed.identity.auth.describe().to_string())
    }

    fn keys(&mut self) -> Result<String> {
        Ok(self.fixed.identity.auth.jwks().to_string())
    }

    fn audit(&mut self, event: String, details: String) -> Result<()> {
        let invalid = |what: &str| Err(Error::new(&code::IDENTITY_INVALID, what));
        let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let has_shape = event.split_once('.').is_some_and(|(area, what)| {
            [area, what].iter().all(|part| !part.is_empty() && part.bytes().all(is_word)) && event.len() <= 64
        });
        if !has_shape {
            return invalid("an event is named `area.what`, in small letters, at most 64 bytes");
        }
        let parsed: serde_json::Value = match serde_json::from_str(&details) {
            Ok(parsed @ serde_json::Value::Object(_)) if details.len() <= MAX_DETAILS => parsed,
            _ => return invalid("details are an object of JSON, of at most 4 KiB"),
        };
        let plugin = self.fixed.plugin.clone();
        audit::publish(&self.scope()?.identity, &format!("{plugin}:{event}"), &parsed);
        Ok(())
    }

    async fn sign_up(&mut self, user: String, password: Option<String>) -> Result<Resource<Proof>> {
        let password = password.map(Zeroizing::new);
        let proof = act!(self, Password, true, |auth, caller| auth.sign_up(caller, &user, password))?;
        self.hold_proof(proof)
    }

    async fn decoy(&mut self, user: String) -> Result<String> {
        act!(self, Password, false, |auth, _caller| auth.decoy(&user))
    }

    async fn verify_password(&mut self, account: contract::Account, password: String) -> Result<Resource<Proof>> {
        let (account, password) = (account.into(), Zeroizing::new(password));
        let proof = act!(self, Password, true, |auth, caller| auth.verify_password(caller, account, password))?;
        self.hold_proof(proof)
    }

    async fn start_session(&mut self, proof: Resource<Proof>) -> Result<String> {
        let proof = self.table.delete(proof).map_err(Error::internal)?;
        act!(self, Session, true, |auth, caller| auth.start_session(caller, &proof))
    }

    async fn refresh(&mut self, token: String) -> Result<String> {
        act!(self, Session, true, |auth, caller| auth.refresh(caller, &token))
    }

    async fn sign_out(&mut self, reach: contract::Reach) -> Result<()> {
        act!(self, Session, true, |auth, caller| auth.sign_out(caller, reach.into()))
    }

    async fn sessions(&mut self, user: String) -> Result<String> {
        act!(self, Session, false, |auth, caller| auth.sessions(caller, &user))
    }

    async fn end_session(&mut self, id: String) -> Result<()> {
        act!(self, Session, true, |auth, caller| auth.end_session(caller, &id))
    }

    async fn find_user(&mut self, account: contract::Account) -> Result<String> {
        act!(self, Session, false, |auth, caller| auth.find_user(caller, account.into()))
    }

    async fn update_user(&mut self, id: String, changes: String, password: Option<String>) -> Result<String> {
        let password = password.map(Zeroizing::new);
        act!(self, Session, true, |auth, caller| auth.update_user(caller, &id, &changes, password))
    }

    async fn enrol(&mut self, factor: String) -> Result<String> {
        act!(self, Factor, true, |auth, caller| auth.enrol(caller, &factor))
    }

    async fn challenge(&mut self, factor: String) -> Result<String> {
        act!(self, Factor, true, |auth, caller| auth.challenge(caller, &factor))
    }

    async fn verify(&mut self, factor: String, challenge: String, code: String) -> Result<String> {
        let code = Zeroizing::new(code);
        act!(self, Factor, true, |auth, caller| auth.verify(caller, &factor, &challenge, &code))
    }

    async fn unenrol(&mut self, factor: String) -> Result<String> {
        act!(self, Factor, true, |auth, caller| auth.unenrol(caller, &factor))
    }

    async fn recovery_codes(&mut self) -> Result<Vec<String>> {
        act!(self, Factor, true, |auth, caller| auth.recovery_codes(caller))
    }

    async fn recover(&mut self, code: String) -> Result<String> {
        let code = Zeroizing::new(code);
        act!(self, Factor, true, |auth, caller| auth.recover(caller, &code))
    }

    async fn issue(&mut self, kind: String, account: contract::Account) -> Result<Option<String>> {
        act!(self, Token, true, |auth, caller| auth.issue(caller, &kind, account.into()))
    }

    async fn redeem(&mut self, kind: String, account: contract::Account, token: String) -> Result<Resource<Proof>> {
        let proof = act!(self, Token, true, |auth, caller| auth.redeem(caller, &kind, account.into(), &token))?;
        self.hold_proof(proof)
    }

    async fn redeem_hash(&mut self, kind: String, hash: String) -> Result<Resource<Proof>> {
        let proof = act!(self, Token, true, |auth, caller| auth.redeem_hash(caller, &kind, &hash))?;
        self.hold_proof(proof)
    }

    async fn vouch(&mut self, user: String, method: String) -> Result<Resource<Proof>> {
        let proof = act!(self, Vouch, true, |auth, caller| auth.vouch(caller, &user, &method))?;
        self.hold_proof(proof)
    }

    async fn create_user(&mut self, user: String, password: Option<String>) -> Result<String> {
        let password = password.map(Zeroizing::new);
        act!(self, Admin, true, |auth, caller| auth.create_user(caller, &user, password))
    }

    async fn list_users(&mut self, page: u32, per_page: u32, filter: String) -> Result<String> {
        act!(self, Admin, false, |auth, caller| auth.list_users(caller, page, per_page, &filter))
    }

    async fn delete_user(&mut self, id: String, soft: bool) -> Result<()> {
        act!(self, Admin, true, |auth, caller| auth.delete_user(caller, &id, soft))
    }

    async fn end_sessions(&mut self, user: String) -> Result<()> {
        act!(self, Admin, true, |auth, caller| auth.end_sessions(caller, &user))
    }

    async fn impersonate(&mut self, user: String) -> Result<String> {
        act!(self, Admin, true, |auth, caller| auth.impersonate(caller, &user))
    }

    async fn reset_attempts(&mut self, user: String) -> Result<()> {
        act!(self, Admin, true, |auth, caller| auth.reset_attempts(caller, &user))
    }
}
