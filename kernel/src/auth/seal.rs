//! Seals small values with AES-256-GCM, under a key derived from the instance's. It keeps nothing, and reads no database.
//!
//! A sealed value is a version byte (1), four bytes that tell which key it was, the nonce, and the ciphertext with its tag.
//! What the value is called is authenticated with it, so that one secret cannot be put in another's place.

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _, Nonce};
use rand::Rng as _;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::error::{Error, Result, code};
use crate::store::InstanceKey;

/// The largest value, in bytes.
pub const MAX_VALUE: usize = 64 << 10;

const VERSION: u8 = 1;
const KEY_ID: usize = 4;
const NONCE: usize = 12;
const HEAD: usize = 1 + KEY_ID + NONCE;

/// Seals and opens.
#[derive(Clone)]
pub struct Seal {
    cipher: Aes256Gcm,
    key_id: [u8; KEY_ID],
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(***)")
    }
}

impl Seal {
    /// The seal of an instance.
    pub fn new(key: &InstanceKey) -> Self {
        Self::with(Zeroizing::new(key.derive_bytes("secret")))
    }

    /// The seal of a key that was made for nothing else.
    pub fn with(key: Zeroizing<[u8; 32]>) -> Self {
        // Says nothing of the key: it is the beginning of a digest of a digest.
        let [a, b, c, d, ..] = *Sha256::digest(Sha256::digest(*key)).as_array::<32>().expect("SHA-256 has 32 bytes");
        Self { cipher: Aes256Gcm::new(&(*key).into()), key_id: [a, b, c, d] }
    }

    /// What tells its key from others, as hexadecimal digits; sealed values carry it.
    pub fn key_id(&self) -> String {
        self.key_id.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether a value was sealed with this key.
    pub fn made(&self, sealed: &[u8]) -> bool {
        sealed.get(1..=KEY_ID) == Some(&self.key_id)
    }

    /// Seals a value under its name.
    ///
    /// # Errors
    /// `secret.invalid` when it is empty or too large.
    pub fn seal(&self, name: &str, value: &str) -> Result<Vec<u8>> {
        if value.is_empty() || value.len() > MAX_VALUE {
            let message = format!("the value has {} bytes; a secret has 1 to {MAX_VALUE}", value.len());
            return Err(Error::new(&code::SECRET_INVALID, message));
        }
        // Random nonces are good for 2^32 values under one key.
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: value.as_bytes(), aad: name.as_bytes() };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| unusable(name, "sealed"))?;
        Ok([&[VERSION][..], &self.key_id, &nonce, &sealed].concat())
    }

    /// Opens a value; what is not handed on is overwritten.
    ///
    /// # Errors
    /// `secret.sealed` when it was sealed with another key or under another name, or damaged.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<String>> {
        let (head, content) = sealed.split_at_checked(HEAD).ok_or_else(|| unusable(name, "opened: it is damaged"))?;
        if head[0] != VERSION {
            return Err(unusable(name, "opened: a newer kernel sealed it"));
        }
        if head[1..=KEY_ID] != self.key_id {
            return Err(unusable(name, "opened: it was sealed with another instance key"));
        }
        let nonce: [u8; NONCE] = head[1 + KEY_ID..].try_into().map_err(Error::internal)?;
        let payload = Payload { msg: content, aad: name.as_bytes() };
        let value = self.cipher.decrypt(&Nonce::from(nonce), payload);
        let value = value.map_err(|_| unusable(name, "opened: it is damaged"))?;
        String::from_utf8(value).map(Zeroizing::new).map_err(|fault| {
            // The error would carry the value along.
            drop(Zeroizing::new(fault.into_bytes()));
            unusable(name, "opened: it is no text")
        })
    }
}

fn unusable(name: &str, how: &str) -> Error {
    Error::new(&code::SECRET_SEALED, format!("the secret {name:?} cannot be {how}")).hint(format!(
        "restore `instance.key` in the data directory as it was when the secret was set, or `basalt secret set {name}` again"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(key: u8) -> Seal {
        Seal::new(&InstanceKey::new([key; 32]))
    }

    #[test]
    fn a_value_is_opened_under_its_name_and_key_only() {
        let sealed = seal(1).seal("a", "hunter2").expect("sealed");
        assert_eq!(&**seal(1).open("a", &sealed).expect("opened"), "hunter2");
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        for (seal, name) in [(seal(1), "b"), (seal(2), "a")] {
            assert_eq!(seal.open(name, &sealed).expect_err("refused").code, "secret.sealed");
        }
        assert!(seal(2).open("a", &sealed).expect_err("refused").message.contains("another instance key"));
        assert_ne!(sealed, seal(1).seal("a", "hunter2").expect("sealed"), "each time another nonce");
    }

    #[test]
    fn what_was_changed_anywhere_is_refused() {
        let sealed = seal(1).seal("a", "hunter2").expect("sealed");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(seal(1).open("a", &changed).expect_err("refused").code, "secret.sealed", "byte {at}");
            assert!(seal(1).open("a", &sealed[..at]).is_err());
        }
    }

    #[test]
    fn a_value_has_a_size_and_no_trace_in_debug_output() {
        for value in ["", &"x".repeat(MAX_VALUE + 1)] {
            assert_eq!(seal(1).seal("a", value).expect_err("refused").code, "secret.invalid");
        }
        seal(1).seal("a", &"x".repeat(MAX_VALUE)).expect("as large as can be");
        assert_eq!(format!("{:?}", seal(7)), "Seal(***)");
    }
}
