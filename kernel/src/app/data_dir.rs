//! The data directory: made at the first start, private, and used by one kernel at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result, code};

/// A locked data directory; the lock ends with the value, and with the process however it ends.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the directory where it is missing and locks it.
    ///
    /// # Errors
    /// `store.locked` when another kernel uses it.
    pub fn lock(path: &Path) -> Result<Self> {
        let path = make(path)?;
        let failed = |fault: std::io::Error| unusable(&path, &fault);
        let lock =
            OpenOptions::new().create(true).append(true).mode(0o600).open(path.join("kernel.lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::new(
                &code::STORE_LOCKED,
                format!("another kernel is running on the data directory {}", path.display()),
            )
            .hint("stop it, or give this one another directory: `data_dir`, or BASALT_DATA_DIR")),
            Err(TryLockError::Error(fault)) => Err(unusable(&path, &fault)),
        }
    }

    /// Where it is, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes the directory where it is missing, for commands that need no lock.
///
/// # Errors
/// When it cannot be made.
pub fn make(path: &Path) -> Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|fault| unusable(path, &fault))?;
    path.canonicalize().map_err(|fault| unusable(path, &fault))
}

fn unusable(path: &Path, fault: &std::io::Error) -> Error {
    Error::new(&code::CONFIG_INVALID, format!("the data directory {} cannot be used: {fault}", path.display()))
        .hint("set data_dir, or BASALT_DATA_DIR, to a directory that this user may write")
}
