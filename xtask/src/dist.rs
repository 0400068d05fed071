//! `cargo xtask dist`: one self-contained release binary with the plugins inside.
//!
//! How the bundle gets into the binary is the kernel's own doing, the same for our builds and for a self-hoster's.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use crate::tree::Tree;
use crate::{bundle, cargo, command, package, plugins, progress};

/// The command.
pub(crate) fn run(tree: &Tree) -> anyhow::Result<()> {
    plugins::build_all(tree)?;
    bundle::lay_out(tree)?;
    cargo::build_kernel(tree)?;
    let folder = tree.target.join("dist");
    fs::create_dir_all(&folder)?;
    let (bare, output) = (folder.join("basalt-bare"), folder.join("basalt"));
    strip(&tree.kernel(), &bare)?;
    inject(tree, &bare, &output)?;
    fs::remove_file(&bare)?;
    let size = fs::metadata(&output).with_context(|| format!("no {}", output.display()))?.len();
    eprintln!("{} ({:.1} MB)", output.display(), size as f64 / 1e6);
    Ok(())
}

/// Symbols go before the bundle comes in: afterwards `strip` could take the bundle for waste.
fn strip(kernel: &Path, bare: &Path) -> anyhow::Result<()> {
    fs::copy(kernel, bare).with_context(|| format!("cannot copy {}", kernel.display()))?;
    if package::command_exists("strip") { command::run(Command::new("strip").arg(bare)) } else { Ok(()) }
}

fn inject(tree: &Tree, bare: &Path, output: &Path) -> anyhow::Result<()> {
    let mut kernel = Command::new(bare);
    kernel.arg("bundle").arg("--bundle").arg(bundle::folder(tree)).arg("--output").arg(output);
    progress::step("bundling", || command::run(&mut kernel))
}
