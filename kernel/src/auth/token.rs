//! Tokens that somebody shows: what is checked of one, in which order. It knows no key and no revocation.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Validation;
use jsonwebtoken::errors::ErrorKind;
use serde::Deserialize;
use serde_json::Value;

use super::SKEW;
use super::issuer::Issuer;
use super::ring::Ring;
use crate::error::{Error, Result, code};

/// The claims that the kernel itself reads; policies see all of them.
#[derive(Deserialize)]
struct Claims {
    role: Option<String>,
    sub: Option<String>,
    session_id: Option<Value>,
    jti: Option<Value>,
    aud: Option<Value>,
}

/// A token that is good, as far as it says itself.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) role: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) session: Option<String>,
    /// `jti`
    pub(super) id: Option<String>,
    /// As they were signed.
    pub(super) claims: String,
}

/// Checks the signature, then the times, then whom it is for.
///
/// # Errors
/// `auth.invalid-token` or `auth.expired-token`.
pub(super) fn verify(token: &str, ring: &Ring, audience: Option<&str>, now: i64) -> Result<Verified> {
    let header = jsonwebtoken::decode_header(token).map_err(refuse)?;
    // RFC 7515, 4.1.11: what must be understood and is not makes a token invalid.
    if header.crit.is_some() {
        return Err(invalid());
    }
    let key = ring.find(header.kid.as_deref(), now).ok_or_else(invalid)?;
    let mut validation = Validation::new(key.algorithm);
    validation.leeway = SKEW;
    validation.validate_nbf = true;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    // Exactly the key's algorithm: a token that names another, or `none`, is refused before its signature is looked at.
    let verified = jsonwebtoken::decode::<Claims>(token, &key.verify, &validation).map_err(refuse)?;
    let Claims { role, sub, session_id, jti, aud } = verified.claims;
    is_for(audience, aud.as_ref())?;
    let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    Ok(Verified { role, subject: sub, session: text(session_id), id: text(jti), claims: payload(token)? })
}

/// Who a token says that it is of, before anything of it is checked.
pub(super) fn issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Said {
        iss: Option<Value>,
    }
    let said: Said = serde_json::from_str(&payload(token).ok()?).ok()?;
    said.iss?.as_str().map(str::to_owned)
}

/// Checks a token of an issuer elsewhere: everything that has to be in one is. A session in it is none of ours, and the role is
/// what the operator makes of it.
///
/// # Errors
/// `auth.invalid-token`, `auth.expired-token`, `auth.issuer`, `auth.role-not-allowed`.
pub(super) async fn verify_foreign(token: &str, issuer: &Issuer) -> Result<Verified> {
    let header = jsonwebtoken::decode_header(token).map_err(refuse)?;
    if header.crit.is_some() {
        return Err(invalid());
    }
    let (algorithm, key) = issuer.key(header.kid.as_deref()).await?.ok_or_else(invalid)?;
    let mut validation = Validation::new(algorithm);
    validation.leeway = SKEW;
    validation.validate_nbf = true;
    validation.set_audience(&[&issuer.trusted.audience]);
    validation.set_issuer(&[&issuer.trusted.issuer]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    let mut claims = jsonwebtoken::decode::<Value>(token, &key, &validation).map_err(refuse)?.claims;
    let role = issuer.role(&claims)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let (subject, id) = (text("sub"), text("jti"));
    claims["role"] = role.as_str().into();
    let claims = claims.to_string();
    if claims.contains("\\u0000") {
        return Err(invalid());
    }
    Ok(Verified { role: Some(role), subject, session: None, id, claims })
}

fn is_for(wanted: Option<&str>, said: Option<&Value>) -> Result<()> {
    let (Some(wanted), Some(said)) = (wanted, said.filter(|said| !said.is_null())) else { return Ok(()) };
    let is_it = match said {
        Value::String(one) => one == wanted,
        Value::Array(several) => several.iter().any(|one| one == wanted),
        _ => false,
    };
    is_it.then_some(()).ok_or_else(|| Error::new(&code::AUTH_INVALID_TOKEN, "the token is for another audience"))
}

/// The claims as they were signed: parsing and printing them again could change a number.
fn payload(token: &str) -> Result<String> {
    let part = token.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(Error::internal)?;
    let text = String::from_utf8(bytes).map_err(Error::internal)?;
    // Postgres has no such character: the caller's every statement would fail.
    if text.contains("\\u0000") { Err(invalid()) } else { Ok(text) }
}

pub(super) fn invalid() -> Error {
    Error::new(&code::AUTH_INVALID_TOKEN, "the token is not valid")
}

fn refuse(fault: jsonwebtoken::errors::Error) -> Error {
    match fault.kind() {
        ErrorKind::ExpiredSignature => Error::new(&code::AUTH_EXPIRED_TOKEN, "the token has expired"),
        ErrorKind::ImmatureSignature => Error::new(&code::AUTH_EXPIRED_TOKEN, "the token is not valid yet"),
        // Which check failed helps an attacker more than a caller; the log has it.
        _ => invalid().source(fault),
    }
}

#[cfg(test)]
mod tests;
