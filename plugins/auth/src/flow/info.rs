//! What everybody may know: that it runs, what is open, the public keys. It deliberately says nothing about users.

use sdk_plugin::{Response, identity};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::Call;
use crate::refusal::Failure;
use crate::response;

/// `GET /health`.
pub(crate) fn health(_call: &Call<'_>) -> Result<Response, Failure> {
    let body = json!({
        "version": concat!("v", env!("CARGO_PKG_VERSION")),
        "name": "Basalt auth",
        "description": "User registration and authentication with the API of GoTrue",
    });
    Ok(response::object(200, &body))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Policy {
    sign_up: bool,
    anonymous_users: bool,
    confirm_email: bool,
    password: Value,
}

/// `GET /settings`.
pub(crate) fn settings(_call: &Call<'_>) -> Result<Response, Failure> {
    Ok(response::object(200, &render(identity::policy()?)))
}

fn render(policy: Policy) -> Value {
    json!({
        "external": { "anonymous_users": policy.anonymous_users, "email": true, "phone": false },
        "disable_signup": !policy.sign_up,
        "mailer_autoconfirm": !policy.confirm_email,
        "phone_autoconfirm": false,
        "sms_provider": "",
        "saml_enabled": false,
        "mfa": { "totp": true, "recovery_codes": true },
        "password": policy.password,
    })
}

/// `GET /.well-known/jwks.json`. Whoever keeps it for longer would refuse what a new key signed.
pub(crate) fn keys(_call: &Call<'_>) -> Result<Response, Failure> {
    let response = Response::new(200).header("content-type", "application/json; charset=utf-8");
    Ok(response.header("cache-control", "public, max-age=300").text(identity::keys()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_say_what_is_open() {
        let policy = r#"{"sign_up":true,"anonymous_users":false,"confirm_email":true,"access_token_lifetime":900,
            "password":{"min_length":12}}"#;
        let shown = render(identity::read(policy).expect("a policy"));
        assert_eq!(shown["external"]["email"], true);
        assert_eq!(shown["external"]["anonymous_users"], false);
        assert_eq!((&shown["disable_signup"], &shown["mailer_autoconfirm"]), (&json!(false), &json!(false)));
        assert_eq!(shown["password"]["min_length"], 12);
    }
}
