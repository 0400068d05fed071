//! Issuers elsewhere whose tokens are believed: each with its own keys, which are fetched when a token names one that is not
//! known. It makes no token and knows no user.
//!
//! What a stranger's tokens say of a role is not believed unless the operator says where it stands, and never that it is
//! `service_role`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm};
use jsonwebtoken::{Algorithm, DecodingKey};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use salvo::http::uri::Uri;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::key::SERVICE;
use crate::error::{Error, Result, code};

/// Between two fetches of one issuer's keys: a flood of unknown names costs it no more than this.
const FLOOR: Duration = Duration::from_secs(30);

/// When keys are fetched again though nobody asked for another: those that were withdrawn must not be believed for ever.
const AGE: Duration = Duration::from_secs(3600);

const PATIENCE: Duration = Duration::from_secs(5);
const MAX_BYTES: usize = 256 << 10;

/// An entry of `auth.issuers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trusted {
    /// The `iss` of its tokens, to the letter.
    pub issuer: String,
    /// Whom its tokens have to be for.
    pub audience: String,
    /// Where its keys are: an `https` address.
    pub jwks: String,
    /// The role of whoever shows one of its tokens.
    #[serde(default = "authenticated")]
    pub role: String,
    /// The claim that names the role instead, where a token has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_claim: Option<String>,
}

fn authenticated() -> String {
    "authenticated".to_owned()
}

type Keys = HashMap<String, (Algorithm, DecodingKey)>;

/// One issuer, and what is known of its keys.
pub(super) struct Issuer {
    pub(super) trusted: Trusted,
    keys: ArcSwap<Keys>,
    /// When they were asked for; whoever asks holds it.
    asked: Mutex<Option<Instant>>,
}

/// Whether an entry can be worked with.
///
/// # Errors
/// `config.invalid`.
pub(super) fn check(trusted: &Trusted) -> Result<()> {
    let invalid = |what: &str| {
        let message = format!("auth.issuers: {:?} {what}", trusted.issuer);
        Err(Error::new(&code::CONFIG_INVALID, message))
    };
    let uri: Option<Uri> = trusted.jwks.parse().ok();
    let is_here = |host: &str| matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let is_safe = uri.as_ref().is_some_and(|uri| match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => true,
        (Some("http"), Some(host)) => is_here(host),
        _ => false,
    });
    if !is_safe {
        return invalid("has no `jwks` that begins with https://");
    }
    if trusted.issuer.is_empty() || trusted.audience.is_empty() {
        return invalid("needs an `issuer` and an `audience`");
    }
    if trusted.role == SERVICE {
        return invalid("cannot make service_role of everybody");
    }
    Ok(())
}

impl Issuer {
    pub(super) fn new(trusted: &Trusted) -> Self {
        Self { trusted: trusted.clone(), keys: ArcSwap::default(), asked: Mutex::default() }
    }

    /// The key of this name, asked for when it is not known or what is known is old.
    ///
    /// # Errors
    /// `auth.issuer` when the issuer does not answer and the key is not known.
    pub(super) async fn key(&self, kid: Option<&str>) -> Result<Option<(Algorithm, DecodingKey)>> {
        let find = || {
            let keys = self.keys.load();
            match kid {
                Some(kid) => keys.get(kid).cloned(),
                None if keys.len() == 1 => keys.values().next().cloned(),
                None => None,
            }
        };
        let wanted = Instant::now();
        let known = find();
        let mut asked = match &known {
            // Whoever knows the key does not wait for those who ask for others.
            Some(_) => match self.asked.try_lock() {
                Ok(asked) if asked.is_none_or(|at| at.elapsed() > AGE) => asked,
                _ => return Ok(known),
            },
            None => self.asked.lock().await,
        };
        let since = if known.is_some() { AGE } else { FLOOR };
        if asked.is_some_and(|at| at >= wanted || at.elapsed() < since) {
            return Ok(find());
        }
        *asked = Some(Instant::now());
        match fetch(&self.trusted.jwks).await {
            Ok(keys) => self.keys.store(Arc::new(keys)),
            Err(fault) if known.is_some() => {
                tracing::warn!(issuer = self.trusted.issuer, %fault, "the issuer's keys could not be fetched again");
            }
            Err(fault) => {
                let message = format!("the keys of the issuer {:?} cannot be fetched", self.trusted.issuer);
                return Err(Error::new(&code::AUTH_ISSUER, message).source(fault));
            }
        }
        Ok(find())
    }

