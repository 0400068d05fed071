//! `cargo xtask test`: sets everything up and runs all tests.
//!
//! The tests get what they need by environment: a Postgres to create databases in, and packed plugins. What they test is
//! theirs to know.

use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::postgres::cluster::Cluster;
use crate::tree::Tree;
use crate::{bundle, cargo, command, guest, plugins, postgres, progress, without_plugins};

/// Which tests to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Do not run the kernel's tests again in a copy of the tree that has no plugins.
    #[arg(long)]
    skip_without_plugins: bool,
    /// Handed to `cargo test`; with a filter, the copy without plugins is skipped too.
    #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
    filter: Vec<String>,
}

/// The command.
pub(crate) fn run(tree: &Tree, options: &Options) -> anyhow::Result<()> {
    let cluster = set_up(tree)?;
    let mut cargo = cargo_test(tree, &cluster, &bundle::folder(tree));
    cargo.args(["--locked"]).args(&options.filter);
    progress::step("testing", || command::run(&mut cargo))?;
    if options.skip_without_plugins || !options.filter.is_empty() {
        return Ok(());
    }
    progress::step("testing the kernel without plugins", || without_plugins::run(tree, &cluster))
}

/// Build what the tests load, and start the server that they create databases in.
pub(crate) fn set_up(tree: &Tree) -> anyhow::Result<Cluster> {
    plugins::build_all(tree)?;
    bundle::lay_out(tree)?;
    Cluster::start(&postgres::find_or_install()?)
}

/// `cargo test` with the environment that the tests read.
pub(crate) fn cargo_test(tree: &Tree, cluster: &Cluster, bundle: &Path) -> Command {
    let mut cargo = cargo::at(tree);
    cargo.args(["test", "--release", "--workspace"]);
    cargo.env("BASALT_TEST_ADMIN", cluster.address());
    cargo.env("BASALT_TEST_PLUGINS", guest::fixtures(tree)).env("BASALT_BUNDLE", bundle);
    cargo
}
