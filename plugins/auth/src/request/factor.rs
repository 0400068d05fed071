//! Second factors: what to enrol, and codes. It deliberately knows only codes of apps: keys and phones are refused by name.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Members, shape, text};
use crate::refusal::Refusal;

#[derive(Deserialize)]
struct Enrol {
    factor_type: Option<String>,
    friendly_name: Option<String>,
    issuer: Option<String>,
}

/// The factor to enrol, for the capability.
pub(crate) fn enrol(members: Members, issuer: &str) -> Result<Value, Refusal> {
    let body: Enrol = shape(members)?;
    match body.factor_type.as_deref() {
        Some("totp") => {}
        Some("phone") => return Err(disabled("mfa_phone_enroll_not_enabled", "Phone")),
        Some("webauthn") => return Err(disabled("mfa_webauthn_enroll_not_enabled", "WebAuthn")),
        _ => return Err(Refusal::invalid("factor_type needs to be totp")),
    }
    let issuer = text::name("issuer", body.issuer)?.unwrap_or_else(|| issuer.to_owned());
    let friendly_name = text::name("friendly_name", body.friendly_name)?.unwrap_or_default();
    Ok(json!({ "factor_type": "totp", "friendly_name": friendly_name, "issuer": issuer }))
}

fn disabled(code: &'static str, what: &str) -> Refusal {
    Refusal::new(422, code, format!("MFA enroll is disabled for {what}")).hint("factor_type totp is enabled")
}

/// A code for a challenge.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) challenge: String,
    pub(crate) code: String,
}

#[derive(Deserialize)]
struct Verify {
    challenge_id: Option<String>,
    code: Option<String>,
}

/// What proves a factor.
pub(crate) fn verify(members: Members) -> Result<Proof, Refusal> {
    let body: Verify = shape(members)?;
    let challenge = text::id("challenge", &body.challenge_id.unwrap_or_default())?;
    Ok(Proof { challenge, code: text::code(body.code)? })
}

#[derive(Deserialize)]
struct Recover {
    code: Option<String>,
}

/// A recovery code without what people type around it.
pub(crate) fn recover(members: Members) -> Result<String, Refusal> {
    let body: Recover = shape(members)?;
    let code: String = body.code.unwrap_or_default().chars().filter(|char| !char.is_whitespace()).collect();
    match code.is_empty() {
        true => Err(Refusal::invalid("Code needs to be non-empty")),
        false => text::token("code", Some(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::members;

    #[test]
    fn what_the_client_sends_is_understood() {
        let of = |text: &str| members(text).expect("an object");
        assert_eq!(
            enrol(of(r#"{"friendly_name":"fn","factor_type":"totp","issuer":"i"}"#), "site"),
            Ok(json!({ "factor_type": "totp", "friendly_name": "fn", "issuer": "i" }))
        );
        assert_eq!(
            enrol(of(r#"{"factor_type":"totp"}"#), "site"),
            Ok(json!({ "factor_type": "totp", "friendly_name": "", "issuer": "site" }))
        );
        let id = "0190e7a2-0000-7000-8000-00000000000f";
        assert_eq!(
            verify(of(&format!(r#"{{"challenge_id":"{id}","code":"123 456"}}"#))),
            Ok(Proof { challenge: id.to_owned(), code: "123456".to_owned() })
        );
        assert_eq!(recover(of(r#"{"code":" abcd-EFGH "}"#)).as_deref(), Ok("abcd-EFGH"));
    }

    #[test]
    fn other_factors_are_refused_by_name() {
        for (text, status, code) in [
            (r#"{"factor_type":"phone","phone":"+1"}"#, 422, "mfa_phone_enroll_not_enabled"),
            (r#"{"factor_type":"webauthn"}"#, 422, "mfa_webauthn_enroll_not_enabled"),
            (r#"{"factor_type":"carrier-pigeon"}"#, 400, "validation_failed"),
            ("{}", 400, "validation_failed"),
            (r#"{"factor_type":"totp","friendly_name":"a\nb"}"#, 400, "validation_failed"),
        ] {
            let refusal = enrol(members(text).expect("an object"), "site").expect_err(text);
            assert_eq!((refusal.status, refusal.code), (status, code), "{text}");
        }
        assert_eq!(
            verify(members(r#"{"challenge_id":"c1","code":"123456"}"#).expect("an object")).expect_err("no id").status,
            404
        );
    }
}
