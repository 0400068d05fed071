//! Sessions of the caller: signing out, and our addition, seeing and ending each. Those of others are `flow/admin.rs`.

use sdk_plugin::Response;
use sdk_plugin::identity::{self, Reach};

use crate::call::Call;
use crate::refusal::{Act, Failure, Refusal, explain};
use crate::request::link::query_value;
use crate::response;

/// `POST /logout`.
pub(crate) fn sign_out(call: &Call<'_>) -> Result<Response, Failure> {
    let reach = reach(query_value(call.query(), "scope").as_deref())?;
    call.user()?;
    identity::sign_out(reach).map_err(explain(Act::SignOut))?;
    Ok(response::nothing())
}

fn reach(scope: Option<&str>) -> Result<Reach, Refusal> {
    match scope {
        None | Some("global") => Ok(Reach::All),
        Some("local") => Ok(Reach::This),
        Some("others") => Ok(Reach::Others),
        Some(_) => Err(Refusal::invalid("Unsupported logout scope").hint("scope is global, local or others")),
    }
}

/// `GET /sessions`.
pub(crate) fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let caller = call.user()?;
    Ok(response::document(200, identity::sessions(caller.id()).map_err(explain(Act::Own))?))
}

/// `DELETE /sessions/{session}`.
pub(crate) fn end(call: &Call<'_>) -> Result<Response, Failure> {
    let id = call.id("session")?;
    call.user()?;
    identity::end_session(&id).map_err(explain(Act::Own))?;
    Ok(response::nothing())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_says_how_far_signing_out_reaches() {
        for (scope, expected) in [
            (None, Reach::All),
            (Some("global"), Reach::All),
            (Some("local"), Reach::This),
            (Some("others"), Reach::Others),
        ] {
            assert_eq!(reach(scope).map(|reach| reach as u8), Ok(expected as u8), "{scope:?}");
        }
        assert_eq!(reach(Some("everybody")).expect_err("unknown").code, "validation_failed");
    }
}
