//! `basalt doctor`: looks for what would keep the kernel from running well, and says how to mend it.
//!
//! It changes nothing and starts nothing, and works whether the kernel runs or not. One file per check; each looks at one
//! thing. What it takes to *build* plugins is not its business: `cargo xtask` says that where it builds.

mod address;
mod clock;
mod compiled;
mod database;
mod finding;
mod kernel;
mod lock;
mod permission;
mod secret;

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::{Setup, block_on};
use crate::error::{Error, Result};
use crate::store::{self, Survey};
use finding::{Finding, Verdict};
use kernel::Kernel;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

/// What the checks look at.
struct Scene<'a> {
    setup: &'a Setup,
    /// Absolute; it need not exist.
    data_dir: PathBuf,
    kernel: Kernel,
    survey: Survey,
}

/// All checks, from the machine to the database.
const CHECKS: &[fn(&Scene<'_>) -> Vec<Finding>] = &[
    lock::check,
    address::check,
    permission::check,
    secret::check,
    compiled::check,
    database::reach,
    database::privilege,
    database::roles,
    database::policies,
    clock::check,
];

pub(super) fn run(setup: &Setup, arguments: &Arguments) -> Result<ExitCode> {
    let data_dir = std::path::absolute(&setup.config.root.data_dir).map_err(Error::internal)?;
    let survey = block_on(async { Ok(store::survey(&setup.config.database, &data_dir).await) })?;
    let scene = Scene { setup, kernel: Kernel::find(&data_dir), data_dir, survey };
    let findings: Vec<_> = CHECKS.iter().flat_map(|check| check(&scene)).collect();
    if arguments.json {
        println!("{}", as_json(&scene, &findings));
    } else {
        findings.iter().for_each(|finding| print!("{finding}"));
    }
    Ok(if is_well(&findings) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_well(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.verdict != Verdict::Fault)
}

fn as_json(scene: &Scene<'_>, findings: &[Finding]) -> serde_json::Value {
    let list: Vec<_> = findings.iter().map(Finding::as_json).collect();
    json!({ "well": is_well(findings), "kernel": scene.kernel.as_json(), "findings": list })
}
