//! `cargo xtask freeze`: keeps the contract as it is now, with a guest that uses it, for as long as there is a Basalt.
//!
//! The tests compare later contracts with what is kept here, and load the guest; nothing is compared in this file.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use clap::Args;

use crate::tree::Tree;
use crate::{file, guest, plugins};

/// The guest that uses every capability.
const GUEST: &str = "contract";

/// What to keep.
#[derive(Args)]
pub(crate) struct Options {
    /// Replace what is kept for this version. Only before it is published: plugins are built for it afterwards.
    #[arg(long)]
    again: bool,
}

/// The command.
pub(crate) fn run(tree: &Tree, options: &Options) -> anyhow::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let folder = tree.root.join("kernel/tests/contract").join(version);
    if folder.exists() && !options.again {
        bail!("the contract of {version} is kept already; --again replaces it, which only an unpublished one may be");
    }
    plugins::run(tree, &plugins::Options { only: Some(GUEST.to_owned()) })?;
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let packed = fs::read(guest::fixtures(tree).join(format!("{GUEST}.wasm")))?;
    file::write(&folder.join("guest.wasm"), &packed)?;
    copy(&tree.root.join("wit"), &folder.join("wit"))?;
    eprintln!("kept {} ({} KiB)", folder.display(), packed.len() / 1024);
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    for path in file::list(from)? {
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            file::write(&target, &fs::read(&path)?)?;
        }
    }
    Ok(())
}
