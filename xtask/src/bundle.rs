//! The bundle: the folder of plugins that a kernel is started with.
//!
//! It copies what `plugins` packed and the checked-in settings; which plugins are enabled is decided by those settings.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use crate::tree::Tree;
use crate::{file, guest};

const SETTINGS: &str = "bundle.toml";

/// Where the bundle is laid out.
pub(crate) fn folder(tree: &Tree) -> PathBuf {
    tree.target.join("bundle")
}

/// Lay the bundle out from the packed plugins.
pub(crate) fn lay_out(tree: &Tree) -> anyhow::Result<()> {
    let folder = folder(tree);
    let mut names = BTreeSet::from([OsString::from(SETTINGS)]);
    // A kernel for which nobody wrote settings is started with its defaults.
    let settings = fs::read(tree.root.join("config").join(SETTINGS)).unwrap_or_default();
    file::write(&folder.join(SETTINGS), &settings)?;
    for plugin in file::list(&guest::plugins(tree))? {
        let name = plugin.file_name().unwrap_or_default().to_owned();
        file::write(&folder.join(&name), &fs::read(&plugin)?)?;
        names.insert(name);
    }
    file::keep_only(&folder, &names)
}
