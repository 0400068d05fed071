//! `cargo xtask`: everything that is done to this repository, as commands.
//!
//! Each command is one module. None of them knows what the kernel or a plugin does: they build, lay out and start.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench;
mod bless;
mod bundle;
mod cargo;
mod check;
mod client;
mod command;
mod conformance;
mod dist;
mod file;
mod freeze;
mod guest;
mod javascript;
mod pack;
mod package;
mod plugins;
mod postgres;
mod progress;
mod reference;
mod serve;
mod stock;
mod test;
mod tree;
mod wasm;
mod without_plugins;

/// What can be done to this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Xtask {
    #[command(flatten)]
    Task(Task),
}

#[derive(Subcommand)]
enum Task {
    /// Set everything up and serve: plugins built and bundled, Postgres found, the kernel built and started.
    Serve(serve::Options),
    /// Set everything up and run all tests, then the kernel's again in a copy of the tree that has no plugins.
    Test(test::Options),
    /// Format, lints, documentation and the tidy rules.
    Check,
    /// Build and pack every plugin and every test fixture.
    Plugins(plugins::Options),
    /// Replay PostgREST's own cases against the plugin `rest`.
    Conformance(conformance::Options),
    /// Measure the product, and what its plugins cost over the same written natively.
    Bench(bench::Options),
    /// Build one self-contained release binary with the plugins inside.
    Dist,
    /// Regenerate the generated files and accept the snapshots.
    Bless,
    /// Keep the contract of this version, and a guest that uses it, for the tests of all later ones.
    Freeze(freeze::Options),
}

fn main() -> ExitCode {
    let Xtask::Task(task) = Xtask::parse();
    match run(task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    let tree = tree::Tree::open()?;
    match task {
        Task::Serve(options) => serve::run(&tree, &options),
        Task::Test(options) => test::run(&tree, &options),
        Task::Check => check::run(&tree),
        Task::Plugins(options) => plugins::run(&tree, &options),
        Task::Conformance(options) => conformance::run(&tree, &options),
        Task::Bench(options) => bench::run(&tree, &options),
        Task::Dist => dist::run(&tree),
        Task::Bless => bless::run(&tree),
        Task::Freeze(options) => freeze::run(&tree, &options),
    }
}
