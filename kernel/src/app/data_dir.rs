//! The data directory: made at the first start, private, and used by one kernel at a time. It decides nothing about what
//! is kept in it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result, code};

/// A locked data directory; the lock ends with the value, and with the process however it ends.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    lock: File,
}

/// The lock's file; who holds the lock writes into it who that is.
pub(crate) const LOCK: &str = "kernel.lock";

/// Who has a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Nobody.
    Nobody,
    /// A process that did not say where it serves: it is starting, or is no `basalt serve`.
    Process(Option<u32>),
    /// A kernel, and where it said that it serves.
    Kernel(u32, SocketAddr),
}

impl DataDir {
    /// Makes the directory where it is missing and locks it.
    ///
    /// # Errors
    /// `store.locked` when another kernel uses it.
    pub fn lock(path: &Path) -> Result<Self> {
        let path = make(path)?;
        let failed = |fault: std::io::Error| unusable(&path, &fault);
        let lock = OpenOptions::new().create(true).append(true).mode(0o600).open(path.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {
                let held = Self { path, lock };
                held.note("");
                Ok(held)
            }
            Err(TryLockError::WouldBlock) => Err(Error::new(
                &code::STORE_LOCKED,
                format!("another kernel is running on the data directory {}", path.display()),
            )
            .hint("stop it, or give this one another directory: `data_dir`, or BASALT_DATA_DIR")),
            Err(TryLockError::Error(fault)) => Err(unusable(&path, &fault)),
        }
    }

    /// Notes where the kernel serves, for the commands that ask it.
    pub fn serves(&self, address: SocketAddr) {
        self.note(&address.to_string());
    }

    fn note(&self, address: &str) {
        let written = self.lock.set_len(0).and_then(|()| writeln!(&self.lock, "{} {address}", std::process::id()));
        if let Err(fault) = written {
            // A full disk must not keep a kernel from starting that would only have to delete something.
            tracing::warn!(%fault, "the data directory cannot be written");
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

/// Who has a data directory. The lock is tried, shared and for a moment: there is no other way to ask.
pub fn holder(path: &Path) -> Holder {
    let path = path.join(LOCK);
    let Ok(file) = File::open(&path) else { return Holder::Nobody };
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => read_note(&std::fs::read_to_string(&path).unwrap_or_default()),
        _ => Holder::Nobody,
    }
}

fn read_note(note: &str) -> Holder {
    let mut words = note.split_whitespace();
    let process = words.next().and_then(|word| word.parse().ok());
    let address = words.next().and_then(|word| word.parse().ok());
    process.zip(address).map_or(Holder::Process(process), |(process, address)| Holder::Kernel(process, address))
}

/// An address that this machine reaches: every address of it is also the one that only it has.
pub(crate) fn near(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        address.set_ip(loopback);
    }
    address
}

fn unusable(path: &Path, fault: &std::io::Error) -> Error {
    Error::new(&code::CONFIG_INVALID, format!("the data directory {} cannot be used: {fault}", path.display()))
        .hint("set data_dir, or BASALT_DATA_DIR, to a directory that this user may write")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_the_directory_can_be_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(holder(folder.path()), Holder::Nobody);
        let held = DataDir::lock(folder.path()).expect("free");
        assert_eq!(holder(folder.path()), Holder::Process(Some(std::process::id())));
        let address = "127.0.0.1:8080".parse().expect("an address");
        held.serves(address);
        assert_eq!(holder(folder.path()), Holder::Kernel(std::process::id(), address));
        drop(held);
        assert_eq!(holder(folder.path()), Holder::Nobody, "the note outlives the lock and says nothing then");
    }

    #[test]
    fn a_strange_note_names_nobody() {
        for note in ["", "\n", "kernel", "-1 127.0.0.1:80", "kernel 127.0.0.1:80"] {
            assert_eq!(read_note(note), Holder::Process(None), "{note:?}");
        }
    }
}
