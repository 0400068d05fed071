//! The folder of compiled plugins: how its files are called, and which of them nobody can use any more.
//!
//! It neither compiles nor loads nor deletes anything.

use std::fs::{self, DirEntry};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

/// The folder, in the data directory.
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("compiled")
}

/// The name says what the code was made from and for which engine, so that nothing stale is ever loaded.
pub(super) fn name(wasm: &[u8], engine: &wasmtime::Engine) -> String {
    let digest = Sha256::digest(wasm);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{digest}{}", suffix(engine))
}

/// What the names of all code of an engine end with.
pub(super) fn suffix(engine: &wasmtime::Engine) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("-{:016x}.cwasm", hasher.finish())
}

/// Files that no start will use.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stale {
    /// How many are for another engine: an older kernel's, or one with another `host.max_instances`.
    pub foreign: usize,
    /// How many were left by a kernel that died while it wrote them.
    pub leftovers: usize,
    /// What the names of the others end with.
    pub suffix: String,
}

/// A file that is being written is renamed within seconds.
const WRITING: Duration = Duration::from_secs(600);

/// Looks through the folder of a data directory.
pub(super) fn stale(data_dir: &Path, suffix: String) -> Stale {
    let mut stale = Stale { suffix, ..Stale::default() };
    for entry in fs::read_dir(folder(data_dir)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        match () {
            () if name.starts_with('.') => stale.leftovers += usize::from(is_old(&entry)),
            () if name.ends_with(&stale.suffix) => {}
            () => stale.foreign += 1,
        }
    }
    stale
}

fn is_old(entry: &DirEntry) -> bool {
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > WRITING))
}
