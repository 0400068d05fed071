//! parse: text → what is wanted. Shape only, and pure: whether it may be is asked of the kernel. It deliberately ignores members
//! that it does not know, as GoTrue does, but refuses those that would raise a user's rights.

pub(crate) mod change;
pub(crate) mod credentials;
pub(crate) mod email;
pub(crate) mod factor;
pub(crate) mod link;
pub(crate) mod page;
pub(crate) mod redirect;
pub(crate) mod sign_up;
pub(crate) mod text;
pub(crate) mod verification;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// The members of a JSON object.
pub(crate) type Members = Map<String, Value>;

/// The body as an object; none is an empty one.
pub(crate) fn members(text: &str) -> Result<Members, Refusal> {
    if text.trim().is_empty() {
        return Ok(Members::new());
    }
    match serde_json::from_str(text).map_err(Refusal::bad_json)? {
        Value::Object(members) => Ok(members),
        // What JavaScript makes of a body that was left out.
        Value::Null => Ok(Members::new()),
        _ => Err(Refusal::bad_json("an object is expected")),
    }
}

/// The members that `T` names.
pub(crate) fn shape<T: DeserializeOwned>(members: Members) -> Result<T, Refusal> {
    serde_json::from_value(Value::Object(members)).map_err(Refusal::bad_json)
}

/// What only an admin may say of a user. Ignoring it would be enough; saying so finds the mistake.
const PRIVILEGED: [&str; 9] = [
    "app_metadata",
    "aud",
    "ban_duration",
    "banned_until",
    "email_confirm",
    "is_super_admin",
    "password_hash",
    "phone_confirm",
    "role",
];

/// Refuses members that only an admin may set.
pub(crate) fn refuse_privileged(members: &Members) -> Result<(), Refusal> {
    match PRIVILEGED.iter().find(|name| members.contains_key(**name)) {
        Some(name) => Err(Refusal::privileged(name)),
        None => Ok(()),
    }
}

/// The largest metadata, in bytes: it travels in each access token, and a token has to fit into a header.
const MAX_METADATA: usize = 4 << 10;

/// How deep metadata may be nested.
const MAX_DEPTH: usize = 16;

/// Checks what is kept with a user and goes into their tokens.
pub(crate) fn metadata(name: &str, value: Option<Members>) -> Result<Option<Value>, Refusal> {
    let Some(members) = value else { return Ok(None) };
    let value = Value::Object(members);
    if depth(&value) > MAX_DEPTH {
        return Err(Refusal::invalid(format!("{name} is nested deeper than {MAX_DEPTH} levels")));
    }
    if value.to_string().len() > MAX_METADATA {
        let refusal = Refusal::invalid(format!("{name} has more than {MAX_METADATA} bytes"));
        return Err(refusal.hint("it is a part of every access token; keep more in a table of your own"));
    }
    Ok(Some(value))
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_an_object_or_nothing() {
        for text in ["", "  ", "null", "{}"] {
            assert!(members(text).expect(text).is_empty(), "{text:?}");
        }
        for text in ["[]", "1", "\"a\"", "{", "{\"a\":1,}", &"[".repeat(100_000)] {
            assert_eq!(members(text).expect_err(text).code, "bad_json");
        }
    }

    #[test]
    fn nobody_raises_their_own_rights() {
        for name in PRIVILEGED {
            let refusal = refuse_privileged(&members(&format!("{{\"{name}\":null}}")).expect("an object"));
            assert_eq!(refusal.expect_err(name).code, "not_admin");
        }
        assert!(refuse_privileged(&members(r#"{"data":{"role":"service_role"}}"#).expect("an object")).is_ok());
    }

    #[test]
    fn metadata_fits_into_a_token() {
        let of = |text: &str| metadata("data", Some(members(text).expect("an object")));
        assert!(of(r#"{"a":[{"b":{}}]}"#).is_ok());
        assert!(of(&format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_METADATA - 8))).is_ok());
        assert!(of(&format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_METADATA - 7))).is_err());
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(of(&nested(MAX_DEPTH - 1)).is_ok() && of(&nested(MAX_DEPTH)).is_err());
        assert_eq!(metadata("data", None), Ok(None));
    }
}
