//! `cargo xtask serve`: from a fresh clone to a running kernel.
//!
//! The kernel replaces this process, so that signals and exit codes are the kernel's own. Nothing is left to clean up.

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::Context;
use clap::Args;

use crate::tree::Tree;
use crate::{bundle, cargo, plugins, postgres};

/// What the kernel is started with.
#[derive(Args)]
pub(crate) struct Options {
    /// Handed to `basalt serve`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// The command.
pub(crate) fn run(tree: &Tree, options: &Options) -> anyhow::Result<()> {
    plugins::build_all(tree)?;
    bundle::lay_out(tree)?;
    postgres::find_or_install()?;
    cargo::build_kernel(tree)?;
    let mut kernel = Command::new(tree.kernel());
    kernel.arg("serve").arg("--bundle").arg(bundle::folder(tree)).args(&options.arguments);
    Err(kernel.exec()).with_context(|| format!("cannot start {}", tree.kernel().display()))
}