    /// The role of whoever shows a token with these claims.
    pub(super) fn role(&self, claims: &serde_json::Value) -> Result<String> {
        let named = self.trusted.role_claim.as_ref().and_then(|claim| claims.get(claim)?.as_str());
        let role = named.unwrap_or(&self.trusted.role);
        if role == SERVICE {
            return Err(Error::new(&code::AUTH_DENIED_ROLE, "an issuer elsewhere cannot make somebody service_role"));
        }
        Ok(role.to_owned())
    }
}

async fn fetch(jwks: &str) -> Result<Keys> {
    let got = tokio::time::timeout(PATIENCE, get(jwks)).await;
    let body = got.map_err(|_| Error::internal(anyhow::anyhow!("no answer in time")))??;
    let set: JwkSet = serde_json::from_slice(&body).map_err(Error::internal)?;
    Ok(set.keys.iter().filter_map(usable).collect())
}

async fn get(jwks: &str) -> Result<Bytes> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let tls = tls.with_safe_default_protocol_versions().map_err(Error::internal)?;
    let tls = tls.with_root_certificates(roots).with_no_client_auth();
    // The address was looked at with the configuration; redirects are not followed.
    let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let answer = client.get(jwks.parse().map_err(Error::internal)?).await.map_err(Error::internal)?;
    if !answer.status().is_success() {
        return Err(Error::internal(anyhow::anyhow!("it answered {}", answer.status())));
    }
    let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
    body.map(|body| body.to_bytes()).map_err(|fault| Error::internal(anyhow::anyhow!("{fault}")))
}

/// A key that signs, by its name, with the one algorithm that it is for. A shared secret in a public list is no key.
fn usable(jwk: &Jwk) -> Option<(String, (Algorithm, DecodingKey))> {
    let named = match jwk.common.key_algorithm {
        Some(KeyAlgorithm::RS256) => Some(Algorithm::RS256),
        Some(KeyAlgorithm::RS384) => Some(Algorithm::RS384),
        Some(KeyAlgorithm::RS512) => Some(Algorithm::RS512),
        Some(KeyAlgorithm::PS256) => Some(Algorithm::PS256),
        Some(KeyAlgorithm::PS384) => Some(Algorithm::PS384),
        Some(KeyAlgorithm::PS512) => Some(Algorithm::PS512),
        Some(KeyAlgorithm::ES256) => Some(Algorithm::ES256),
        Some(KeyAlgorithm::ES384) => Some(Algorithm::ES384),
        Some(KeyAlgorithm::EdDSA) => Some(Algorithm::EdDSA),
        Some(_) => return None,
        None => None,
    };
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => named.unwrap_or(Algorithm::RS256),
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P384 => Algorithm::ES384,
        AlgorithmParameters::EllipticCurve(_) => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(_) => Algorithm::EdDSA,
        _ => return None,
    };
    let key = DecodingKey::from_jwk(jwk).ok()?;
    Some((jwk.common.key_id.clone().unwrap_or_default(), (algorithm, key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(jwks: &str, role: &str) -> Trusted {
        Trusted {
            issuer: "https://id.example.com".to_owned(),
            audience: "app".to_owned(),
            jwks: jwks.to_owned(),
            role: role.to_owned(),
            role_claim: Some("app_role".to_owned()),
        }
    }

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        for good in ["https://id.example.com/jwks", "http://127.0.0.1:9000/jwks", "http://localhost/jwks"] {
            check(&trusted(good, "authenticated")).expect(good);
        }
        for bad in [
            "",
            "id.example.com/jwks",
            "http://id.example.com/jwks",
            "http://127.0.0.1.evil.com/",
            "file:///etc/passwd",
        ] {
            assert_eq!(check(&trusted(bad, "authenticated")).expect_err(bad).code, "config.invalid");
        }
        check(&trusted("https://a/", SERVICE)).expect_err("everybody would be service_role");
    }

    #[test]
    fn a_role_is_the_operators_word() {
        let issuer = Issuer::new(&trusted("https://a/", "authenticated"));
        assert_eq!(issuer.role(&serde_json::json!({ "role": "service_role" })).expect("one"), "authenticated");
        assert_eq!(issuer.role(&serde_json::json!({ "app_role": "editor" })).expect("one"), "editor");
        issuer.role(&serde_json::json!({ "app_role": "service_role" })).expect_err("never");
    }

    #[test]
    fn a_secret_in_a_public_list_is_no_key() {
        let set: JwkSet = serde_json::from_value(serde_json::json!({ "keys": [
            { "kty": "oct", "k": "AAAA", "kid": "secret" },
            { "kty": "oct", "k": "AAAA", "kid": "secret", "alg": "HS256" },
            { "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "good" },
        ] }))
        .expect("a set");
        let keys: Keys = set.keys.iter().filter_map(usable).collect();
        assert_eq!(keys.keys().collect::<Vec<_>>(), ["good"]);
    }
}
