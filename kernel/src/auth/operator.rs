//! Operator keys: who may use `/api/v1/admin/`. Only their digests are kept; the database may be read by more people than
//! may operate the instance. It knows no HTTP.
//!
//! Failures are not limited: a key has 256 random bits, and a wrong one costs a digest and a comparison in memory, less
//! than the request that brought it. What is worth limiting is requests, which `server.max_connections` does.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::error::{Error, Result, code};
use crate::store::{Desk, Store};

/// The file in the data directory that hands the first key over.
pub(crate) const FILE: &str = "operator-key";

/// What every key begins with, so that scanners for lost secrets know one when they see it.
const PREFIX: &str = "basalt_operator_";

/// A key in the clear.
pub struct Key(String);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(***)")
    }
}

impl Key {
    /// A new one.
    pub fn mint() -> Self {
        let mut random = [0; 32];
        rand::rng().fill_bytes(&mut random);
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// The key itself, for whoever it is handed to.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The key that a data directory hands over.
    fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let key = text.trim();
        key.starts_with(PREFIX).then(|| Self(key.to_owned()))
    }

    fn write(&self, path: &Path) -> Result<()> {
        // Beside and renamed: whoever reads meanwhile finds a whole key, and the mode is right from the first byte on.
        let draft = path.with_extension(format!("{}.new", std::process::id()));
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft);
        let written = file.and_then(|mut file| writeln!(file, "{}", self.0).and_then(|()| file.sync_all()));
        written.and_then(|()| fs::rename(&draft, path)).map_err(Error::internal)
    }
}

/// Makes sure that there is a key. Where the first one is, when this made it or took it over.
///
/// # Errors
/// When the data directory cannot be written, or the database not reached.
pub async fn hand_over(store: &Store, data_dir: &Path) -> Result<Option<PathBuf>> {
    if !store.operator_keys().is_empty() {
        return Ok(None);
    }
    let path = data_dir.join(FILE);
    // One of an earlier database is as good as a new one, and its owner has it already.
    let key = Key::read(&path).map_or_else(
        || {
            let key = Key::mint();
            key.write(&path).map(|()| key)
        },
        Ok,
    )?;
    store.add_operator_key(key.digest()).await?;
    Ok(Some(path))
}

/// Another key; with `alone` the only one from now on, and the one that the data directory hands over.
///
/// # Errors
/// When the database cannot be changed or the data directory not be written.
pub async fn rotate(desk: &mut Desk, data_dir: &Path, alone: bool) -> Result<Key> {
    let (key, path) = (Key::mint(), data_dir.join(FILE));
    desk.add_operator_key(key.digest(), alone).await?;
    if alone || !path.exists() {
        key.write(&path)?;
    }
    Ok(key)
}

/// Whether somebody has a key. Gives a short name of the key, for the log of who did what.
///
/// # Errors
/// `auth.operator-key` when not.
pub fn check(store: &Store, bearer: Option<&str>) -> Result<String> {
    let found = bearer.and_then(|text| accepted(&store.operator_keys(), text));
    found.ok_or_else(|| {
        Error::new(&code::AUTH_OPERATOR, "this path takes an operator key").hint(
            "`Authorization: Bearer basalt_operator_…`; the first start left one in `operator-key` in the data directory, and \
             `basalt key operator` makes another",
        )
    })
}

/// Compares digests, all of them and each to its end.
fn accepted(keys: &[Vec<u8>], text: &str) -> Option<String> {
    let digest = Sha256::digest(text.as_bytes());
    let is_known = keys.iter().fold(false, |known, key| known | bool::from(key.as_slice().ct_eq(digest.as_slice())));
    is_known.then(|| format!("operator:{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_digest_only() {
        let (key, other) = (Key::mint(), Key::mint());
        let keys = [other.digest().to_vec(), key.digest().to_vec()];
        assert!(accepted(&keys, key.expose()).expect("known").starts_with("operator:"));
        for wrong in ["", PREFIX, &key.expose()[1..], &format!("{} ", key.expose()), Key::mint().expose()] {
            assert_eq!(accepted(&keys, wrong), None);
        }
        assert_eq!(accepted(&[], key.expose()), None);
        assert_eq!((format!("{key:?}"), key.expose().len()), ("Key(***)".to_owned(), PREFIX.len() + 43));
    }

    #[test]
    fn a_file_hands_a_key_over_and_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        assert!(Key::read(&path).is_none());
        let key = Key::mint();
        key.write(&path).expect("written");
        assert_eq!(Key::read(&path).expect("a key").expose(), key.expose());
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 1, "no draft stays behind");
    }
}
