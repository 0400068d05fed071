//! Who may read and write the data directory and the secrets in it. It does not look into the embedded server's files,
//! which Postgres checks itself.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Access, access};

use super::Scene;
use super::finding::{Finding, PERMISSIONS};
use crate::host::compiled;
use crate::{auth, store};

const CHECK: &str = PERMISSIONS.check;

/// Bits of a mode that are somebody else's than the owner's.
const READ: u32 = 0o044;
const WRITE: u32 = 0o022;
const ANY: u32 = 0o077;

pub(super) fn check(scene: &Scene<'_>) -> Vec<Finding> {
    let path = &scene.data_dir;
    let Ok(metadata) = path.metadata() else { return vec![absent(path)] };
    let mut findings: Vec<_> = usable(path, &metadata).into_iter().collect();
    findings.extend(writable(path).or_else(|| listable(path)));
    findings.extend(writable(&compiled::folder(path)));
    let secrets = [auth::SECRET_FILE, auth::VAULT_FILE, auth::operator::FILE, store::KEY_FILE, store::PASSWORD_FILE];
    findings.extend(secrets.iter().filter_map(|name| secret(&path.join(name))));
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, path.display(), "private, and writable by this user"));
    }
    findings
}

/// Its nearest ancestor decides whether it can be made.
fn absent(path: &Path) -> Finding {
    let parent = path.ancestors().skip(1).find(|parent| parent.exists()).unwrap_or(Path::new("/"));
    match access(parent, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) if parent.is_dir() => Finding::ok(CHECK, path.display(), "does not exist yet; the first start makes it"),
        _ => {
            let found = format!("does not exist and cannot be made in {}", parent.display());
            Finding::fault(&PERMISSIONS, path.display(), found, elsewhere(path))
        }
    }
}

fn usable(path: &Path, metadata: &Metadata) -> Option<Finding> {
    if !metadata.is_dir() {
        return Some(Finding::fault(&PERMISSIONS, path.display(), "is not a directory", elsewhere(path)));
    }
    let fault = access(path, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK).err()?;
    Some(Finding::fault(&PERMISSIONS, path.display(), format!("cannot be written: {fault}"), elsewhere(path)))
}

fn elsewhere(path: &Path) -> String {
    let user = rustix::process::geteuid().as_raw();
    format!(
        "`install -d -m 700 -o {user} {}`, or set BASALT_DATA_DIR to a directory that this user may write",
        path.display()
    )
}

/// Who can write there can have code of their own run as the kernel's.
fn writable(path: &Path) -> Option<Finding> {
    let mode = mode(path).filter(|mode| mode & WRITE != 0)?;
    let found = format!("others than its owner may write it (mode {mode:o})");
    Some(Finding::fault(&PERMISSIONS, path.display(), found, close(path)))
}

fn listable(path: &Path) -> Option<Finding> {
    let mode = mode(path).filter(|mode| mode & READ != 0)?;
    let found = format!("others than its owner may list it (mode {mode:o})");
    Some(Finding::warning(&PERMISSIONS, path.display(), found, close(path)))
}

/// Entering alone is harmless, and needed by an embedded server of another user.
fn close(path: &Path) -> String {
    format!("`chmod go-rw {}`", path.display())
}

fn mode(path: &Path) -> Option<u32> {
    path.metadata().ok().map(|metadata| metadata.mode() & 0o777)
}

fn secret(path: &Path) -> Option<Finding> {
    let mode = mode(path)?;
    if mode & ANY != 0 {
        let found = format!("others than its owner may use this secret (mode {mode:o})");
        return Some(Finding::fault(&PERMISSIONS, path.display(), found, format!("`chmod 600 {}`", path.display())));
    }
    let fault = access(path, Access::READ_OK).err()?;
    let mend = format!("`chown {} {}`", rustix::process::geteuid().as_raw(), path.display());
    Some(Finding::fault(&PERMISSIONS, path.display(), format!("cannot be read: {fault}"), mend))
}
