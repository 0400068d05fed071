//! What is not here yet: mail, messages to phones, OAuth, SAML, linking. Each is refused with a reason that clients know, and
//! nothing deliberately pretends to have been sent.

use sdk_plugin::Response;

use crate::call::Call;
use crate::refusal::{Failure, Refusal};
use crate::request::Members;

/// Flows that begin with a mail.
pub(crate) fn mail(_call: &Call<'_>) -> Result<Response, Failure> {
    Err(Refusal::no_mail().into())
}

/// Flows that begin with a mail or with a message to a phone.
pub(crate) fn mail_or_phone(call: &Call<'_>) -> Result<Response, Failure> {
    Err(refusal(&call.members()?).into())
}

fn refusal(members: &Members) -> Refusal {
    if members.contains_key("phone") { Refusal::no_phone() } else { Refusal::no_mail() }
}

/// `GET /authorize`.
pub(crate) fn provider(_call: &Call<'_>) -> Result<Response, Failure> {
    Err(Refusal::no_provider().into())
}

/// Identities of other providers.
pub(crate) fn linking(call: &Call<'_>) -> Result<Response, Failure> {
    call.user()?;
    Err(Refusal::new(404, "manual_linking_disabled", "Manual linking is disabled").into())
}

/// `POST /sso`.
pub(crate) fn sso(_call: &Call<'_>) -> Result<Response, Failure> {
    Err(Refusal::new(404, "saml_provider_disabled", "SAML 2.0 is disabled").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::members;

    #[test]
    fn the_reason_is_the_one_of_what_was_asked_for() {
        let code = |text: &str| refusal(&members(text).expect("an object")).code;
        assert_eq!(code(r#"{"email":"a@b.co","create_user":false}"#), "email_provider_disabled");
        assert_eq!(code(r#"{"phone":"+1","channel":"sms"}"#), "phone_provider_disabled");
    }
}
