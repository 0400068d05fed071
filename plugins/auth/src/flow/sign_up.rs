//! `POST /signup`: a new user, and their session where nothing is left to confirm. It deliberately answers for a known address
//! what it answers for a new one, where the difference would not show anyway.

use sdk_plugin::{Problem, Response, identity};
use serde::Deserialize;

use crate::call::Call;
use crate::refusal::{Act, Failure, Refusal, explain};
use crate::request::sign_up::{self, SignUp};
use crate::response;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Policy {
    anonymous_users: bool,
    confirm_email: bool,
}

/// The flow.
pub(crate) fn sign_up(call: &Call<'_>) -> Result<Response, Failure> {
    match sign_up::parse(call.members()?)? {
        SignUp::Anonymous { user } => anonymous(&user.to_string()),
        SignUp::Email { user, password } => with_address(&user.to_string(), &password),
    }
}

fn anonymous(user: &str) -> Result<Response, Failure> {
    let policy: Policy = identity::policy()?;
    if !policy.anonymous_users {
        return Err(Refusal::anonymous_closed().into());
    }
    let proof = identity::sign_up(user, None).map_err(explain(Act::SignUp))?;
    start(proof)
}

fn with_address(user: &str, password: &str) -> Result<Response, Failure> {
    let policy: Policy = identity::policy()?;
    match identity::sign_up(user, Some(password)) {
        Ok(proof) if policy.confirm_email => Ok(response::document(200, proof.user())),
        Ok(proof) => start(proof),
        // Without a confirmation a new user is signed in, and a known one cannot be: there is nothing to hide.
        Err(problem) if policy.confirm_email && is_known(&problem) => {
            Ok(response::document(200, identity::decoy(user).map_err(explain(Act::SignUp))?))
        }
        Err(problem) => Err(explain(Act::SignUp)(problem)),
    }
}

fn is_known(problem: &Problem) -> bool {
    problem.code == "identity.exists"
}

fn start(proof: identity::Proof) -> Result<Response, Failure> {
    Ok(response::document(200, identity::start_session(proof).map_err(explain(Act::SignUp))?))
}
