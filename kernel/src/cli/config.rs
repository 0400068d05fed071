//! `basalt config`: what is in effect, or the manual.

use std::process::ExitCode;

use super::Setup;
use crate::error::Result;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print every key with its meaning and default
    #[arg(long)]
    pub(super) default: bool,
}

pub(super) fn run(setup: &Setup) -> Result<ExitCode> {
    print!("{}", setup.config.effective());
    Ok(ExitCode::SUCCESS)
}
