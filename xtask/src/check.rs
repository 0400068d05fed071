//! `cargo xtask check`: everything that can be said about the source without running the product.
//!
//! The rules of the house are ordinary tests in `xtask/tests/tidy`; here they are only started.

use std::process::Command;

use crate::tree::Tree;
use crate::{cargo, command, progress};

/// The command.
pub(crate) fn run(tree: &Tree) -> anyhow::Result<()> {
    step(tree, "checking the format", &["fmt", "--all", "--check"])?;
    step(tree, "checking the tidy rules", &["test", "--release", "--locked", "--workspace", "--test", "tidy"])?;
    let lints = ["clippy", "--release", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    step(tree, "checking the lints", &lints)?;
    step(tree, "checking the documentation", &["doc", "--release", "--locked", "--workspace", "--no-deps"])
}

fn step(tree: &Tree, what: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let mut cargo: Command = cargo::at(tree);
    cargo.args(arguments).env("RUSTDOCFLAGS", "-D warnings");
    progress::step(what, || command::run(&mut cargo))
}
