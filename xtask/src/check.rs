//! `cargo xtask check`: everything that can be said about the source without running the product.
//!
//! The rules of the house are ordinary tests in `xtask/tests/tidy`; here they are only started.

use anyhow::bail;

use crate::tree::Tree;
use crate::{cargo, command, progress};

/// What is checked, and how cargo does it; the quick ones first.
const CHECKS: [(&str, &[&str]); 4] = [
    ("the format", &["fmt", "--all", "--check"]),
    ("the tidy rules", &["test", "--release", "--locked", "--workspace", "--test", "tidy"]),
    ("the lints", &["clippy", "--release", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    ("the documentation", &["doc", "--release", "--locked", "--workspace", "--no-deps"]),
];

/// The command. A failure does not keep the other checks from running: whoever mends wants to see everything.
pub(crate) fn run(tree: &Tree) -> anyhow::Result<()> {
    let failed: Vec<_> = CHECKS.into_iter().filter(|(what, arguments)| !passes(tree, what, arguments)).collect();
    let names: Vec<_> = failed.into_iter().map(|(what, _)| what).collect();
    if names.is_empty() { Ok(()) } else { bail!("not in order: {}", names.join(", ")) }
}

fn passes(tree: &Tree, what: &str, arguments: &[&str]) -> bool {
    let mut cargo = cargo::at(tree);
    cargo.args(arguments).env("RUSTDOCFLAGS", "-D warnings");
    let outcome = progress::step(&format!("checking {what}"), || command::run(&mut cargo));
    outcome.inspect_err(|error| eprintln!("error: {error:#}")).is_ok()
}
