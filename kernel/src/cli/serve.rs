//! `basalt serve`.

use std::process::ExitCode;

use super::{Setup, block_on};
use crate::app::App;
use crate::error::Result;
use crate::host::compiler;

pub(super) fn run(setup: Setup) -> Result<ExitCode> {
    let app = App::new(setup.config, setup.bundle).compiler(compiler::this_program()?);
    block_on(app.run())?;
    Ok(ExitCode::SUCCESS)
}
