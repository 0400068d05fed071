//! Node's programs, as they are found in the project's folder. It installs nothing.

use std::path::Path;
use std::process::Command;

use super::super::refused;
use crate::error::{Error, Result};

pub(super) fn node(folder: &Path) -> Command {
    program("node", folder)
}

pub(super) fn npm(folder: &Path) -> Command {
    program("npm", folder)
}

/// Runs a program to its end; what it says goes to the terminal.
pub(super) fn run(command: &mut Command, failed: &str) -> Result<()> {
    let status = command.status().map_err(|fault| missing(command, &fault))?;
    if status.success() { Ok(()) } else { Err(refused(failed)) }
}

fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(name);
    command.current_dir(folder);
    command
}

fn missing(command: &Command, fault: &std::io::Error) -> Error {
    let program = command.get_program().to_string_lossy();
    refused(format!("{program} cannot be run: {fault}"))
        .hint("install Node 20 or later, which brings npm: https://nodejs.org")
}
