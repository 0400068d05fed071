//! What somebody says of a user: which words there are, and what an address or a number is. Who may say what is not decided
//! here.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::invalid;
use crate::auth::key::{SERVICE, time};
use crate::error::{Error, Result};
use crate::store::identity::Change;

/// Of metadata, as JSON text: both are in every access token, and that is in every request's head.
const MAX_METADATA: usize = 4 << 10;

/// What somebody says of a user.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    user_metadata: Option<Map<String, Value>>,
    #[serde(default)]
    pub(super) is_anonymous: bool,
    pub(super) nonce: Option<String>,
    // What only an administrator says.
    role: Option<String>,
    app_metadata: Option<Map<String, Value>>,
    email_confirm: Option<bool>,
    phone_confirm: Option<bool>,
    ban_duration: Option<String>,
    pub(super) password_hash: Option<String>,
}

/// Metadata grows member by member: what there is in the end goes into every token.
///
/// # Errors
/// `identity.invalid`.
pub(super) fn fits(user: &str) -> Result<()> {
    #[derive(Deserialize)]
    struct Kept<'a> {
        #[serde(borrow)]
        app_metadata: &'a RawValue,
        #[serde(borrow)]
        user_metadata: &'a RawValue,
    }
    let kept: Kept<'_> = serde_json::from_str(user).map_err(Error::internal)?;
    let is_small = |metadata: &RawValue| metadata.get().len() <= MAX_METADATA;
    let message = "metadata is more than fits into a token, with what there was before";
    if is_small(kept.app_metadata) && is_small(kept.user_metadata) { Ok(()) } else { Err(invalid(message)) }
}

impl Said {
    pub(super) fn read(text: &str) -> Result<Self> {
        let mut said: Self = serde_json::from_str(text).map_err(|fault| invalid(&format!("the user: {fault}")))?;
        said.email = said.email.filter(|email| !email.is_empty()).map(|email| address(&email)).transpose()?;
        said.phone = said.phone.filter(|phone| !phone.is_empty()).map(|phone| number(&phone)).transpose()?;
        for metadata in [&said.user_metadata, &said.app_metadata].into_iter().flatten() {
            let text = Value::Object(metadata.clone()).to_string();
            if text.len() > MAX_METADATA || text.contains("\\u0000") {
                return Err(invalid(&format!(
                    "metadata has at most {MAX_METADATA} bytes, and no NUL: every token carries it"
                )));
            }
        }
        Ok(said)
    }

    /// Whether it says what only an administrator may.
    pub(super) fn is_administrative(&self) -> bool {
        self.role.is_some()
            || self.app_metadata.is_some()
            || self.email_confirm.is_some()
            || self.phone_confirm.is_some()
            || self.ban_duration.is_some()
            || self.password_hash.is_some()
    }

    /// What changes; an address counts as confirmed where the operator wants no more, or an administrator says so.
    pub(super) fn change(&self, trusts: bool) -> Result<Change> {
        let text = |map: &Option<Map<String, Value>>| map.as_ref().map(|map| Value::Object(map.clone()).to_string());
        let (email_good, phone_good) = (self.email_confirm.unwrap_or(trusts), self.phone_confirm.unwrap_or(trusts));
        let ban = self.ban_duration.as_deref().map(|text| match text {
            "none" => Ok(0),
            text => time(text).map(|time| time.as_secs().max(1)),
        });
        if self.role.as_deref().is_some_and(|role| role == SERVICE || role.is_empty()) {
            return Err(invalid("`role` is a role of users, which service_role is not"));
        }
        Ok(Change {
            email: self.email.clone().map(|email| (email, email_good)),
            phone: self.phone.clone().map(|phone| (phone, phone_good)),
            confirm: (self.email_confirm == Some(true), self.phone_confirm == Some(true)),
            user_metadata: text(&self.user_metadata),
            app_metadata: text(&self.app_metadata),
            role: self.role.clone(),
            ban: ban.transpose()?,
            is_anonymous: (self.email.is_some() || self.phone.is_some()).then_some(false),
            email_change: None,
        })
    }
}

/// An address in lower case: the part of RFC 5322 that is in use. What quotes, comments and brackets allow, no mailbox needs, and
/// programs behind this one read in different ways.
pub(super) fn address(text: &str) -> Result<String> {
    let email = text.trim().to_lowercase();
    let is_word = |c: char| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let fits = email.rsplit_once('@').is_some_and(|(name, host)| {
        email.len() <= 254
            && name.len() <= 64
            && name.split('.').all(|part| !part.is_empty() && part.chars().all(is_word))
            && host.split('.').all(is_label)
    });
    if fits { Ok(email) } else { Err(invalid("`email` is no e-mail address")) }
}

/// A number's digits, with the country's first.
pub(super) fn number(text: &str) -> Result<String> {
    let digits: String = text.trim().trim_start_matches('+').chars().filter(|c| !" -()".contains(*c)).collect();
    let fits = (6..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    if fits { Ok(digits) } else { Err(invalid("`phone` is no number like +4930123456")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_lower_case_and_plain() {
        assert_eq!(address(" Ada.Lovelace+x@Example.COM ").expect("good"), "ada.lovelace+x@example.com");
        address("jürgen@bücher.example").expect("letters of any alphabet");
        for bad in [
            "",
            "a",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            "a@b c",
            "a@-b.c",
            "a..b@c",
            ".a@c",
            "\"a\"@c",
            "a@[127.0.0.1]",
            "a<b>@c",
            "a@b\r\nbcc: x",
            "a\0@b",
            "a,b@c",
            "a@b..c",
        ] {
            assert_eq!(address(bad).expect_err(bad).code, "identity.invalid");
        }
        assert!(address(&format!("{}@b.c", "a".repeat(65))).is_err());
    }

    #[test]
    fn numbers_are_digits_with_the_country() {
        assert_eq!(number("+49 (30) 123-456").expect("good"), "4930123456");
        for bad in ["", "12345", "030123456", "+49x30123456", "1234567890123456"] {
            assert_eq!(number(bad).expect_err(bad).code, "identity.invalid");
        }
    }

    #[test]
    fn what_is_said_of_a_user_is_bounded_and_known() {
        for bad in [r#"{"id": "x"}"#, "[]", r#"{"user_metadata": {"a": "\u0000"}}"#, r#"{"email": "x"}"#] {
            assert_eq!(Said::read(bad).map(drop).expect_err(bad).code, "identity.invalid");
        }
        let large = format!(r#"{{"user_metadata": {{"a": "{}"}}}}"#, "x".repeat(MAX_METADATA));
        assert!(Said::read(&large).is_err());
        let said = Said::read(r#"{"ban_duration": "none", "role": "service_role"}"#).expect("read");
        assert!(said.is_administrative() && said.change(true).is_err());
    }
}
