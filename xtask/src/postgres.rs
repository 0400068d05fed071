//! The Postgres server programs: where they are on this machine.
//!
//! It does not start a server; the tests' own does that in `postgres::cluster`, and the kernel's in the kernel.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::{file, package};

pub(crate) mod cluster;
pub(crate) mod version;

const MISSING: &str =
    "the Postgres server programs (initdb, postgres, pg_ctl; version 14 to 18) were not found in PATH, \
in /usr/lib/postgresql or at Homebrew's place. Install them:
  apt-get install postgresql      (Debian, Ubuntu)
  dnf install postgresql-server   (Fedora)
  brew install postgresql@17      (macOS)";

/// The folder of the server programs; installs them where that is possible.
pub(crate) fn find_or_install() -> anyhow::Result<PathBuf> {
    if let Some(folder) = find()? {
        return Ok(folder);
    }
    package::install(&["postgresql"]).context(MISSING)?;
    match find()? {
        Some(folder) => Ok(folder),
        None => bail!(MISSING),
    }
}

fn find() -> anyhow::Result<Option<PathBuf>> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).filter_map(|folder| resolve(&folder)).next();
    Ok(match in_path {
        Some(folder) => Some(folder),
        None => installed()?,
    })
}

/// Debian and Homebrew keep versions side by side: the newest.
fn installed() -> anyhow::Result<Option<PathBuf>> {
    let mut folders = file::list(Path::new("/usr/lib/postgresql"))?;
    for place in ["/opt/homebrew/opt", "/usr/local/opt"] {
        let formulas = file::list(Path::new(place))?;
        folders.extend(formulas.into_iter().filter(|path| path.to_string_lossy().contains("/postgresql")));
    }
    Ok(folders.iter().rev().find_map(|folder| resolve(&folder.join("bin"))))
}

/// The folder that really holds the programs: those in `PATH` are often links, and `initdb` looks for its neighbours.
fn resolve(folder: &Path) -> Option<PathBuf> {
    let folder = folder.join("initdb").canonicalize().ok()?.parent()?.to_owned();
    ["initdb", "postgres", "pg_ctl"].iter().all(|name| folder.join(name).is_file()).then_some(folder)
}
