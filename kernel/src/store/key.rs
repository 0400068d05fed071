//! The instance key: the one secret from which the passwords of the kernel's own logins, and the key that seals secrets,
//! are derived.
//!
//! Several kernels on one database agree on those passwords by sharing the key. It does not sign tokens.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::Rng as _;
use sha2::Sha256;

use crate::error::{Error, Result};

pub(crate) const FILE: &str = "instance.key";

/// 32 random bytes, the same for all kernels of an instance.
#[derive(Clone)]
pub struct InstanceKey([u8; 32]);

impl InstanceKey {
    /// A key that came from the configuration.
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The key of this data directory, made at the first start and readable by its owner only.
    pub fn open(data_dir: &Path) -> Result<Self> {
        Self::parse(&secret_file(&data_dir.join(FILE))?)
    }

    /// The key that a file holds.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map_err(Error::internal)?;
        let key = bytes.try_into().map_err(|_| Error::internal(anyhow::anyhow!("{FILE} does not hold 32 bytes")))?;
        Ok(Self(key))
    }

    /// A secret for one purpose: nobody can get from it to the key or to the secret of another purpose.
    pub fn derive(&self, purpose: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.derive_bytes(purpose))
    }

    /// The same as bytes, for a cipher.
    pub fn derive_bytes(&self, purpose: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for InstanceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InstanceKey(***)")
    }
}

/// The text of a secret's file, filled with 32 random bytes when it is new.
///
/// Written beside and linked into place: a kernel that dies here leaves no half of a key, and of two that start at once
/// both read the same one.
pub(crate) fn secret_file(path: &Path) -> Result<String> {
    if let Ok(text) = fs::read_to_string(path) {
        return Ok(text);
    }
    let mut random = [0; 32];
    rand::rng().fill_bytes(&mut random);
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    write_private(&draft, &URL_SAFE_NO_PAD.encode(random)).map_err(Error::internal)?;
    match fs::hard_link(&draft, path) {
        Err(fault) if fault.kind() != std::io::ErrorKind::AlreadyExists => return Err(Error::internal(fault)),
        _ => fs::remove_file(&draft).map_err(Error::internal)?,
    }
    fs::read_to_string(path).map_err(Error::internal)
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a directory");
        let first = InstanceKey::open(dir.path()).expect("made");
        let second = InstanceKey::open(dir.path()).expect("read");
        assert_eq!(first.derive("a"), second.derive("a"));
        assert_ne!(first.derive("a"), first.derive("b"));
        let mode = fs::metadata(dir.path().join(FILE)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).expect("readable").count(), 1, "no draft stays behind");
    }
}
