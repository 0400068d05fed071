//! The promise that every feature is replaceable, tested: a copy of the tree whose `plugins/` is empty builds and passes.
//!
//! The copy builds into the same target directory, so that only the workspace's own packages are compiled again. It never
//! touches the checkout.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::cargo::KERNEL;
use crate::postgres::cluster::Cluster;
use crate::tree::Tree;
use crate::{command, file, test};

/// Copy the tree without its plugins and run the tests of the copy.
pub(crate) fn run(tree: &Tree, cluster: &Cluster) -> anyhow::Result<()> {
    let folder = tree.target.join("without-plugins");
    let copy = folder.join("tree");
    sync(&tree.root, &copy)?;
    let bundle = folder.join("bundle");
    fs::create_dir_all(&bundle)?;
    let mut cargo = test::cargo_test(tree, cluster, &bundle, KERNEL)?;
    cargo.current_dir(&copy).env("CARGO_TARGET_DIR", &tree.target).env("BASALT_TEST_WITHOUT_PLUGINS", "1");
    command::run(keep_apart(tree, &mut cargo))
}

/// Cargo names what it builds after a package's place *in its workspace*, so that the copy would overwrite what the checkout
/// built, and cargo would take the copy's for the checkout's. A profile that differs in nothing that matters gives the
/// copy's packages names of their own.
fn keep_apart<'a>(tree: &Tree, cargo: &'a mut Command) -> &'a mut Command {
    let plugins = tree.root.join("plugins");
    for package in tree.packages.iter().filter(|package| !package.folder().starts_with(&plugins)) {
        cargo.arg("--config").arg(format!("profile.release.package.{}.codegen-units=15", package.name));
    }
    cargo
}

/// Make the copy equal to the checkout as it is now, committed or not. What did not change keeps its time stamp, so that a
/// second run compiles nothing.
fn sync(root: &Path, copy: &Path) -> anyhow::Result<()> {
    let mut wanted = BTreeSet::new();
    for name in tracked(root)? {
        let content = fs::read(root.join(&name)).with_context(|| format!("cannot read {}", name.display()))?;
        file::write(&copy.join(&name), &content)?;
        wanted.insert(copy.join(&name));
    }
    // A folder without anything would make cargo take the pattern `plugins/*` for a name.
    let kept = copy.join("plugins/.keep");
    file::write(&kept, b"")?;
    wanted.insert(kept);
    prune(copy, &wanted)
}

/// The files of the checkout that are tracked, or would be; those in a plugin's folder left out.
fn tracked(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let names = command::read(&mut git).context("the tree is copied by what git knows of it")?;
    let names = names.split_terminator('\0').map(PathBuf::from);
    Ok(names.filter(|name| root.join(name).is_file() && !in_plugin(name)).collect())
}

fn in_plugin(name: &Path) -> bool {
    name.starts_with("plugins") && name.components().count() > 2
}

/// Remove what the checkout no longer has.
fn prune(folder: &Path, wanted: &BTreeSet<PathBuf>) -> anyhow::Result<()> {
    for path in file::list(folder)? {
        if path.is_dir() && !path.is_symlink() {
            prune(&path, wanted)?;
            // Fails, as it should, while there is something in it.
            let _ = fs::remove_dir(&path);
        } else if !wanted.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
