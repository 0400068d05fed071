//! `basalt bundle`: one file with just the plugins that somebody wants.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::ExitCode;

use super::Setup;
use crate::error::{Error, Result, code};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where to write the binary
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// The binary to copy [default: this one]
    #[arg(long, value_name = "FILE")]
    base: Option<PathBuf>,
}

pub(super) fn run(setup: &Setup, arguments: &Arguments) -> Result<ExitCode> {
    let base = match &arguments.base {
        Some(base) => base.clone(),
        None => std::env::current_exe().map_err(Error::internal)?,
    };
    let unreadable = |fault: std::io::Error| {
        Error::new(&code::CONFIG_INVALID, format!("{} cannot be read: {fault}", base.display()))
    };
    let unwritable = |fault: std::io::Error| {
        Error::new(&code::CONFIG_INVALID, format!("{} cannot be written: {fault}", arguments.output.display()))
    };
    let binary = std::fs::read(&base).map_err(unreadable)?;
    let mut out = File::create(&arguments.output).map_err(unwritable)?;
    setup.bundle.embed(&binary, &mut out)?;
    out.set_permissions(Permissions::from_mode(0o755)).map_err(unwritable)?;
    println!("{} carries {} plugin(s)", arguments.output.display(), setup.bundle.plugins.len());
    Ok(ExitCode::SUCCESS)
}
