//! Users, sessions and proofs, as a test scripts them, function by function. It deliberately checks nothing: that a proof is one, the
//! kernel's tests show.

use serde_json::{Value, json};

use super::state::{self, State};
use crate::Problem;

/// A call of the capability, as a script sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// The function: `verify-password`.
    pub function: &'static str,
    /// Its arguments. Objects are objects; accounts are `{"email": "…"}`.
    pub arguments: Vec<Value>,
}

/// What names a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// By the user's id.
    Id(String),
    /// By address.
    Email(String),
    /// By number.
    Phone(String),
}

/// Which of the caller's sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The one of this request.
    This,
    /// All but that one.
    Others,
    /// All.
    All,
}

/// What was proven of a user. A script gives one as `{"user": {…}, "method": "password"}`.
#[derive(Debug)]
pub struct Proof {
    user: Value,
    method: String,
}

impl Proof {
    /// The user, as `find_user` gives one.
    pub fn user(&self) -> String {
        self.user.to_string()
    }

    /// As `amr` names it.
    pub fn method(&self) -> String {
        self.method.clone()
    }
}

impl Account {
    fn value(&self) -> Value {
        match self {
            Self::Id(id) => json!({ "id": id }),
            Self::Email(email) => json!({ "email": email }),
            Self::Phone(phone) => json!({ "phone": phone }),
        }
    }
}

impl Reach {
    fn value(self) -> Value {
        match self {
            Self::This => json!("this"),
            Self::Others => json!("others"),
            Self::All => json!("all"),
        }
    }
}

fn act(function: &'static str, arguments: Vec<Value>) -> Result<Value, Problem> {
    state::wanted("identity");
    let act = Act { function, arguments };
    let named = |state: &mut State| {
        state.identity.iter().rev().find(|(name, _)| name == function).map(|(_, rule)| std::rc::Rc::clone(rule))
    };
    let rule = state::with(named);
    rule.unwrap_or_else(|| panic!("no `on_identity` of the test answers {act:?}"))(&act)
}

fn object(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|fault| panic!("no JSON: {fault}: {text}"))
}

fn text(value: Result<Value, Problem>) -> Result<String, Problem> {
    value.map(|value| value.to_string())
}

fn proof(value: Result<Value, Problem>) -> Result<Proof, Problem> {
    let mut value = value?;
    let method = value["method"].as_str().unwrap_or("password").to_owned();
    Ok(Proof { user: value["user"].take(), method })
}

macro_rules! functions {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $type:ty = $value:expr),*) -> $output:ty = $as:expr, $function:literal;)*) => {
        $(
            $(#[$doc])*
            pub fn $name($($argument: $type),*) -> Result<$output, Problem> {
                $as(act($function, vec![$(json!($value)),*]))
            }
        )*
    };
}

fn nothing(value: Result<Value, Problem>) -> Result<(), Problem> {
    value.map(drop)
}

fn maybe(value: Result<Value, Problem>) -> Result<Option<String>, Problem> {
    value.map(|value| (!value.is_null()).then(|| value.to_string()))
}

fn list(value: Result<Value, Problem>) -> Result<Vec<String>, Problem> {
    let strings = |value: Value| serde_json::from_value(value).unwrap_or_else(|fault| panic!("no list: {fault}"));
    value.map(strings)
}

