//! Proves who is calling. Minimal so far: HS256 tokens with a role; it issues tokens for `basalt key mint` only.

pub mod operator;
pub mod seal;

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::{Secret, section};
use crate::error::{Error, Result, code};
use crate::identity::Identity;

section! {
    /// Who is calling.
    pub struct Config {
        /// The secret that bearer tokens are signed with (HS256), at least 32 bytes. Unset: one is made at the first
        /// start and kept in the data directory.
        jwt_secret: Option<Secret> = none,
        /// The Postgres role of callers without a token, and of tokens without a `role` claim.
        anonymous_role: String = "anon",
    }
}

/// HMAC-SHA256 is as strong as its key up to 256 bits.
pub(crate) const MIN_SECRET: usize = 32;

/// How far the clocks of two machines may be apart, in seconds.
pub(crate) const SKEW: u64 = 30;

/// The file in the data directory that keeps a secret made at the first start.
pub(crate) const SECRET_FILE: &str = "jwt.secret";

/// Verifies and mints tokens.
pub struct Auth {
    verify: DecodingKey,
    sign: EncodingKey,
    validation: Validation,
    anonymous: Identity,
}

/// Whether the section can be worked with.
///
/// # Errors
/// `config.invalid` when the secret is too short.
pub fn check(config: &Config) -> Result<()> {
    config.jwt_secret.as_ref().map_or(Ok(()), long_enough)
}

fn long_enough(secret: &Secret) -> Result<()> {
    let length = secret.expose().len();
    if length >= MIN_SECRET {
        return Ok(());
    }
    let message = format!("auth.jwt_secret has {length} bytes and needs at least {MIN_SECRET}");
    Err(Error::new(&code::CONFIG_INVALID, message).hint("`openssl rand -base64 32` makes one"))
}

/// The claims that the kernel itself reads; policies see all of them.
#[derive(Deserialize)]
struct Claims {
    role: Option<String>,
    sub: Option<String>,
}

impl Auth {
    /// Takes the configured secret, or the data directory's, making one at the first start.
    ///
    /// # Errors
    /// `config.invalid` when the secret is too short.
    pub fn open(config: &Config, data_dir: &Path) -> Result<Self> {
        let secret = match &config.jwt_secret {
            Some(secret) => secret.clone(),
            None => Secret::new(crate::store::secret_file(&data_dir.join(SECRET_FILE))?.trim()),
        };
        long_enough(&secret)?;
        let key = secret.expose().as_bytes();
        let (verify, sign) = (DecodingKey::from_secret(key), EncodingKey::from_secret(key));
        Ok(Self { verify, sign, validation: validation(), anonymous: Identity::anonymous(&config.anonymous_role) })
    }

    /// Who is calling: nobody in particular without a token.
    ///
    /// # Errors
    /// `auth.invalid-token` or `auth.expired-token`; a bad token is never taken for no token.
    pub fn identify(&self, bearer: Option<&str>) -> Result<Identity> {
        bearer.map_or_else(|| Ok(self.anonymous.clone()), |token| self.verify(token))
    }

    fn verify(&self, token: &str) -> Result<Identity> {
        let verified = jsonwebtoken::decode::<Claims>(token, &self.verify, &self.validation).map_err(refuse)?;
        let role = verified.claims.role.unwrap_or_else(|| self.anonymous.role.clone());
        Ok(Identity { role, subject: verified.claims.sub, claims: payload(token)?, authenticated: true })
    }

    /// A token for these claims.
    ///
    /// # Errors
    /// When the claims cannot be encoded.
    pub fn mint(&self, claims: &Map<String, Value>) -> Result<String> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.sign).map_err(Error::internal)
    }
}

/// Exactly one algorithm: a token that names another, or `none`, is refused before its signature is looked at.
fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = SKEW;
    validation.validate_nbf = true;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

/// The claims as they were signed: parsing and printing them again could change a number.
fn payload(token: &str) -> Result<String> {
    let part = token.split('.').nth(1).unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(Error::internal)?;
    String::from_utf8(bytes).map_err(Error::internal)
}

fn refuse(fault: jsonwebtoken::errors::Error) -> Error {
    match fault.kind() {
        ErrorKind::ExpiredSignature => Error::new(&code::AUTH_EXPIRED_TOKEN, "the token has expired"),
        ErrorKind::ImmatureSignature => Error::new(&code::AUTH_EXPIRED_TOKEN, "the token is not valid yet"),
        // Which check failed helps an attacker more than a caller; the log has it.
        _ => Error::new(&code::AUTH_INVALID_TOKEN, "the token is not valid").source(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "reallyreallyreallyreallyverysafe";

    fn auth() -> Auth {
        let config = Config { jwt_secret: Some(Secret::new(SECRET)), anonymous_role: "anon".to_owned() };
        Auth::open(&config, Path::new("/nonexistent")).expect("a good secret")
    }

    fn token(claims: Value) -> String {
        auth().mint(claims.as_object().expect("an object")).expect("minted")
    }

    #[test]
    fn a_token_carries_its_role_and_its_claims_as_signed() {
        let claims = serde_json::json!({ "role": "authenticated", "sub": "7", "n": 1.50 });
        let identity = auth().identify(Some(&token(claims.clone()))).expect("valid");
        assert_eq!((identity.role.as_str(), identity.subject.as_deref()), ("authenticated", Some("7")));
        assert!(identity.authenticated);
        assert_eq!(serde_json::from_str::<Value>(&identity.claims).expect("json"), claims);
    }

    #[test]
    fn nobody_is_anonymous_and_a_bad_token_is_not_nobody() {
        assert_eq!(auth().identify(None).expect("anonymous").role, "anon");
        assert_eq!(auth().identify(Some("")).expect_err("refused").code, "auth.invalid-token");
    }

    #[test]
    fn hostile_tokens_are_refused() {
        let good = token(serde_json::json!({ "role": "authenticated" }));
        let parts: Vec<_> = good.split('.').collect();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let hs384 = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS384"}"#);
        let admin = URL_SAFE_NO_PAD.encode(r#"{"role":"postgres"}"#);
        for (token, code) in [
            (format!("{none}.{}.", parts[1]), "auth.invalid-token"),
            (format!("{hs384}.{}.{}", parts[1], parts[2]), "auth.invalid-token"),
            (format!("{}.{admin}.{}", parts[0], parts[2]), "auth.invalid-token"),
            (format!("{}.{}.", parts[0], parts[1]), "auth.invalid-token"),
            (format!("{good}x"), "auth.invalid-token"),
            ("a.b.c".to_owned(), "auth.invalid-token"),
            (token(serde_json::json!({ "exp": 1 })), "auth.expired-token"),
            (token(serde_json::json!({ "nbf": 9_999_999_999_u64 })), "auth.expired-token"),
            (token(serde_json::json!({ "role": 7 })), "auth.invalid-token"),
        ] {
            assert_eq!(auth().identify(Some(&token)).expect_err("refused").code, code, "{token}");
        }
    }

    #[test]
    fn a_short_secret_is_refused() {
        let config = Config { jwt_secret: Some(Secret::new("short")), anonymous_role: "anon".to_owned() };
        let error = Auth::open(&config, Path::new("/nonexistent")).err().expect("refused");
        assert_eq!(error.code, "config.invalid");
    }
}
