//! Real clients for the tests, from npm: the versions that `kernel/tests/clients` pins, and the Node.js that they want.
//!
//! They are installed once for each lock file, outside of the checkout; what they are asked to do is the tests' business.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::tree::Tree;
use crate::{command, package, progress};

const FILES: [&str; 2] = ["package.json", "package-lock.json"];

const MISSING: &str =
    "the tests run real clients with Node.js and install them with npm, which was not found in PATH. Install it:
  apt-get install npm     (Debian, Ubuntu)
  brew install node       (macOS)";

/// The folder whose `node_modules` has the clients.
pub(crate) fn find_or_install(tree: &Tree) -> anyhow::Result<PathBuf> {
    let source = tree.root.join("kernel/tests/clients");
    let folder = std::env::temp_dir().join(format!("basalt-clients-{:016x}", fingerprint(&source)?));
    if !folder.exists() {
        if !package::command_exists("npm") {
            package::install(&["npm"]).context(MISSING)?;
        }
        progress::step("installing the clients of the tests", || install(&source, &folder))?;
    }
    Ok(folder)
}

fn fingerprint(source: &Path) -> anyhow::Result<u64> {
    let mut hasher = DefaultHasher::new();
    for name in FILES {
        let path = source.join(name);
        std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// Installs beside the folder and renames: whoever sees it sees all of it, also when two install at once.
fn install(source: &Path, folder: &Path) -> anyhow::Result<()> {
    let staging = folder.with_extension(std::process::id().to_string());
    std::fs::create_dir_all(&staging)?;
    for name in FILES {
        std::fs::copy(source.join(name), staging.join(name))?;
    }
    let mut npm = Command::new("npm");
    // No package runs anything while it is installed.
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&staging);
    command::read(&mut npm).context(MISSING)?;
    if std::fs::rename(&staging, folder).is_err() {
        std::fs::remove_dir_all(&staging)?;
    }
    Ok(())
}
