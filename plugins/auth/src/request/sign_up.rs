//! `POST /signup`. It deliberately reads no captcha and no PKCE challenge: the one is not there yet, the other is for links in mails.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Members, email, metadata, refuse_privileged, shape, text};
use crate::refusal::Refusal;

/// Who wants to be known.
#[derive(Debug, PartialEq)]
pub(crate) enum SignUp {
    /// Nobody in particular.
    Anonymous {
        /// For the capability.
        user: Value,
    },
    /// Whoever has an address.
    Email {
        /// For the capability.
        user: Value,
        password: String,
    },
}

#[derive(Deserialize)]
struct Body {
    email: Option<String>,
    phone: Option<String>,
    password: Option<String>,
    #[serde(alias = "user_metadata")]
    data: Option<Members>,
}

/// What the body asks for.
pub(crate) fn parse(members: Members) -> Result<SignUp, Refusal> {
    refuse_privileged(&members)?;
    let Body { email, phone, password, data } = shape(members)?;
    let data = metadata("data", data)?.unwrap_or_else(|| json!({}));
    match (given(email), given(phone), password) {
        (Some(_), Some(_), _) => {
            Err(Refusal::invalid("Only an email address or phone number should be provided on signup."))
        }
        (None, Some(_), _) => Err(Refusal::no_phone()),
        (Some(address), None, password) => {
            let user = json!({ "email": email::parse(&address)?, "user_metadata": data });
            Ok(SignUp::Email { user, password: text::password(password.unwrap_or_default())? })
        }
        // A password for nobody is a forgotten address, not a wish to stay unknown.
        (None, None, Some(_)) => Err(Refusal::invalid("To sign up, please provide your email")),
        (None, None, None) => Ok(SignUp::Anonymous { user: json!({ "is_anonymous": true, "user_metadata": data }) }),
    }
}

/// Clients send empty texts for what they leave out.
pub(super) fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::members;

    fn parsed(text: &str) -> Result<SignUp, Refusal> {
        parse(members(text).expect("an object"))
    }

    #[test]
    fn what_the_client_sends_is_understood() {
        let with_mail = r#"{"email":"A@b.co","password":"p","data":{"n":1},"gotrue_meta_security":{"captcha_token":"cap"},
            "code_challenge":null,"code_challenge_method":null}"#;
        let user = json!({ "email": "a@b.co", "user_metadata": { "n": 1 } });
        assert_eq!(parsed(with_mail), Ok(SignUp::Email { user, password: "p".to_owned() }));
        let user = json!({ "is_anonymous": true, "user_metadata": { "a": 1 } });
        assert_eq!(parsed(r#"{"data":{"a":1},"gotrue_meta_security":{}}"#), Ok(SignUp::Anonymous { user }));
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_reason() {
        for (text, status, code) in [
            (r#"{"phone":"+1","password":"p","data":{},"channel":"sms"}"#, 400, "phone_provider_disabled"),
            (r#"{"email":"a@b.co","phone":"+1","password":"p"}"#, 400, "validation_failed"),
            (r#"{"email":"a@b.co"}"#, 400, "validation_failed"),
            (r#"{"email":"a@b.co","password":""}"#, 400, "validation_failed"),
            (r#"{"email":"nobody","password":"p"}"#, 400, "validation_failed"),
            (r#"{"mail":"a@b.co","password":"p"}"#, 400, "validation_failed"),
            (r#"{"email":5,"password":"p"}"#, 400, "bad_json"),
            (r#"{"email":"a@b.co","password":"p","data":[]}"#, 400, "bad_json"),
            (r#"{"email":"a@b.co","password":"p","role":"service_role"}"#, 403, "not_admin"),
            (r#"{"email":"a@b.co","password":"p","app_metadata":{"admin":true}}"#, 403, "not_admin"),
        ] {
            let refusal = parsed(text).expect_err(text);
            assert_eq!((refusal.status, refusal.code), (status, code), "{text}");
        }
    }
}
