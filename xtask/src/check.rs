//! `cargo xtask check`: everything that can be said about the source without running the product.
//!
//! The rules of the house are ordinary tests in `xtask/tests/tidy`; here they are only started.

use anyhow::bail;

use crate::cargo::SELECTIONS;
use crate::tree::Tree;
use crate::{cargo, command, progress};

type Check = fn(&Tree) -> anyhow::Result<()>;

/// What is checked, and how; the quick ones first.
const CHECKS: [(&str, Check); 4] =
    [("the format", format), ("the tidy rules", tidy), ("the lints", lints), ("the documentation", documentation)];

/// The command. A failure does not keep the other checks from running: whoever mends wants to see everything.
pub(crate) fn run(tree: &Tree) -> anyhow::Result<()> {
    let failed = CHECKS.into_iter().filter(|(what, check)| {
        let outcome = progress::step(&format!("checking {what}"), || check(tree));
        outcome.inspect_err(|error| eprintln!("error: {error:#}")).is_err()
    });
    let failed: Vec<_> = failed.map(|(what, _)| what).collect();
    if failed.is_empty() { Ok(()) } else { bail!("not in order: {}", failed.join(", ")) }
}

fn format(tree: &Tree) -> anyhow::Result<()> {
    command::run(cargo::at(tree).args(["fmt", "--all", "--check"]))
}

fn tidy(tree: &Tree) -> anyhow::Result<()> {
    let [_, others] = SELECTIONS;
    command::run(cargo::at(tree).args(["test", "--release", "--locked", "--test", "tidy"]).args(others))
}

fn lints(tree: &Tree) -> anyhow::Result<()> {
    SELECTIONS.iter().try_for_each(|selection| {
        let mut cargo = cargo::at(tree);
        cargo.args(["clippy", "--release", "--locked", "--all-targets"]).args(*selection);
        command::run(cargo.args(["--", "-D", "warnings"]))
    })
}

fn documentation(tree: &Tree) -> anyhow::Result<()> {
    SELECTIONS.iter().try_for_each(|selection| {
        let mut cargo = cargo::at(tree);
        cargo.args(["doc", "--release", "--locked", "--no-deps"]).args(*selection);
        command::run(cargo.env("RUSTDOCFLAGS", "-D warnings"))
    })
}
