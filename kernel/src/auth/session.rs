//! Sessions: from a proof to tokens, from one refresh token to the next, and their end. It takes nobody's word: what starts a session
//! is a proof.
//!
//! A refresh token is good once. Two tabs that use one at the same moment get the same next one, because it is made from its
//! id with the instance's key; later than that, a used token is taken for a stolen one, and ends the session.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::user::{Caller, Proof, deadline, unknown};
use super::{Auth, SKEW, audit, now};
use crate::error::{Error, Result, code};
use crate::identity::Identity;
use crate::store::identity::{Account, Act, Session};

/// How long a used token gives the same next one.
const GRACE: f64 = 10.0;

/// How long an administrator may be somebody else.
const IMPERSONATION: i64 = 15 * 60;

/// Which of the caller's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// That of the request.
    This,
    /// The others.
    Others,
    /// All.
    All,
}

impl Auth {
    /// Signs a user in.
    ///
    /// # Errors
    /// `identity.banned`, `identity.not-confirmed`, `identity.unknown-user`.
    pub async fn start_session(&self, caller: Caller<'_>, proof: &Proof) -> Result<String> {
        let mut act = self.store.act(deadline()).await?;
        let account = Account::Id(proof.id.clone());
        // Held, so that nobody is banned or deleted meanwhile.
        if !act.hold_user(&proof.id).await? {
            return Err(unknown());
        }
        let known = act.credentials(&account).await?.ok_or_else(unknown)?;
        self.may_sign_in(&known)?;
        let origin = &caller.identity.origin;
        let from = (origin.address.map(|address| address.to_string()), origin.agent.as_str());
        let session = act.add_session(&proof.id, &proof.method, from).await?.ok_or_else(unknown)?;
        let tokens = self.tokens(&mut act, &session, None).await?;
        act.commit().await?;
        let details = json!({ "user_id": proof.id, "session_id": session.id, "method": proof.method });
        audit::publish(caller.identity, "session.started", &details);
        Ok(tokens)
    }

    /// The next tokens of a session.
    ///
    /// # Errors
    /// `identity.unknown-token`, `identity.used-token`, `identity.banned`, `identity.session-expired`.
    pub async fn refresh(&self, caller: Caller<'_>, token: &str) -> Result<String> {
        let (idle, longest) = (self.config.refresh_token_lifetime.0, self.config.session_lifetime.map(|time| time.0));
        let mut act = self.store.act(deadline()).await?;
        let shown = act.refresh_token(&digest(token), idle, longest).await?.ok_or_else(super::ticket::unknown)?;
        let known = act.credentials(&Account::Id(shown.session.user.clone())).await?.ok_or_else(unknown)?;
        let end = match (shown.used, &shown.child) {
            _ if shown.is_over => Some(("expired", &code::IDENTITY_SESSION_EXPIRED)),
            _ if known.is_banned => Some(("banned", &code::IDENTITY_BANNED)),
            (Some(age), Some(_)) if age <= GRACE => None,
            (Some(_), _) => Some(("reuse", &code::IDENTITY_USED_TOKEN)),
            (None, _) => None,
        };
        let Some((reason, code)) = end else {
            let next = match shown.child.filter(|_| shown.used.is_some()) {
                Some(child) => Next::Again(child),
                None => Next::After(shown.id),
            };
            let tokens = self.tokens(&mut act, &shown.session, Some(next)).await?;
            act.commit().await?;
            return Ok(tokens);
        };
        act.end_session(&shown.session.id, reason, self.access()).await?;
        act.commit().await?;
        self.look().await;
        let details = json!({ "user_id": shown.session.user, "session_id": shown.session.id, "reason": reason });
        audit::publish(caller.identity, "session.ended", &details);
        Err(Error::new(code, code.meaning))
    }

    /// Tokens of a session. Without a token before them they are the only ones that it has.
    pub(super) async fn tokens(&self, act: &mut Act<'_>, session: &Session, next: Option<Next>) -> Result<String> {
        let refresh = match next {
            Some(Next::Again(child)) => self.refresh_token(&child),
            next => {
                let parent = match &next {
                    Some(Next::After(parent)) => Some(parent.as_str()),
                    _ => {
                        act.drop_refresh_tokens(&session.id).await?;
                        None
                    }
                };
                let id = uuid::Uuid::new_v4().to_string();
                let token = self.refresh_token(&id);
                act.add_refresh_token(&session.id, &id, &digest(&token), parent).await?;
                token
            }
        };
        let user = act.user(&Account::Id(session.user.clone())).await?.ok_or_else(unknown)?;
        let user: Value = serde_json::from_str(&user).map_err(Error::internal)?;
        let mut claims = self.claims(&user, self.seconds());
        claims["aal"] = session.aal.as_str().into();
        claims["amr"] = serde_json::from_str(&session.amr).map_err(Error::internal)?;
        claims["session_id"] = session.id.as_str().into();
        let mut answer = self.answer(&claims, user)?;
        answer["refresh_token"] = refresh.into();
        Ok(answer.to_string())
    }

    fn seconds(&self) -> i64 {
        i64::try_from(self.config.access_token_lifetime.0.as_secs()).unwrap_or(i64::MAX)
    }

    fn claims(&self, user: &Value, lifetime: i64) -> Value {
        let now = now();
        json!({
            "iss": self.config.issuer, "sub": user["id"], "aud": user["aud"], "exp": now + lifetime, "iat": now,
            "jti": uuid::Uuid::new_v4().to_string(), "email": user["email"], "phone": user["phone"], "role": user["role"],
            "app_metadata": user["app_metadata"], "user_metadata": user["user_metadata"],
            "is_anonymous": user["is_anonymous"],
        })
    }

