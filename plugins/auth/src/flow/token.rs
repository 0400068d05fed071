//! `POST /token`: a session for a password, the next tokens for a refresh token. It deliberately counts no failures: the kernel
//! does, for all plugins at once.

use sdk_plugin::Response;
use sdk_plugin::identity::{self, Account};

use crate::call::Call;
use crate::refusal::{Act, Failure, explain};
use crate::request::credentials::{self, Grant};
use crate::request::link::query_value;
use crate::response;

/// The flow.
pub(crate) fn token(call: &Call<'_>) -> Result<Response, Failure> {
    let kind = query_value(call.query(), "grant_type").unwrap_or_default();
    let session = match credentials::parse(&kind, call.members()?)? {
        Grant::Email { address, password } => sign_in(&Account::Email(address), &password)?,
        Grant::Phone { number, password } => sign_in(&Account::Phone(number), &password)?,
        Grant::Refresh(token) => identity::refresh(&token).map_err(explain(Act::Refresh))?,
    };
    Ok(response::document(200, session))
}

fn sign_in(account: &Account, password: &str) -> Result<String, Failure> {
    let proof = identity::verify_password(account, password).map_err(explain(Act::SignIn))?;
    identity::start_session(proof).map_err(explain(Act::SignIn))
}
