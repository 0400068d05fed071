//! `basalt plugin test`: a project's own tests, as its language runs them. They run natively, against the SDK's host in memory;
//! `dev` shows the same code in a kernel.

use std::path::PathBuf;
use std::process::ExitCode;

use super::language::Language;
use crate::error::Result;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin's folder
    #[arg(default_value = ".")]
    folder: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    Language::of(&arguments.folder)?.test(&arguments.folder)?;
    Ok(ExitCode::SUCCESS)
}
