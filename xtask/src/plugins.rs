//! `cargo xtask plugins`: builds the guests and packs each into one file.
//!
//! All guests are built by one cargo command, so that they share what they depend on; the kernel, built first, packs them.
//! It does not load what it packed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use clap::Args;

use crate::guest::{self, Guest};
use crate::tree::Tree;
use crate::wasm::{TARGET, Toolchain};
use crate::{cargo, command, file, pack, progress};

/// What to build.
#[derive(Args)]
pub(crate) struct Options {
    /// Build only the guest in the folder of this name.
    #[arg(long, value_name = "ID")]
    pub(crate) only: Option<String>,
}

/// The command.
pub(crate) fn run(tree: &Tree, options: &Options) -> anyhow::Result<()> {
    let Some(only) = &options.only else { return build_all(tree) };
    let guests: Vec<_> = guest::find(tree).into_iter().filter(|guest| guest.name == *only).collect();
    if guests.is_empty() {
        bail!("there is no plugin and no fixture in a folder named {only}");
    }
    build(tree, &guests)
}

/// Build and pack all guests, and remove what a deleted one left.
pub(crate) fn build_all(tree: &Tree) -> anyhow::Result<()> {
    let guests = guest::find(tree);
    for folder in [guest::plugins(tree), guest::fixtures(tree)] {
        let names: BTreeSet<_> = guests.iter().filter_map(|guest| Some(guest.output.file_name()?.to_owned())).collect();
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        file::keep_only(&folder, &names)?;
    }
    if guests.is_empty() { Ok(()) } else { build(tree, &guests) }
}

fn build(tree: &Tree, guests: &[Guest]) -> anyhow::Result<()> {
    let target = tree.target.join("guest");
    let toolchain = Toolchain::find(&target)?;
    let mut cargo = cargo::at(tree);
    cargo.args(["build", "--locked", "--profile", "plugin", "--target", TARGET, "--target-dir"]).arg(&target);
    for guest in guests {
        cargo.args(["--package", &guest.package]);
    }
    toolchain.apply(&mut cargo);
    progress::step("building plugins", || command::run(&mut cargo))?;
    cargo::build_kernel(tree)?;
    guests.iter().try_for_each(|guest| write(tree, &target, guest))
}

fn write(tree: &Tree, target: &Path, guest: &Guest) -> anyhow::Result<()> {
    let path = target.join(TARGET).join("plugin").join(&guest.module);
    let module = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let packed = pack::pack(tree, guest, &module, &target.join("packing"))
        .with_context(|| format!("cannot pack {}", guest.name))?;
    if file::write(&guest.output, &packed)? {
        eprintln!("packed {} ({} KiB)", guest.output.display(), packed.len() / 1024);
    }
    Ok(())
}
