//! System packages: installed where we may, named where we may not.
//!
//! Only Debian's family is known by commands; everybody else gets the name of what is missing.

use std::process::Command;

use anyhow::{Context, bail};

use crate::{command, progress};

/// Install Debian packages when this is root on a machine with `apt-get`. Says whether it did.
pub(crate) fn install(names: &[&str]) -> anyhow::Result<bool> {
    if !is_root() || !command_exists("apt-get") {
        return Ok(false);
    }
    progress::step(&format!("installing {}", names.join(", ")), || {
        // Without the update a fresh container knows no package at all.
        command::read(apt().arg("update"))?;
        command::read(apt().args(["install", "--yes", "--no-install-recommends"]).args(names))
    })
    .with_context(|| format!("cannot install {}", names.join(", ")))?;
    Ok(true)
}

/// Have these commands, each of the Debian package of its name.
pub(crate) fn need(commands: &[&str]) -> anyhow::Result<()> {
    let missing = || commands.iter().copied().filter(|name| !command_exists(name)).collect::<Vec<_>>();
    if !missing().is_empty() {
        install(&missing())?;
    }
    match missing().as_slice() {
        [] => Ok(()),
        missing => bail!("not in PATH, and needed by tests: {0}. On Debian: apt-get install {0}", missing.join(" ")),
    }
}

/// Whether this process runs as root.
pub(crate) fn is_root() -> bool {
    command::read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Whether the command is in `PATH`.
pub(crate) fn command_exists(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
