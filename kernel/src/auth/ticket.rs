//! What is sent to somebody to prove that they read it: six digits to type, and a long form for links. It sends nothing.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::user::{Caller, Proof, deadline, invalid, locked, normal, subject, unknown as unknown_user};
use super::{Auth, audit};
use crate::error::{Error, Result, code};
use crate::store::identity::{Account, Act, Change, Token};

/// How long one is good.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Between two of one kind for one user, in seconds: nobody's mailbox is to be flooded.
const PAUSE: u64 = 60;

const KINDS: [&str; 6] = ["signup", "recovery", "magiclink", "invite", "email_change", "reauthentication"];

/// What `email` stands for when a token is redeemed: who types digits does not know what they were made for.
const EMAIL: [&str; 3] = ["magiclink", "signup", "invite"];

impl Auth {
    /// A token for one use; nothing where there is no such user.
    ///
    /// # Errors
    /// `identity.too-often`, `identity.invalid`.
    pub async fn issue(&self, caller: Caller<'_>, kind: &str, account: Account) -> Result<Option<String>> {
        check(kind)?;
        let mut act = self.store.act(deadline()).await?;
        let Some(user) = act.user(&normal(account)).await? else { return Ok(None) };
        let user: Value = serde_json::from_str(&user).map_err(Error::internal)?;
        let id = user["id"].as_str().unwrap_or_default();
        act.hold_user(id).await?;
        if let Some(left) =
            act.token_age(id, kind).await?.and_then(|age| PAUSE.checked_sub(age)).filter(|left| *left > 0)
        {
            let message = "a token of this kind was made for this user a moment ago";
            return Err(Error::new(&code::IDENTITY_TOO_OFTEN, message).details(json!({ "retry_after": left })));
        }
        let said = |name: &str| user[name].as_str().filter(|text| !text.is_empty());
        let to = if kind == "email_change" { said("new_email") } else { said("email").or(said("phone")) };
        let to = to.ok_or_else(|| invalid("the user has nothing that this could be sent to"))?;
        let (token, hash) = (digits(), long());
        let digests = (&self.code_digest(kind, id, &token), &digest(&hash));
        let expires_at = act.add_token(id, kind, digests, Some(to), LIFETIME).await?;
        act.commit().await?;
        audit::publish(caller.identity, "token.issued", &json!({ "user_id": id, "kind": kind }));
        let issued = json!({
            "token": token, "token_hash": hash, "kind": kind, "expires_at": expires_at, "to": to, "user": user,
        });
        Ok(Some(issued.to_string()))
    }

    /// Uses up the digits of a token.
    ///
    /// # Errors
    /// `identity.unknown-token`, `identity.locked`, `identity.banned`.
    pub async fn redeem(&self, caller: Caller<'_>, kind: &str, account: Account, token: &str) -> Result<Proof> {
        let kinds = provable(kind)?;
        let account = normal(account);
        let subject = subject("token", &account);
        let mut act = self.store.act(deadline()).await?;
        let mut owners = Vec::new();
        for kind in kinds {
            if let Some(owner) = act.token_owner(kind, &account).await? {
                // Held, so that of many guesses at once each sees those before it.
                act.hold_user(&owner).await?;
                owners.push((*kind, owner));
            }
        }
        if let Some(seconds) = act.locked(&subject).await? {
            return Err(locked(seconds));
        }
        let mut used = None;
        for (kind, owner) in &owners {
            if used.is_none() {
                let digest = self.code_digest(kind, owner, token.trim());
                used = act.use_code(kind, owner, &digest).await?.map(|token| (*kind, token));
            }
        }
        let Some((kind, used)) = used else {
            act.failed(&subject, self.attempts()).await?;
            act.commit().await?;
            return Err(unknown());
        };
        act.forgive(&subject).await?;
        self.proven(caller, act, kind, used).await
    }

    /// Uses up the long form of a token.
    ///
    /// # Errors
    /// `identity.unknown-token`, `identity.banned`.
    pub async fn redeem_hash(&self, caller: Caller<'_>, kind: &str, hash: &str) -> Result<Proof> {
        let mut act = self.store.act(deadline()).await?;
        for kind in provable(kind)? {
            if let Some(used) = act.use_token(kind, &digest(hash)).await? {
                return self.proven(caller, act, kind, used).await;
            }
        }
        Err(unknown())
    }

    /// Who reads what is sent to an address has it.
    async fn proven(&self, caller: Caller<'_>, mut act: Act<'_>, kind: &str, used: Token) -> Result<Proof> {
        let account = Account::Id(used.user.clone());
        let before = act.user(&account).await?.ok_or_else(unknown_user)?;
        let before: Value = serde_json::from_str(&before).map_err(Error::internal)?;
        let read = used.relates_to.as_deref();
        let is = |name: &str| read.is_some() && before[name].as_str() == read;
        let change = match kind {
            "email_change" if is("new_email") => {
                let email = read.map(|email| (email.to_owned(), true));
                Change { email, is_anonymous: Some(false), ..Change::default() }
            }
            // Another address than it was sent to is there by now.
            "email_change" => return Err(unknown()),
            _ => Change { confirm: (is("email"), is("phone")), ..Change::default() },
        };
        act.change_user(&used.user, &change).await?;
        let known = act.credentials(&account).await?.ok_or_else(unknown_user)?;
        let user = act.user(&account).await?.ok_or_else(unknown_user)?;
        act.commit().await?;
        audit::publish(caller.identity, "token.redeemed", &json!({ "user_id": used.user, "kind": kind }));
        self.may_sign_in(&known)?;
        Ok(Proof { id: used.user, user, method: kind.to_owned() })
    }

    /// Of digits there are few: what is kept cannot be tried out without the instance's key.
    pub(super) fn code_digest(&self, kind: &str, user: &str, code: &str) -> [u8; 32] {
        self.keyed(&["token", kind, user, code])
    }
}

fn check(kind: &str) -> Result<()> {
    if KINDS.contains(&kind) { Ok(()) } else { Err(invalid(&format!("a token is one of {}", KINDS.join(", ")))) }
}

/// The kinds that somebody may mean.
fn provable(kind: &str) -> Result<&'static [&'static str]> {
    match KINDS.iter().position(|known| *known == kind) {
        _ if kind == "email" => Ok(&EMAIL),
        Some(_) if kind == "reauthentication" => Err(invalid("a token of `reauthentication` is for `update-user`")),
        Some(at) => Ok(&KINDS[at..=at]),
        None => check(kind).map(|()| &[] as &[&str]),
    }
}

fn digits() -> String {
    // 2^32 is 4294 times a million and a rest: some are likelier by less than a hundredth of a percent.
    format!("{:06}", rand::rng().next_u32() % 1_000_000)
}

fn long() -> String {
    let mut random = [0; 32];
    rand::rng().fill_bytes(&mut random);
    URL_SAFE_NO_PAD.encode(random)
}

fn digest(hash: &str) -> [u8; 32] {
    Sha256::digest(hash.as_bytes()).into()
}

pub(super) fn unknown() -> Error {
    Error::new(&code::IDENTITY_UNKNOWN_TOKEN, "the token is not known: wrong, used up, or too old")
}
