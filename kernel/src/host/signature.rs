//! Who vouches for a file: minisign signatures, checked against the keys that the operator trusts. It signs nothing and
//! fetches nothing.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign_verify::{Error as Fault, PublicKey, Signature};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use toml::Table;

use crate::config::section;
use crate::error::{Error, Result, code};

section! {
    /// Whose signatures on installed plugins are trusted. Those that came with the binary are as trusted as it is.
    pub struct Config {
        /// Whether an installed plugin has to be signed with one of `keys`: when it is installed, and at each load after that.
        required: bool = false,
        /// The minisign public keys that are trusted, each with the name that is shown: `{ acme = "RWQ…" }`.
        keys: BTreeMap<String, Key> = (Table::new()),
    }
}

/// No signature is longer: four lines, two of them comments.
pub const MAX_SIGNATURE: usize = 2 << 10;

/// A public key, as minisign writes it: 56 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    text: String,
    key: PublicKey,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let key = PublicKey::from_base64(&text);
        let wrong = |_| D::Error::custom(format!("{text:?} is no public key of minisign: 56 characters, the first RW"));
        Ok(Self { key: key.map_err(wrong)?, text })
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl Config {
    /// The name of the key that a file is signed with; nothing for one without a signature, where none is required. What
    /// is there has to be right, also where it is not required: a signature that cannot be checked reassures for nothing.
    ///
    /// # Errors
    /// `signature.missing`, `signature.unknown-key`, `signature.invalid`.
    pub fn check(&self, file: &[u8], signature: Option<&str>) -> Result<Option<&str>> {
        let Some(text) = signature else {
            return if self.required { Err(missing("`signature.required` is set")) } else { Ok(None) };
        };
        let signature = parse(text)?;
        for (name, Key { key, .. }) in &self.keys {
            match key.verify(file, &signature, false) {
                Ok(()) => return Ok(Some(name)),
                Err(Fault::UnexpectedKeyId) => {}
                Err(Fault::UnexpectedAlgorithm) => return Err(invalid("it is of the old kind, of the file itself")),
                Err(_) => return Err(invalid(format!("it is by {name}, and not of this file"))),
            }
        }
        let message = format!("the file is signed with the key {}, which is not trusted", id(text).unwrap_or_default());
        Err(Error::new(&code::SIGNATURE_UNKNOWN, message).hint(
            "when its author told you the public key: name it in `[signature] keys = { author = \"RW…\" }` and restart",
        ))
    }
}

fn parse(text: &str) -> Result<Signature> {
    if text.len() > MAX_SIGNATURE {
        return Err(invalid(format!("it has more than {MAX_SIGNATURE} bytes")));
    }
    Signature::decode(text).map_err(|_| invalid("it is none of minisign's"))
}

/// A file without a signature where there has to be one.
pub(super) fn missing(why: &str) -> Error {
    Error::new(&code::SIGNATURE_MISSING, format!("the file is not signed, and {why}"))
        .hint("its author makes FILE.minisig with `minisign -Sm FILE` or `basalt plugin sign FILE`")
}

fn invalid(why: impl std::fmt::Display) -> Error {
    Error::new(&code::SIGNATURE_INVALID, format!("the signature does not hold: {why}"))
        .hint("the file or the signature was changed, or they are not a pair: fetch both again, from their author")
}

/// The number that minisign shows of a key.
fn id(signature: &str) -> Option<String> {
    let bytes = STANDARD.decode(signature.lines().nth(1)?).ok()?;
    Some(bytes.get(2..10)?.iter().rev().map(|byte| format!("{byte:02X}")).collect())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use minisign::{KeyPair, sign};

    use super::*;

    const FILE: &[u8] = b"a file";

    fn pair() -> KeyPair {
        KeyPair::generate_unencrypted_keypair().expect("random bytes")
    }

    fn signed(pair: &KeyPair, file: &[u8]) -> String {
        sign(None, &pair.sk, Cursor::new(file), Some("by a test"), None).expect("signed").into_string()
    }

    fn trusting(pairs: &[(&str, &KeyPair)], required: bool) -> Config {
        let keys = pairs.iter().map(|(name, pair)| format!("{name} = {:?}\n", pair.pk.to_base64()));
        let mut faults = Vec::new();
        let text = format!("required = {required}\n[keys]\n{}", keys.collect::<String>());
        let config = crate::config::Section::read("signature", text.parse().expect("TOML"), &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
        config
    }

    #[track_caller]
    fn refusal(config: &Config, file: &[u8], signature: Option<&str>) -> String {
        config.check(file, signature).expect_err("refused").code.into_owned()
    }

    #[test]
    fn a_file_is_known_by_the_key_that_signed_it() {
        let [one, two, other] = [pair(), pair(), pair()];
        let config = trusting(&[("one", &one), ("two", &two)], true);
        assert_eq!(config.check(FILE, Some(&signed(&two, FILE))).expect("signed"), Some("two"));
        assert_eq!(refusal(&config, FILE, Some(&signed(&other, FILE))), "signature.unknown-key");
        assert_eq!(refusal(&config, FILE, None), "signature.missing");
        let lax = trusting(&[("one", &one)], false);
        assert_eq!(lax.check(FILE, None).expect("not required"), None);
        assert_eq!(refusal(&lax, FILE, Some(&signed(&two, FILE))), "signature.unknown-key", "what is there counts");
    }

    #[test]
    fn what_is_not_the_signature_of_this_file_is_refused_whatever_it_is() {
        let (pair, other) = (pair(), pair());
        let config = trusting(&[("one", &pair)], false);
        let good = signed(&pair, FILE);
        let lines: Vec<_> = good.lines().collect();
        let foreign = signed(&other, FILE);
        let spliced = [lines[0], lines[1], lines[2], foreign.lines().nth(3).expect("four lines")].join("\n");
        for signature in [
            String::new(),
            "hello".to_owned(),
            "\n\n\n\n".to_owned(),
            good.replace("by a test", "by an attack"),
            signed(&pair, b"another file"),
            lines[..3].join("\n"),
            [lines[0], lines[1], lines[2], "AAAA"].join("\n"),
            [lines[0], "AAAA", lines[2], lines[3]].join("\n"),
            spliced,
            format!("{good}{}", "x".repeat(MAX_SIGNATURE)),
        ] {
            assert_eq!(refusal(&config, FILE, Some(&signature)), "signature.invalid", "{signature}");
        }
        assert_eq!(refusal(&config, b"a fild", Some(&good)), "signature.invalid");
        assert_eq!(refusal(&config, b"", Some(&good)), "signature.invalid");
    }

    #[test]
    fn a_key_is_one_of_minisigns() {
        for text in ["\"\"", "\"RWQ\"", "7", "\"QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\""] {
            let mut faults = Vec::new();
            let table = format!("keys = {{ a = {text} }}").parse().expect("TOML");
            let _: Config = crate::config::Section::read("signature", table, &mut faults);
            assert_eq!(faults.len(), 1, "{text}");
        }
    }
}
