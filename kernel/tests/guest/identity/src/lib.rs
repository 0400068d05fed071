//! The fixture of `identity`: each function by its name, with what the request's body says. Proofs end with the call, so that acts
//! which give one can go on to a session.

use sdk_plugin::identity::{self, Account, Proof, Reach};
use sdk_plugin::{Problem, Request, Response, plugin};
use serde::Deserialize;
use serde_json::{Value, json};

plugin!(handle);

/// What acts take; each takes some of it.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Order {
    user: Value,
    id: String,
    email: Option<String>,
    phone: Option<String>,
    password: Option<String>,
    token: String,
    kind: String,
    code: String,
    challenge: String,
    reach: String,
    method: String,
    filter: String,
    page: u32,
    per_page: u32,
    soft: bool,
    /// Whether a proof becomes a session.
    start: bool,
}

impl Order {
    fn account(&self) -> Account {
        match (&self.email, &self.phone) {
            (Some(email), _) => Account::Email(email.clone()),
            (None, Some(phone)) => Account::Phone(phone.clone()),
            (None, None) => Account::Id(self.id.clone()),
        }
    }

    fn reach(&self) -> Reach {
        match self.reach.as_str() {
            "this" => Reach::This,
            "others" => Reach::Others,
            _ => Reach::All,
        }
    }

    fn proven(&self, proof: Proof) -> Result<String, Problem> {
        if self.start {
            return identity::start_session(proof);
        }
        Ok(json!({ "method": proof.method(), "user": identity::read::<Value>(&proof.user())? }).to_string())
    }
}

fn handle(request: Request) -> Result<Response, Problem> {
    let order: Order = request.json(1 << 20).unwrap_or_default();
    let act = request.param("act").unwrap_or_default();
    let nothing = |()| "null".to_owned();
    let (user, password) = (order.user.to_string(), order.password.as_deref());
    let answer = match act.as_str() {
        "current" => Ok(identity::current::<Value>()?.to_string()),
        "policy" => Ok(identity::policy::<Value>()?.to_string()),
        "keys" => identity::keys(),
        "audit" => identity::audit(&order.kind, &user).map(nothing),
        "sign-up" => identity::sign_up(&user, password).and_then(|proof| order.proven(proof)),
        "verify-password" => identity::verify_password(&order.account(), password.unwrap_or_default())
            .and_then(|proof| order.proven(proof)),
        "refresh" => identity::refresh(&order.token),
        "sign-out" => identity::sign_out(order.reach()).map(nothing),
        "sessions" => identity::sessions(&order.id),
        "end-session" => identity::end_session(&order.id).map(nothing),
        "find-user" => identity::find_user(&order.account()),
        "update-user" => identity::update_user(&order.id, &user, password),
        "enrol" => identity::enrol(&user),
        "challenge" => identity::challenge(&order.id),
        "verify" => identity::verify(&order.id, &order.challenge, &order.code),
        "unenrol" => identity::unenrol(&order.id),
        "recovery-codes" => identity::recovery_codes().map(|codes| json!(codes).to_string()),
        "recover" => identity::recover(&order.code),
        "issue" => identity::issue(&order.kind, &order.account()).map(|issued| issued.unwrap_or("null".to_owned())),
        "redeem" => identity::redeem(&order.kind, &order.account(), &order.token).and_then(|proof| order.proven(proof)),
        "redeem-hash" => identity::redeem_hash(&order.kind, &order.token).and_then(|proof| order.proven(proof)),
        "vouch" => identity::vouch(&order.id, &order.method).and_then(|proof| order.proven(proof)),
        "create-user" => identity::create_user(&user, password),
        "list-users" => identity::list_users(order.page, order.per_page, &order.filter),
        "delete-user" => identity::delete_user(&order.id, order.soft).map(nothing),
        "end-sessions" => identity::end_sessions(&order.id).map(nothing),
        "impersonate" => identity::impersonate(&order.id),
        "reset-attempts" => identity::reset_attempts(&order.id).map(nothing),
        _ => Err(Problem::new("test.unknown", act)),
    };
    Ok(Response::new(200).header("content-type", "application/json").text(answer?))
}
