//! The keys that tokens are signed and checked with: the shared secret, and those that were made by rotation. It reads no
//! claim.
//!
//! A key accepts exactly one algorithm, its own: which one a token names decides nothing.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use rand::Rng as _;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::vault::Vault;
use crate::error::{Error, Result, code};
use crate::store::identity::SigningKey;

/// What the private parts are sealed as.
pub(crate) fn seal_name(kid: &str) -> String {
    format!("signing-key:{kid}")
}

/// One key.
pub(super) struct Key {
    /// None for the shared secret.
    kid: Option<String>,
    pub(super) algorithm: Algorithm,
    sign: EncodingKey,
    pub(super) verify: DecodingKey,
    public: Option<Value>,
    active_from: i64,
    accepted_until: Option<i64>,
}

/// All of them, the shared secret first, then by when they became active.
pub(super) struct Ring {
    keys: Vec<Arc<Key>>,
    pub(super) source: Arc<Vec<SigningKey>>,
}

impl Key {
    /// The secret that is shared with whoever else makes tokens.
    pub(super) fn shared(secret: &[u8]) -> Self {
        Self {
            kid: None,
            algorithm: Algorithm::HS256,
            sign: EncodingKey::from_secret(secret),
            verify: DecodingKey::from_secret(secret),
            public: None,
            active_from: i64::MIN,
            accepted_until: None,
        }
    }

    fn open(kept: &SigningKey, vault: &Vault) -> Result<Self> {
        let private = vault.open_sealed(&seal_name(&kept.kid), &kept.sealed())?;
        let bytes = Zeroizing::new(STANDARD.decode(&*private).map_err(Error::internal)?);
        let algorithm: Algorithm = kept.algorithm.parse().map_err(Error::internal)?;
        let sign = encoding(algorithm, &bytes)?;
        let (verify, public) = match algorithm {
            Algorithm::HS256 => (DecodingKey::from_secret(&bytes), None),
            _ => {
                let mut jwk = Jwk::from_encoding_key(&sign, algorithm).map_err(Error::internal)?;
                jwk.common.key_id = Some(kept.kid.clone());
                let verify = DecodingKey::from_jwk(&jwk).map_err(Error::internal)?;
                let mut public = serde_json::to_value(&jwk).map_err(Error::internal)?;
                public["use"] = "sig".into();
                (verify, Some(public))
            }
        };
        let (kid, accepted_until) = (Some(kept.kid.clone()), kept.accepted_until);
        Ok(Self { kid, algorithm, sign, verify, public, active_from: kept.active_from, accepted_until })
    }

    fn is_accepted(&self, now: i64) -> bool {
        self.accepted_until.is_none_or(|until| until > now)
    }

    pub(super) fn sign(&self, claims: &impl serde::Serialize) -> Result<String> {
        let header = Header { kid: self.kid.clone(), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.sign).map_err(Error::internal)
    }
}

impl Ring {
    /// The shared secret and those that are kept. One that cannot be opened is left out, loudly: others still work.
    pub(super) fn new(shared: Arc<Key>, source: Arc<Vec<SigningKey>>, vault: &Vault) -> Self {
        let mut keys = vec![shared];
        for kept in source.iter() {
            match Key::open(kept, vault) {
                Ok(key) => keys.push(Arc::new(key)),
                Err(error) => {
                    tracing::error!(kid = kept.kid, %error, "a signing key cannot be opened: its tokens are refused")
                }
            }
        }
        Self { keys, source }
    }

    /// The key that checks a token of this name and algorithm.
    ///
    /// Names that nobody here has are of tokens that others signed with the shared secret.
    pub(super) fn find(&self, kid: Option<&str>, now: i64) -> Option<Arc<Key>> {
        let known = kid.and_then(|kid| self.keys.iter().find(|key| key.kid.as_deref() == Some(kid)));
        let key = known.unwrap_or(&self.keys[0]);
        key.is_accepted(now).then(|| Arc::clone(key))
    }

    /// The key that signs now: the youngest that is active.
    pub(super) fn signer(&self, now: i64) -> Arc<Key> {
        let active = |key: &&Arc<Key>| key.active_from <= now && key.is_accepted(now);
        Arc::clone(self.keys.iter().rev().find(active).unwrap_or(&self.keys[0]))
    }

    /// The public parts, of those to come and of those whose tokens are not over too.
    pub(super) fn public(&self, now: i64) -> Value {
        let keys = self.keys.iter().filter(|key| key.is_accepted(now)).filter_map(|key| key.public.clone());
        json!({ "keys": keys.collect::<Vec<_>>() })
    }
}

/// A new private key, as it is sealed.
///
/// # Errors
/// `config.invalid` for an algorithm that is not one of ours.
pub fn generate(algorithm: &str) -> Result<Zeroizing<String>> {
    /// What PKCS#8 puts before 32 random bytes that are a key of this kind.
    const P256: &[u8] =
        b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\
        \x04\x27\x30\x25\x02\x01\x01\x04\x20";
    const ED25519: &[u8] = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
    let head = match algorithm {
        "ES256" => P256,
        "EdDSA" => ED25519,
        "HS256" => b"",
        "RS256" => return rsa(),
        _ => {
            let message = format!("{algorithm:?} is none of ES256, EdDSA, RS256, HS256");
            return Err(Error::new(&code::CONFIG_INVALID, message));
        }
    };
    let mut random = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(&mut *random);
    let bytes = Zeroizing::new([head, &*random].concat());
    // One in 2^32 is no number below the curve's order.
    let algorithm = algorithm.parse().map_err(Error::internal)?;
    Jwk::from_encoding_key(&encoding(algorithm, &bytes)?, algorithm).map_err(Error::internal)?;
    Ok(Zeroizing::new(STANDARD.encode(&*bytes)))
}

fn rsa() -> Result<Zeroizing<String>> {
    use rsa::pkcs1::EncodeRsaPrivateKey as _;
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).map_err(Error::internal)?;
    Ok(Zeroizing::new(STANDARD.encode(key.to_pkcs1_der().map_err(Error::internal)?.as_bytes())))
}

fn encoding(algorithm: Algorithm, bytes: &[u8]) -> Result<EncodingKey> {
    Ok(match algorithm {
        Algorithm::HS256 => EncodingKey::from_secret(bytes),
        Algorithm::ES256 => EncodingKey::from_ec_der(bytes),
        Algorithm::EdDSA => EncodingKey::from_ed_der(bytes),
        Algorithm::RS256 => EncodingKey::from_rsa_der(bytes),
        _ => return Err(Error::internal(anyhow::anyhow!("a signing key of {algorithm:?}"))),
    })
}
