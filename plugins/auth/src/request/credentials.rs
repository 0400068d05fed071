//! `POST /token`, by what is granted for what. It deliberately tells nobody why a pair of name and password cannot be right.

use serde::Deserialize;

use super::sign_up::given;
use super::{Members, email, shape, text};
use crate::refusal::Refusal;

/// What a session is asked for with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    Email { address: String, password: String },
    Phone { number: String, password: String },
    Refresh(String),
}

#[derive(Deserialize)]
struct Body {
    email: Option<String>,
    phone: Option<String>,
    password: Option<String>,
    refresh_token: Option<String>,
}

/// What is asked for; `kind` is `grant_type` of the query.
pub(crate) fn parse(kind: &str, members: Members) -> Result<Grant, Refusal> {
    match kind {
        "password" => password(shape(members)?),
        "refresh_token" => refresh(shape(members)?),
        // Nobody was given a code, so none can be right.
        "pkce" => Err(Refusal::new(404, "flow_state_not_found", "invalid flow state, no valid flow state found")),
        "id_token" => Err(Refusal::no_provider()),
        "web3" => Err(Refusal::new(422, "web3_provider_disabled", "Web3 provider is disabled")),
        _ => Err(Refusal::new(400, "invalid_credentials", "unsupported_grant_type")
            .hint("grant_type is password or refresh_token")),
    }
}

fn password(body: Body) -> Result<Grant, Refusal> {
    let password = text::password(body.password.unwrap_or_default()).map_err(|_| Refusal::wrong_credentials())?;
    match (given(body.email), given(body.phone)) {
        (Some(_), Some(_)) => {
            Err(Refusal::invalid("Only an email address or phone number should be provided on login."))
        }
        (Some(address), None) => match email::parse(&address) {
            Ok(address) => Ok(Grant::Email { address, password }),
            Err(_) => Err(Refusal::wrong_credentials()),
        },
        (None, Some(number)) => Ok(Grant::Phone { number: phone(&number)?, password }),
        (None, None) => Err(Refusal::invalid("missing email or phone")),
    }
}

fn refresh(body: Body) -> Result<Grant, Refusal> {
    text::token("refresh_token", body.refresh_token).map(Grant::Refresh)
}

/// The password of whoever is signed in already; none when the body has none.
pub(crate) fn again(members: Members) -> Result<Option<String>, Refusal> {
    let body: Body = shape(members)?;
    given(body.password).map(text::password).transpose()
}

/// E.164 without its plus, as GoTrue keeps it.
pub(super) fn phone(text: &str) -> Result<String, Refusal> {
    let number: String = text.trim().trim_start_matches('+').chars().filter(|char| *char != ' ').collect();
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    match (3..=15).contains(&number.len()) && is_number {
        true => Ok(number),
        false => Err(Refusal::invalid("Invalid phone number format (E.164 required)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::members;

    fn parsed(kind: &str, text: &str) -> Result<Grant, Refusal> {
        parse(kind, members(text).expect("an object"))
    }

    #[test]
    fn what_the_client_sends_is_understood() {
        let (address, password) = ("a@b.co".to_owned(), "p".to_owned());
        assert_eq!(
            parsed("password", r#"{"email":"A@B.co ","password":"p","gotrue_meta_security":{}}"#),
            Ok(Grant::Email { address, password })
        );
        let (number, password) = ("491701234567".to_owned(), "p".to_owned());
        assert_eq!(
            parsed("password", r#"{"phone":"+49 170 1234567","password":"p"}"#),
            Ok(Grant::Phone { number, password })
        );
        assert_eq!(parsed("refresh_token", r#"{"refresh_token":"rt"}"#), Ok(Grant::Refresh("rt".to_owned())));
    }

    #[test]
    fn every_other_grant_is_refused_with_its_reason() {
        for (kind, text, status, code) in [
            ("password", r#"{"email":"nobody","password":"p"}"#, 400, "invalid_credentials"),
            ("password", r#"{"email":"a@b.co"}"#, 400, "invalid_credentials"),
            ("password", r#"{"password":"p"}"#, 400, "validation_failed"),
            ("password", r#"{"email":"a@b.co","phone":"1","password":"p"}"#, 400, "validation_failed"),
            ("refresh_token", "{}", 400, "validation_failed"),
            ("refresh_token", r#"{"refresh_token":"a b"}"#, 400, "validation_failed"),
            ("pkce", r#"{"auth_code":"code1","code_verifier":"verifier"}"#, 404, "flow_state_not_found"),
            ("id_token", r#"{"provider":"google","id_token":"t"}"#, 400, "provider_disabled"),
            ("web3", "{}", 422, "web3_provider_disabled"),
            ("", "{}", 400, "invalid_credentials"),
        ] {
            let refusal = parsed(kind, text).expect_err(text);
            assert_eq!((refusal.status, refusal.code), (status, code), "{kind} {text}");
        }
    }
}
