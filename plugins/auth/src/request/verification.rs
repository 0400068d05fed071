//! `/verify`: what was read in a mail, or opened from one. It deliberately does not ask whether it is right.

use serde::Deserialize;

use super::link::query_value;
use super::sign_up::given;
use super::{Members, email, shape, text};
use crate::refusal::Refusal;

/// What proves that somebody reads an address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verification {
    /// As the capability names what is issued; `email` is any that signs in.
    pub(crate) kind: &'static str,
    pub(crate) proof: Proof,
}

/// The digits with the address that they were sent to, or what stands in a link.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    Code { email: String, code: String },
    Hash(String),
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "type")]
    kind: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    token: Option<String>,
    token_hash: Option<String>,
}

/// What a body says.
pub(crate) fn parse(members: Members) -> Result<Verification, Refusal> {
    let body: Body = shape(members)?;
    let kind = kind(body.kind.as_deref().unwrap_or_default())?;
    if given(body.phone).is_some() {
        return Err(Refusal::no_phone());
    }
    if let Some(hash) = given(body.token_hash) {
        return Ok(Verification { kind, proof: Proof::Hash(text::token("token_hash", Some(hash))?) });
    }
    let email = given(body.email)
        .ok_or_else(|| Refusal::invalid("Only an email address or a token hash should be provided on verify"))?;
    let proof = Proof::Code { email: email::parse(&email)?, code: text::token("token", body.token)? };
    Ok(Verification { kind, proof })
}

/// What a link says: its token is the hash.
pub(crate) fn parse_link(query: &str) -> Result<Verification, Refusal> {
    let kind = kind(&query_value(query, "type").unwrap_or_default())?;
    let hash = query_value(query, "token_hash").or_else(|| query_value(query, "token"));
    Ok(Verification { kind, proof: Proof::Hash(text::token("token", hash)?) })
}

fn kind(text: &str) -> Result<&'static str, Refusal> {
    Ok(match text {
        "signup" => "signup",
        "invite" => "invite",
        "magiclink" => "magiclink",
        "recovery" => "recovery",
        "email_change" => "email_change",
        "email" => "email",
        "sms" | "phone_change" => return Err(Refusal::no_phone()),
        _ => return Err(Refusal::invalid("Verify requires a verification type")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::members;

    #[test]
    fn what_the_client_sends_is_understood() {
        let of = |text: &str| parse(members(text).expect("an object"));
        let proof = Proof::Code { email: "a@b.co".to_owned(), code: "123456".to_owned() };
        assert_eq!(
            of(r#"{"email":"A@b.co","token":"123456","type":"email","gotrue_meta_security":{}}"#),
            Ok(Verification { kind: "email", proof })
        );
        let proof = Proof::Hash("h".to_owned());
        assert_eq!(of(r#"{"token_hash":"h","type":"recovery"}"#), Ok(Verification { kind: "recovery", proof }));
        let proof = Proof::Hash("h".to_owned());
        assert_eq!(parse_link("token=h&type=signup&redirect_to=x"), Ok(Verification { kind: "signup", proof }));
        for text in [
            r#"{"type":"signup"}"#,
            r#"{"email":"a@b.co","type":"email"}"#,
            r#"{"email":"a@b.co","token":"1"}"#,
            r#"{"phone":"+1","token":"1","type":"sms"}"#,
        ] {
            assert_eq!(of(text).expect_err(text).status, 400, "{text}");
        }
        assert!(parse_link("type=signup").is_err() && parse_link("token=h").is_err());
    }
}