    fn answer(&self, claims: &Value, user: Value) -> Result<Value> {
        let (expires_at, issued_at) = (claims["exp"].as_i64(), claims["iat"].as_i64());
        let expires_in = expires_at.zip(issued_at).map(|(expires, issued)| expires - issued);
        Ok(json!({
            "access_token": self.sign(claims)?, "token_type": "bearer", "expires_in": expires_in, "expires_at": expires_at,
            "user": user,
        }))
    }

    fn refresh_token(&self, id: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.keyed(&["refresh", id]))
    }

    /// What only who has the instance's key can make of these.
    pub(super) fn keyed(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.refresh).expect("HMAC takes keys of any length");
        mac.update(parts.join(":").as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// For how long what was handed out may still be shown.
    pub(super) fn access(&self) -> Duration {
        self.config.access_token_lifetime.0.max(Duration::from_secs(IMPERSONATION as u64))
            + Duration::from_secs(2 * SKEW)
    }

    /// Ends sessions of the caller.
    ///
    /// # Errors
    /// `identity.signed-out`.
    pub async fn sign_out(&self, caller: Caller<'_>, reach: Reach) -> Result<()> {
        let (user, session) = signed_in(caller.identity)?;
        let mut act = self.store.act(deadline()).await?;
        match reach {
            Reach::This => act.end_session(session, "signed out", self.access()).await.map(drop),
            Reach::Others => act.end_sessions(user, Some(session), "signed out", self.access()).await.map(drop),
            Reach::All => act.end_sessions(user, None, "signed out", self.access()).await.map(drop),
        }?;
        act.commit().await?;
        self.look().await;
        audit::publish(caller.identity, "session.signed-out", &json!({ "reach": format!("{reach:?}").to_lowercase() }));
        Ok(())
    }

    /// The sessions of a user.
    ///
    /// # Errors
    /// `identity.unknown-user`.
    pub async fn sessions(&self, caller: Caller<'_>, user: &str) -> Result<String> {
        caller.reaches(user)?;
        let mut act = self.store.act(deadline()).await?;
        act.user(&Account::Id(user.to_owned())).await?.ok_or_else(unknown)?;
        let sessions = act.sessions(user, caller.identity.session.as_deref()).await?;
        act.commit().await?;
        Ok(sessions)
    }

    /// Ends one session.
    ///
    /// # Errors
    /// `identity.unknown-session`: also of a stranger's.
    pub async fn end_session(&self, caller: Caller<'_>, id: &str) -> Result<()> {
        let unknown = || Error::new(&code::IDENTITY_UNKNOWN_SESSION, "there is no such session");
        let mut act = self.store.act(deadline()).await?;
        let session = act.session(id).await?.ok_or_else(unknown)?;
        caller.reaches(&session.user).map_err(|_| unknown())?;
        act.end_session(id, "ended", self.access()).await?;
        act.commit().await?;
        self.look().await;
        audit::publish(caller.identity, "session.ended", &json!({ "user_id": session.user, "session_id": id }));
        Ok(())
    }

    /// Ends all sessions of a user.
    ///
    /// # Errors
    /// `identity.denied`.
    pub async fn end_sessions(&self, caller: Caller<'_>, user: &str) -> Result<()> {
        caller.administers()?;
        let mut act = self.store.act(deadline()).await?;
        let ended = act.end_sessions(user, None, "ended", self.access()).await?;
        act.commit().await?;
        self.look().await;
        audit::publish(caller.identity, "session.ended", &json!({ "user_id": user, "sessions": ended }));
        Ok(())
    }

    /// An access token of somebody else's, for a while, that says so. It is of no session: it can refresh, change a password or
    /// enrol a factor for nobody.
    ///
    /// # Errors
    /// `identity.denied`, `identity.unknown-user`.
    pub async fn impersonate(&self, caller: Caller<'_>, user: &str) -> Result<String> {
        caller.administers()?;
        let mut act = self.store.act(deadline()).await?;
        let found = act.user(&Account::Id(user.to_owned())).await?.ok_or_else(unknown)?;
        act.commit().await?;
        let found: Value = serde_json::from_str(&found).map_err(Error::internal)?;
        let mut claims = self.claims(&found, IMPERSONATION);
        let key = caller.identity.key.as_ref().map(|key| key.id.clone());
        claims["act"] = json!({ "role": caller.identity.role, "sub": caller.identity.subject, "key_id": key });
        claims["aal"] = "aal1".into();
        claims["amr"] = json!([{ "method": "impersonation", "timestamp": now() }]);
        audit::publish(caller.identity, "user.impersonated", &json!({ "user_id": user, "jti": claims["jti"] }));
        Ok(self.answer(&claims, found)?.to_string())
    }
}

/// Where a refresh token stands.
pub(super) enum Next {
    /// After the one that is used up now.
    After(String),
    /// The one that was given before.
    Again(String),
}

/// The user and the session of a caller who has one.
///
/// # Errors
/// `identity.signed-out`.
pub(super) fn signed_in(caller: &Identity) -> Result<(&str, &str)> {
    let both = caller.subject.as_deref().zip(caller.session.as_deref());
    both.ok_or_else(|| Error::new(&code::IDENTITY_SIGNED_OUT, "the caller has no session"))
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
