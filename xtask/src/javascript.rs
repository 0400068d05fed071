//! What the JavaScript half of the SDK is made with: jco's generator of types, from npm, once for each version.
//!
//! Authors never install it: what it makes is checked in. What they install, the kernel's tests install as they do.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use crate::tree::Tree;
use crate::{command, package, progress};

const PACKAGE: &str = "@bytecodealliance/jco-transpile";

const VERSION: &str = "0.15.0";

const MISSING: &str =
    "plugins in JavaScript are tested with Node: there is no npm in PATH. Install Node 20 or later, https://nodejs.org";

/// Where the generator is, or will be: outside of the checkout, so that a clean one need not fetch it.
pub(crate) fn generator() -> PathBuf {
    std::env::temp_dir().join(format!("basalt-jco-{VERSION}"))
}

/// Fetch the generator, once.
pub(crate) fn fetch() -> anyhow::Result<()> {
    let folder = generator();
    if folder.join("node_modules").join(PACKAGE).join("package.json").is_file() {
        return Ok(());
    }
    ensure!(package::command_exists("npm"), MISSING);
    std::fs::create_dir_all(&folder)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&folder).arg(format!("{PACKAGE}@{VERSION}"));
    progress::step("fetching jco", || command::read(&mut npm)).map(drop)
}

/// Make the types of the contract anew.
pub(crate) fn bless(tree: &Tree) -> anyhow::Result<()> {
    fetch()?;
    let sdk = tree.root.join("sdk-plugin/js");
    let mut node = Command::new("node");
    node.arg(sdk.join("build/types.js")).arg(generator()).arg(Path::new(&sdk).join("types/contract"));
    command::run(&mut node)
}
