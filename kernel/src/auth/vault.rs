//! The seal of what identities rest on: secrets of second factors and the private parts of signing keys. It is not the instance
//! key's: whoever can read the secrets of plugins need not be able to read these, and it is rotated by itself.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::Config;
use super::seal::Seal;
use crate::config::Secret;
use crate::error::{Error, Result, code};

/// The file in the data directory that keeps a key made at the first start.
pub(crate) const FILE: &str = "encryption.key";

/// Seals with one key, and opens what any of several sealed.
#[derive(Clone, Debug)]
pub struct Vault {
    seals: Vec<Seal>,
}

impl Vault {
    /// The configured keys, or the data directory's.
    ///
    /// # Errors
    /// `config.invalid` when one is no key of 32 bytes.
    pub fn open(config: &Config, data_dir: &Path) -> Result<Self> {
        let first = match &config.encryption_key {
            Some(key) => key.clone(),
            None => Secret::new(super::made(data_dir, FILE, "auth.encryption_key")?.trim()),
        };
        let keys = std::iter::once(&first).chain(&config.old_encryption_keys);
        Ok(Self { seals: keys.map(|key| parse(key).map(Seal::with)).collect::<Result<_>>()? })
    }

    /// Seals with the first key.
    ///
    /// # Errors
    /// As of [`Seal::seal`].
    pub fn seal(&self, name: &str, value: &str) -> Result<Vec<u8>> {
        self.seals[0].seal(name, value)
    }

    /// Opens with the key that sealed.
    ///
    /// # Errors
    /// `secret.sealed` when no key did, and when the value was damaged.
    pub fn open_sealed(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<String>> {
        let seal = self.seals.iter().find(|seal| seal.made(sealed)).unwrap_or(&self.seals[0]);
        seal.open(name, sealed).map_err(|error| {
            Error::new(&code::SECRET_SEALED, format!("what is sealed as {name:?} cannot be opened"))
                .hint("set auth.encryption_key, or one of auth.old_encryption_keys, to the key that sealed it")
                .source(error)
        })
    }

    /// Whether a value is sealed with the first key.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        self.seals[0].made(sealed)
    }
}

/// Whether a text is a key.
///
/// # Errors
/// `config.invalid` when not.
pub(super) fn parse(key: &Secret) -> Result<Zeroizing<[u8; 32]>> {
    let text = key.expose();
    let candidates = [
        (text.len() == 64).then(|| unhex(text)).flatten(),
        STANDARD.decode(text).ok(),
        STANDARD_NO_PAD.decode(text).ok(),
        URL_SAFE_NO_PAD.decode(text).ok(),
        Some(text.as_bytes().to_vec()),
    ];
    let key = candidates.into_iter().flatten().find_map(|bytes| <[u8; 32]>::try_from(bytes).ok());
    key.map(Zeroizing::new).ok_or_else(|| {
        Error::new(&code::CONFIG_INVALID, "auth.encryption_key is no key of 32 bytes: 64 hexadecimal digits, or base64")
            .hint("`openssl rand -base64 32` makes one")
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(key: &str, old: &[&str]) -> Config {
        let old_encryption_keys = old.iter().map(|key| Secret::new(*key)).collect();
        Config { encryption_key: Some(Secret::new(key)), old_encryption_keys, ..Config::for_tests() }
    }

    fn vault(key: &str, old: &[&str]) -> Vault {
        Vault::open(&config(key, old), Path::new("/nonexistent")).expect("keys")
    }

    #[test]
    fn a_key_is_written_in_any_usual_way() {
        let bytes = [0xa5; 32];
        let hex = "a5".repeat(32);
        let ways = [hex.clone(), STANDARD.encode(bytes), STANDARD_NO_PAD.encode(bytes), URL_SAFE_NO_PAD.encode(bytes)];
        for way in ways {
            assert_eq!(*parse(&Secret::new(way.clone())).expect(&way), bytes);
        }
        parse(&Secret::new("x".repeat(32))).expect("32 characters");
        for wrong in ["", "short", &hex[1..], &"x".repeat(33)] {
            assert_eq!(parse(&Secret::new(wrong)).expect_err(wrong).code, "config.invalid");
        }
    }

    #[test]
    fn an_old_key_opens_and_the_first_one_seals() {
        let (old, new) = ("1".repeat(32), "2".repeat(32));
        let sealed = vault(&old, &[]).seal("a", "secret").expect("sealed");
        let both = vault(&new, &[&old]);
        assert_eq!(&**both.open_sealed("a", &sealed).expect("opened"), "secret");
        assert!(!both.is_current(&sealed));
        let again = both.seal("a", "secret").expect("sealed");
        assert!(both.is_current(&again));
        for (vault, name, sealed) in
            [(vault(&new, &[]), "a", &sealed), (vault(&old, &[]), "a", &again), (both.clone(), "b", &again)]
        {
            let refused = vault.open_sealed(name, sealed).expect_err("refused");
            assert_eq!(refused.code, "secret.sealed");
        }
    }
}
