//! `cargo xtask dist`: one self-contained release binary with the plugins inside.
//!
//! How the bundle gets into the binary is the kernel's own doing, the same for our builds and for a self-hoster's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::tree::Tree;
use crate::{bundle, cargo, command, plugins, progress};

/// The command.
pub(crate) fn run(tree: &Tree) -> anyhow::Result<()> {
    plugins::build_all(tree)?;
    bundle::lay_out(tree)?;
    cargo::build_dist(tree, &["--bin", "basalt"])?;
    let output = product(tree);
    fs::create_dir_all(output.parent().unwrap_or(&tree.target))?;
    inject(tree, &output)?;
    let size = fs::metadata(&output).with_context(|| format!("no {}", output.display()))?.len();
    eprintln!("{} ({:.1} MB)", output.display(), size as f64 / 1e6);
    Ok(())
}

/// The file that is made.
pub(crate) fn product(tree: &Tree) -> PathBuf {
    tree.target.join("shipped/basalt")
}

fn inject(tree: &Tree, output: &Path) -> anyhow::Result<()> {
    let mut kernel = Command::new(tree.target.join("dist/basalt"));
    kernel.arg("bundle").arg("--bundle").arg(bundle::folder(tree)).arg("--output").arg(output);
    progress::step("bundling", || command::run(&mut kernel))
}
