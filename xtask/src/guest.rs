//! Which guests there are: the plugins, and the fixtures that the kernel's tests load.
//!
//! A guest is a package with a `plugin.toml` in one of three places; what the manifest says is the kernel's business.

use std::path::PathBuf;

use crate::tree::{Package, Tree};

/// A package that becomes one plugin file.
pub(crate) struct Guest {
    /// The name of its folder, which is the plugin's id.
    pub(crate) name: String,
    /// As `cargo -p` wants it.
    pub(crate) package: String,
    /// The core module that cargo builds.
    pub(crate) module: String,
    /// Where the packed plugin goes.
    pub(crate) output: PathBuf,
    /// Where its source is, with `plugin.toml`.
    pub(crate) folder: PathBuf,
}

/// Where packed plugins go.
pub(crate) fn plugins(tree: &Tree) -> PathBuf {
    tree.target.join("plugins")
}

/// Where packed fixtures go.
pub(crate) fn fixtures(tree: &Tree) -> PathBuf {
    tree.target.join("test-plugins")
}

/// All guests of the workspace, by name.
pub(crate) fn find(tree: &Tree) -> Vec<Guest> {
    let places = [
        (tree.root.join("plugins"), plugins(tree)),
        (tree.root.join("kernel/tests/guest"), fixtures(tree)),
        // Not in the bundle: they show how a plugin is written, and the kernel's tests use them as their users would.
        (tree.root.join("sdk-plugin/examples"), fixtures(tree)),
    ];
    let mut guests: Vec<_> = tree.packages.iter().filter_map(|package| open(package, &places)).collect();
    guests.sort_by(|a, b| a.output.cmp(&b.output));
    guests
}

fn open(package: &Package, places: &[(PathBuf, PathBuf)]) -> Option<Guest> {
    let folder = package.folder();
    let (_, output) = places.iter().find(|(place, _)| folder.parent() == Some(place))?;
    let name = folder.file_name()?.to_str()?.to_owned();
    Some(Guest {
        package: package.name.clone(),
        module: package.wasm_file()?,
        output: output.join(format!("{name}.wasm")),
        folder: folder.to_owned(),
        name,
    })
}
