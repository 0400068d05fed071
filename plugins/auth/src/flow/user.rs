//! The caller's own user, and proving anew that it is them. It deliberately sends nothing: a new address waits until a link says
//! that it is read.

use sdk_plugin::Response;
use sdk_plugin::identity::{self, Account};
use serde_json::json;

use crate::call::Call;
use crate::refusal::{Act, Failure, Refusal, explain};
use crate::request::change::{self, Change};
use crate::request::credentials;
use crate::response;

/// `GET /user`.
pub(crate) fn show(call: &Call<'_>) -> Result<Response, Failure> {
    let id = call.user()?.id().to_owned();
    Ok(response::document(200, identity::find_user(&Account::Id(id)).map_err(explain(Act::Own))?))
}

/// `PUT /user`.
pub(crate) fn change(call: &Call<'_>) -> Result<Response, Failure> {
    let caller = call.user()?;
    let change = change::own(call.members()?)?;
    check(&change, caller.is_anonymous())?;
    let changes = json!(change.user).to_string();
    let user =
        identity::update_user(caller.id(), &changes, change.password.as_deref()).map_err(explain(Act::Change))?;
    Ok(response::document(200, user))
}

/// A password alone would belong to nobody who could ever be found by it.
fn check(change: &Change, is_anonymous: bool) -> Result<(), Refusal> {
    match is_anonymous && change.password.is_some() && !change.user.contains_key("email") {
        true => Err(Refusal::new(
            422,
            "validation_failed",
            "Updating password of an anonymous user without an email or phone is not allowed",
        )),
        false => Ok(()),
    }
}

/// `POST /reauthenticate`: our addition, a nonce for the password in place of a mail.
pub(crate) fn reauthenticate(call: &Call<'_>) -> Result<Response, Failure> {
    let caller = call.user()?;
    let Some(password) = credentials::again(call.members()?)? else {
        return Err(Refusal::no_mail().hint("POST /reauthenticate with {\"password\": …} answers with a nonce").into());
    };
    let account = Account::Id(caller.id().to_owned());
    identity::verify_password(&account, &password).map_err(explain(Act::SignIn))?;
    let token = identity::issue("reauthentication", &account).map_err(explain(Act::Own))?;
    let token = response::open(&token.unwrap_or_default())?;
    Ok(response::object(200, &json!({ "nonce": token["token"], "expires_at": token["expires_at"] })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::members;

    #[test]
    fn an_anonymous_user_needs_an_address_for_a_password() {
        let change = |text: &str| change::own(members(text).expect("an object")).expect("valid");
        let (alone, both) = (change(r#"{"password":"p"}"#), change(r#"{"email":"a@b.co","password":"p"}"#));
        assert_eq!(check(&alone, true).expect_err("nobody's").status, 422);
        assert!(check(&alone, false).is_ok() && check(&both, true).is_ok());
        assert!(check(&change(r#"{"data":{}}"#), true).is_ok());
    }
}
