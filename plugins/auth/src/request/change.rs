//! Changes of a user: their own (`PUT /user`), and those of an admin. What an admin may set is a list here, and what a user may
//! set is another; it deliberately does not decide who is which.

use serde::Deserialize;
use serde_json::Value;

use super::credentials::phone;
use super::sign_up::given;
use super::{Members, email, metadata, refuse_privileged, shape, text};
use crate::refusal::Refusal;

/// What to change, for the capability.
#[derive(Debug, PartialEq)]
pub(crate) struct Change {
    /// The members of the user.
    pub(crate) user: Members,
    pub(crate) password: Option<String>,
}

#[derive(Deserialize)]
struct Own {
    email: Option<String>,
    phone: Option<String>,
    password: Option<String>,
    nonce: Option<String>,
    #[serde(alias = "user_metadata")]
    data: Option<Members>,
}

/// What a user changes of their own.
pub(crate) fn own(members: Members) -> Result<Change, Refusal> {
    refuse_privileged(&members)?;
    let Own { email, phone, password, nonce, data } = shape(members)?;
    if given(phone).is_some() {
        return Err(Refusal::no_phone());
    }
    let mut user = Members::new();
    put(&mut user, "email", given(email).map(|text| email::parse(&text)).transpose()?);
    put(&mut user, "user_metadata", metadata("data", data)?);
    let nonce = given(nonce).map(|nonce| text::token("nonce", Some(nonce))).transpose()?;
    put(&mut user, "nonce", nonce);
    Ok(Change { user, password: given(password).map(text::password).transpose()? })
}

#[derive(Deserialize)]
struct Named {
    id: Option<String>,
}

#[derive(Deserialize)]
struct ByAdmin {
    email: Option<String>,
    phone: Option<String>,
    password: Option<String>,
    password_hash: Option<String>,
    role: Option<String>,
    user_metadata: Option<Members>,
    app_metadata: Option<Members>,
    email_confirm: Option<bool>,
    phone_confirm: Option<bool>,
    ban_duration: Option<String>,
}

/// What an admin says of a new user.
pub(crate) fn creation(members: Members) -> Result<Change, Refusal> {
    let Named { id } = shape(members.clone())?;
    let id = given(id).map(|id| text::id("user", &id)).transpose()?;
    let mut change = by_admin(members)?;
    if !change.user.contains_key("email") && !change.user.contains_key("phone") {
        return Err(Refusal::invalid("Cannot create a user without either an email or phone"));
    }
    put(&mut change.user, "id", id);
    Ok(change)
}

/// What an admin changes of anybody.
pub(crate) fn by_admin(members: Members) -> Result<Change, Refusal> {
    let body: ByAdmin = shape(members)?;
    let mut user = Members::new();
    put(&mut user, "email", given(body.email).map(|text| email::parse(&text)).transpose()?);
    put(&mut user, "phone", given(body.phone).map(|text| phone(&text)).transpose()?);
    put(&mut user, "role", given(body.role).map(role).transpose()?);
    put(&mut user, "user_metadata", metadata("user_metadata", body.user_metadata)?);
    put(&mut user, "app_metadata", metadata("app_metadata", body.app_metadata)?);
    put(&mut user, "email_confirm", body.email_confirm);
    put(&mut user, "phone_confirm", body.phone_confirm);
    put(&mut user, "ban_duration", given(body.ban_duration).map(ban).transpose()?);
    put(
        &mut user,
        "password_hash",
        given(body.password_hash).map(|hash| text::token("password_hash", Some(hash))).transpose()?,
    );
    let password = given(body.password).map(text::password).transpose()?;
    if password.is_some() && user.contains_key("password_hash") {
        return Err(Refusal::invalid("Only a password or a password hash should be provided"));
    }
    Ok(Change { user, password })
}

fn put(user: &mut Members, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        user.insert(name.to_owned(), value.into());
    }
}

/// A role's name; whether requests may act as it is the kernel's to say.
fn role(text: String) -> Result<String, Refusal> {
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_name && text.len() <= 63 { Ok(text) } else { Err(Refusal::invalid("role is no role's name")) }
}

/// `none`, or numbers with units as Go writes durations.
fn ban(text: String) -> Result<String, Refusal> {
    let fits = text.len() <= 32
        && text.starts_with(|char: char| char.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || b".hmsun".contains(&byte));
    match text == "none" || fits {
        true => Ok(text),
        false => Err(Refusal::invalid("invalid format for ban duration").hint("like \"24h\", \"1h30m\" or \"none\"")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::request::members;

    fn object(value: Value) -> Members {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn a_user_changes_what_is_theirs() {
        let text = r#"{"email":"N@b.co","password":"q","data":{"x":1,"y":null},"nonce":"1","code_challenge":null}"#;
        let user = object(json!({ "email": "n@b.co", "user_metadata": { "x": 1, "y": null }, "nonce": "1" }));
        let change = own(members(text).expect("an object"));
        assert_eq!(change, Ok(Change { user, password: Some("q".to_owned()) }));
        for (text, code) in [
            (r#"{"app_metadata":{"admin":true}}"#, "not_admin"),
            (r#"{"role":"service_role"}"#, "not_admin"),
            (r#"{"aud":"other"}"#, "not_admin"),
            (r#"{"data":{},"user_metadata":{}}"#, "bad_json"),
            (r#"{"phone":"+491701234567"}"#, "phone_provider_disabled"),
            (r#"{"email":"nobody"}"#, "validation_failed"),
            (r#"{"data":"x"}"#, "bad_json"),
        ] {
            assert_eq!(own(members(text).expect("an object")).expect_err(text).code, code, "{text}");
        }
    }

    #[test]
    fn an_admin_sets_more() {
        let text = r#"{"id":"0190E7A2-0000-7000-8000-00000000000F","email":"a@b.co","phone":"+491701234567","password":"p","email_confirm":true,
            "user_metadata":{},"app_metadata":{"plan":"pro"},"role":"authenticated","ban_duration":"24h","nickname":"ignored"}"#;
        let change = creation(members(text).expect("an object")).expect("valid");
        let user =
            object(json!({ "email": "a@b.co", "phone": "491701234567", "role": "authenticated", "user_metadata": {},
            "app_metadata": { "plan": "pro" }, "email_confirm": true, "ban_duration": "24h",
            "id": "0190e7a2-0000-7000-8000-00000000000f" }));
        assert_eq!(change, Change { user, password: Some("p".to_owned()) });
    }

    #[test]
    fn an_admin_too_is_told_what_is_wrong() {
        for (text, code) in [
            (r#"{"email":"nobody"}"#, "validation_failed"),
            (r#"{"phone":"12"}"#, "validation_failed"),
            (r#"{"role":"a b"}"#, "validation_failed"),
            (r#"{"ban_duration":"soon"}"#, "validation_failed"),
            (r#"{"password":"p","password_hash":"$2a$10$x"}"#, "validation_failed"),
            (r#"{"email_confirm":"yes"}"#, "bad_json"),
            (r#"{"app_metadata":[]}"#, "bad_json"),
        ] {
            assert_eq!(by_admin(members(text).expect("an object")).expect_err(text).code, code, "{text}");
        }
        assert!(creation(members(r#"{"password":"p"}"#).expect("an object")).is_err(), "neither address nor number");
    }
}
