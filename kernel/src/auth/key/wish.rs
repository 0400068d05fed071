//! What somebody wants of a key, and whether it can be. It makes none.

use std::time::Duration;

use serde::Deserialize;

use super::invalid;
use crate::error::Result;

/// What somebody wants of a key.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// What people call it.
    pub name: Option<String>,
    /// `api` or `service`.
    pub kind: Option<String>,
    /// Whose it is.
    pub user_id: Option<String>,
    /// Its role.
    pub role: Option<String>,
    /// What it may be used for.
    pub scopes: Option<Vec<String>>,
    /// Requests in a minute.
    pub rate_limit: Option<u32>,
    /// How long it is good: `30d`.
    pub expires_in: Option<String>,
}

pub(super) fn check(wish: &Wish) -> Result<()> {
    if wish
        .name
        .as_ref()
        .is_some_and(|name| name.trim().is_empty() || name.chars().count() > 128 || name.contains('\0'))
    {
        return Err(invalid("`name` has 1 to 128 characters"));
    }
    if wish.rate_limit == Some(0) || wish.rate_limit.is_some_and(|rate| i32::try_from(rate).is_err()) {
        return Err(invalid("`rate_limit` is a number of requests in a minute"));
    }
    let is_scope = |scope: &String| {
        let (name, verb) = scope.split_once(':').map_or((scope.as_str(), None), |(name, verb)| (name, Some(verb)));
        let is_name = name == "*"
            || !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        is_name && name.len() <= 64 && verb.is_none_or(|verb| matches!(verb, "read" | "write"))
    };
    match wish.scopes.iter().flatten().find(|scope| !is_scope(scope)) {
        Some(scope) => {
            Err(invalid(&format!("{scope:?} is no scope: a plugin's id or `*`, and `:read` or `:write` after it")))
        }
        None if wish.scopes.as_ref().is_some_and(|scopes| scopes.len() > 100) => {
            Err(invalid("a key has at most 100 scopes"))
        }
        None => Ok(()),
    }
}

pub(super) fn lifetime(wish: &Wish) -> Result<Option<Duration>> {
    wish.expires_in.as_deref().map(time).transpose()
}

/// A length of time as the configuration writes one.
///
/// # Errors
/// `identity.invalid`.
pub fn time(text: &str) -> Result<Duration> {
    const CENTURY: Duration = Duration::from_secs(100 * 366 * 24 * 3600);
    let time = humantime::parse_duration(text).ok().filter(|time| *time <= CENTURY);
    time.ok_or_else(|| invalid(&format!("{text:?} is no length of time like \"30d\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_that_cannot_be_is_refused() {
        let wish = |text: &str| check(&serde_json::from_str::<Wish>(text).expect("a wish"));
        wish(r#"{"name": "ci", "scopes": ["rest:read", "*", "a-b:write"], "rate_limit": 60}"#).expect("good");
        for bad in [r#"{"name": ""}"#, r#"{"rate_limit": 0}"#, r#"{"scopes": ["Rest"]}"#, r#"{"scopes": ["rest:all"]}"#]
        {
            assert_eq!(wish(bad).expect_err(bad).code, "identity.invalid");
        }
        for bad in ["", "30", "-1d", "1000years"] {
            assert_eq!(time(bad).expect_err(bad).code, "identity.invalid");
        }
    }
}