functions! {
    /// Notes that something happened.
    fn audit(event: &str = event, details: &str = object(details)) -> () = nothing, "audit";
    /// A new user.
    fn sign_up(user: &str = object(user), password: Option<&str> = password) -> Proof = proof, "sign-up";
    /// What a new user would look like.
    fn decoy(user: &str = object(user)) -> String = text, "decoy";
    /// Proves a user by the password.
    fn verify_password(account: &Account = account.value(), password: &str = password) -> Proof = proof, "verify-password";
    /// Signs the user of a proof in.
    fn start_session(proof: Proof = proof.user) -> String = text, "start-session";
    /// The next tokens of a session.
    fn refresh(token: &str = token) -> String = text, "refresh";
    /// Ends sessions of the caller.
    fn sign_out(reach: Reach = reach.value()) -> () = nothing, "sign-out";
    /// The sessions of a user.
    fn sessions(user: &str = user) -> String = text, "sessions";
    /// Ends one session.
    fn end_session(id: &str = id) -> () = nothing, "end-session";
    /// The user.
    fn find_user(account: &Account = account.value()) -> String = text, "find-user";
    /// Changes a user.
    fn update_user(id: &str = id, changes: &str = object(changes), password: Option<&str> = password) -> String = text, "update-user";
    /// Begins to enrol a factor.
    fn enrol(factor: &str = object(factor)) -> String = text, "enrol";
    /// Asks for a code.
    fn challenge(factor: &str = factor) -> String = text, "challenge";
    /// Checks a code.
    fn verify(factor: &str = factor, challenge: &str = challenge, code: &str = code) -> String = text, "verify";
    /// Removes a factor.
    fn unenrol(factor: &str = factor) -> String = text, "unenrol";
    /// New recovery codes.
    fn recovery_codes() -> Vec<String> = list, "recovery-codes";
    /// Uses up a recovery code.
    fn recover(code: &str = code) -> String = text, "recover";
    /// A token for one use.
    fn issue(kind: &str = kind, account: &Account = account.value()) -> Option<String> = maybe, "issue";
    /// Uses up the digits of a token.
    fn redeem(kind: &str = kind, account: &Account = account.value(), token: &str = token) -> Proof = proof, "redeem";
    /// The same by hash.
    fn redeem_hash(kind: &str = kind, hash: &str = hash) -> Proof = proof, "redeem-hash";
    /// A proof for what the plugin has checked.
    fn vouch(user: &str = user, method: &str = method) -> Proof = proof, "vouch";
    /// A new user, by an administrator.
    fn create_user(user: &str = object(user), password: Option<&str> = password) -> String = text, "create-user";
    /// The users, by pages.
    fn list_users(page: u32 = page, per_page: u32 = per_page, filter: &str = filter) -> String = text, "list-users";
    /// Removes a user.
    fn delete_user(id: &str = id, soft: bool = soft) -> () = nothing, "delete-user";
    /// Ends all sessions of a user.
    fn end_sessions(user: &str = user) -> () = nothing, "end-sessions";
    /// An access token of the user's.
    fn impersonate(user: &str = user) -> String = text, "impersonate";
    /// Forgets failures.
    fn reset_attempts(user: &str = user) -> () = nothing, "reset-attempts";
    /// The public keys.
    fn keys() -> String = text, "keys";
}

/// The caller of this request.
pub fn current() -> String {
    act("current", Vec::new()).expect("`current` does not fail").to_string()
}

/// What the operator decided.
pub fn policy() -> String {
    act("policy", Vec::new()).expect("`policy` does not fail").to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::identity::{self, Account};
    use crate::testing::Host;
    use crate::{Problem, Request, Response};

    fn login(_: Request) -> Result<Response, Problem> {
        let proof = identity::verify_password(&Account::Email("a@example.com".to_owned()), "secret")?;
        Ok(Response::new(200).text(identity::start_session(proof)?))
    }

    #[test]
    fn a_proof_becomes_a_session_as_the_test_says() {
        let host = Host::new(
            "[[route]]\nname = \"a\"\npath = \"\"\nmounts = [\"/a\"]\n[want.identity]\nscopes = [\"password\", \"session\"]",
        );
        host.on_identity("verify-password", |act| match act.arguments[1].as_str() {
            Some("secret") => Ok(json!({ "user": { "id": "7" }, "method": "password" })),
            _ => Err(Problem::new("identity.wrong-credentials", "no")),
        });
        host.on_identity("start-session", |act| Ok(json!({ "user": act.arguments[0] })));
        let answer = host.request("POST", "/a").send(login).expect("signed in");
        assert_eq!(answer.text(), r#"{"user":{"id":"7"}}"#);
    }
}
