//! `cargo xtask bless`: regenerates what is generated and checked in.
//!
//! Nobody looks at the difference here: that is what the commit's review is for.

use std::process::Command;

use crate::cargo::SELECTIONS;
use crate::tree::Tree;
use crate::{cargo, command, file, javascript, postgres, progress, reference, test};

/// Generated files and the kernel's command that prints each.
const GENERATED: [(&str, &[&str]); 2] =
    [("config/default.toml", &["config", "--default"]), ("docs/errors.md", &["errors"])];

/// The command.
pub(crate) fn run(tree: &Tree) -> anyhow::Result<()> {
    for (path, page) in reference::pages(tree)? {
        if file::write(&tree.root.join(&path), page.as_bytes())? {
            eprintln!("wrote {}", path.display());
        }
    }
    cargo::build_kernel(tree)?;
    for (name, arguments) in GENERATED {
        let content = command::read(Command::new(tree.kernel()).args(arguments))?;
        if file::write(&tree.root.join(name), content.as_bytes())? {
            eprintln!("wrote {name}");
        }
    }
    javascript::bless(tree)?;
    accept_snapshots(tree)
}

fn accept_snapshots(tree: &Tree) -> anyhow::Result<()> {
    let cluster = test::set_up(tree, &postgres::find_or_install()?)?;
    progress::step("accepting the snapshots", || {
        test::run_each(tree, &cluster, &SELECTIONS, |cargo| {
            cargo.arg("--no-fail-fast").env("INSTA_UPDATE", "always");
        })
    })
}
