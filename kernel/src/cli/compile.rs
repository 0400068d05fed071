//! `basalt compile`: what the kernel runs for each plugin that an operator installs. People have no use for it.

use std::process::ExitCode;

use crate::error::Result;
use crate::host::compiler::{self, Bounds, REFUSED};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The most memory, in bytes
    #[arg(long)]
    memory: u64,
    /// The most time of processors, in seconds
    #[arg(long)]
    seconds: u64,
}

/// From standard input to standard output.
pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let bounds = Bounds { memory: arguments.memory, seconds: arguments.seconds };
    match compiler::run(bounds, &mut std::io::stdin().lock(), &mut std::io::stdout().lock())? {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(reason) => {
            eprint!("{reason}");
            Ok(ExitCode::from(REFUSED))
        }
    }
}
