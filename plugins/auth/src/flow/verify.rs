//! `/verify`: links and codes that were made by `POST /admin/generate_link`. It deliberately leads only to places of the
//! configuration, whatever a link says.

use sdk_plugin::Response;
use sdk_plugin::identity::{self, Account};

use crate::call::Call;
use crate::refusal::{Act, Failure, explain};
use crate::request::link::query_value;
use crate::request::redirect;
use crate::request::verification::{self, Proof, Verification};
use crate::response::{self, session};

/// `POST /verify`.
pub(crate) fn verify(call: &Call<'_>) -> Result<Response, Failure> {
    Ok(response::document(200, redeem(&verification::parse(call.members()?)?)?))
}

/// `GET /verify`: somebody opened a link.
pub(crate) fn follow(call: &Call<'_>) -> Result<Response, Failure> {
    let wanted = query_value(call.query(), "redirect_to");
    let place = redirect::target(wanted.as_deref(), &call.config.places, &call.config.site_url);
    let outcome = verification::parse_link(call.query()).map_err(Failure::from).and_then(|verification| {
        let session = response::open(&redeem(&verification)?)?;
        Ok(session::redirect(place, &session, verification.kind))
    });
    match outcome {
        Err(Failure::Refused(refusal)) => Ok(session::redirect_refusal(place, &refusal)),
        outcome => outcome,
    }
}

/// `HEAD /verify`: something looks where a link leads, and must not use it up.
pub(crate) fn look(_call: &Call<'_>) -> Result<Response, Failure> {
    Ok(response::nothing())
}

fn redeem(verification: &Verification) -> Result<String, Failure> {
    let proof = match &verification.proof {
        Proof::Hash(hash) => identity::redeem_hash(verification.kind, hash),
        Proof::Code { email, code } => identity::redeem(verification.kind, &Account::Email(email.clone()), code),
    };
    identity::start_session(proof.map_err(explain(Act::Redeem))?).map_err(explain(Act::Redeem))
}
