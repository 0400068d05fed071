//! `basalt serve`.

use std::process::ExitCode;

use super::{Setup, block_on};
use crate::app::App;
use crate::error::Result;

pub(super) fn run(setup: Setup) -> Result<ExitCode> {
    block_on(App::new(setup.config, setup.bundle).run())?;
    Ok(ExitCode::SUCCESS)
}
