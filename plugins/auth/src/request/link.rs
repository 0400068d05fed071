//! `POST /admin/generate_link`: which link is wanted for whom. It deliberately makes none.

use serde::Deserialize;
use serde_json::{Value, json};

use super::sign_up::given;
use super::{Members, email, metadata, shape, text};
use crate::refusal::Refusal;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    SignUp,
    Invite,
    MagicLink,
    Recovery,
    EmailChange,
}

/// A link that is wanted.
#[derive(Debug, PartialEq)]
pub(crate) struct Link {
    pub(crate) kind: Kind,
    pub(crate) email: String,
    pub(crate) new_email: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) data: Option<Value>,
    pub(crate) redirect_to: Option<String>,
}

impl Kind {
    /// As the capability names what is issued.
    pub(crate) fn token(self) -> &'static str {
        match self {
            Self::SignUp => "signup",
            Self::Invite => "invite",
            Self::MagicLink => "magiclink",
            Self::Recovery => "recovery",
            Self::EmailChange => "email_change",
        }
    }
}

impl Link {
    /// A user that does not exist yet, for the capability.
    pub(crate) fn user(&self) -> Value {
        json!({ "email": self.email, "user_metadata": self.data.clone().unwrap_or_else(|| json!({})) })
    }
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "type")]
    kind: Option<String>,
    email: Option<String>,
    new_email: Option<String>,
    password: Option<String>,
    data: Option<Members>,
    redirect_to: Option<String>,
}

/// The link that a body asks for; `query` may say where it leads.
pub(crate) fn parse(members: Members, query: &str) -> Result<Link, Refusal> {
    let body: Body = shape(members)?;
    let kind = kind(body.kind.as_deref().unwrap_or_default())?;
    let new_email = given(body.new_email).map(|text| email::parse(&text)).transpose()?;
    let password = given(body.password).map(text::password).transpose()?;
    match kind {
        Kind::SignUp if password.is_none() => return Err(Refusal::invalid("Signup requires a valid password")),
        Kind::EmailChange if new_email.is_none() => return Err(Refusal::invalid("new_email required")),
        _ => {}
    }
    Ok(Link {
        kind,
        email: email::parse(&body.email.unwrap_or_default())?,
        new_email,
        password: password.filter(|_| kind == Kind::SignUp),
        data: metadata("data", body.data)?,
        redirect_to: given(body.redirect_to).or_else(|| query_value(query, "redirect_to")),
    })
}

fn kind(text: &str) -> Result<Kind, Refusal> {
    Ok(match text {
        "signup" => Kind::SignUp,
        "invite" => Kind::Invite,
        "magiclink" => Kind::MagicLink,
        "recovery" => Kind::Recovery,
        "email_change_new" => Kind::EmailChange,
        "email_change_current" => {
            return Err(Refusal::invalid("Enable secure email change to generate link for current email"));
        }
        _ => {
            return Err(Refusal::invalid("Invalid email action link type requested")
                .hint("type is signup, invite, magiclink, recovery or email_change_new"));
        }
    })
}

/// The first value of a query that is not empty.
pub(crate) fn query_value(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::members;

    fn parsed(text: &str) -> Result<Link, Refusal> {
        parse(members(text).expect("an object"), "redirect_to=http%3A%2F%2Fr")
    }

    #[test]
    fn what_the_client_sends_is_understood() {
        let link = parsed(r#"{"type":"magiclink","email":"A@b.co","redirectTo":"http://r"}"#).expect("valid");
        assert_eq!(
            (link.kind, link.email.as_str(), link.redirect_to.as_deref()),
            (Kind::MagicLink, "a@b.co", Some("http://r"))
        );
        assert_eq!(link.user(), json!({ "email": "a@b.co", "user_metadata": {} }));
        let link = parsed(r#"{"type":"signup","email":"a@b.co","password":"p","data":{"a":1}}"#).expect("valid");
        assert_eq!((link.kind.token(), link.password.as_deref()), ("signup", Some("p")));
        let link = parsed(r#"{"type":"email_change_new","email":"a@b.co","new_email":"C@d.eu"}"#).expect("valid");
        assert_eq!(link.new_email.as_deref(), Some("c@d.eu"));
    }

    #[test]
    fn what_cannot_be_made_is_refused_with_its_reason() {
        for text in [
            r#"{"email":"a@b.co"}"#,
            r#"{"type":"spell","email":"a@b.co"}"#,
            r#"{"type":"magiclink"}"#,
            r#"{"type":"signup","email":"a@b.co"}"#,
            r#"{"type":"email_change_new","email":"a@b.co"}"#,
            r#"{"type":"email_change_current","email":"a@b.co","new_email":"c@d.eu"}"#,
        ] {
            assert_eq!(parsed(text).expect_err(text).code, "validation_failed", "{text}");
        }
    }
}
