//! How cargo is called for everything that is built natively.
//!
//! Guests are not built here.

use std::ffi::OsString;
use std::process::Command;

use crate::tree::Tree;
use crate::{command, progress};

/// The kernel, and everything else, never together: cargo unifies the features of what is selected together, and a guest
/// that wants one more feature of `anyhow` would have wasmtime compiled a second time.
pub(crate) const SELECTIONS: [&[&str]; 2] = [KERNEL, &["--workspace", "--exclude", "basalt"]];

/// The kernel alone, with the very features that a bare `cargo build --release` gives it.
pub(crate) const KERNEL: &[&str] = &["--package", "basalt"];

/// Cargo itself: the very one that started us, when there is one.
pub(crate) fn command() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// A cargo command that runs at the top of the workspace.
pub(crate) fn at(tree: &Tree) -> Command {
    let mut cargo = command();
    cargo.current_dir(&tree.root);
    cargo
}

/// Build the kernel as it is shipped and measured: its binary, and for the benchmark the example beside it.
pub(crate) fn build_dist(tree: &Tree, what: &[&str]) -> anyhow::Result<()> {
    let mut cargo = at(tree);
    cargo.args(["build", "--profile", "dist", "--locked"]).args(KERNEL).args(what);
    progress::step("building the kernel to ship (about ten minutes the first time)", || command::run(&mut cargo))
}

/// Build the kernel's binary.
pub(crate) fn build_kernel(tree: &Tree) -> anyhow::Result<()> {
    let mut cargo = at(tree);
    cargo.args(["build", "--release", "--locked"]).args(KERNEL);
    progress::step("building the kernel (about ten minutes the first time)", || command::run(&mut cargo))
}
