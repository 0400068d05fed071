//! How cargo is called for everything that is built natively.
//!
//! Cargo unifies the features of what is selected together, so that a command with another selection can build wasmtime a
//! second time (ten minutes, because of one feature of `syn`). That is why every command here selects the whole workspace
//! with its development dependencies. Guests are not built here.

use std::ffi::OsString;
use std::process::Command;

use crate::command;
use crate::progress;
use crate::tree::Tree;

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

/// Build the kernel's binary.
pub(crate) fn build_kernel(tree: &Tree) -> anyhow::Result<()> {
    let mut cargo = at(tree);
    // The small test is what makes cargo count the development dependencies in.
    cargo.args(["build", "--release", "--locked", "--workspace", "--bin", "basalt", "--test", "tidy"]);
    progress::step("building the kernel (ten minutes the first time)", || command::run(&mut cargo))
}
