//! The workspace as cargo sees it: where it is, where it builds to, which packages it has.
//!
//! It reads `cargo metadata` once; it does not look into the packages.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

use crate::{cargo, command};

/// The workspace that the command runs in.
#[derive(Deserialize)]
pub(crate) struct Tree {
    /// The top of the checkout.
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    /// `CARGO_TARGET_DIR`, or `target`: everything that is built goes below it.
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    /// The packages of the workspace.
    pub(crate) packages: Vec<Package>,
}

/// One package of the workspace.
#[derive(Deserialize)]
pub(crate) struct Package {
    /// As `cargo -p` wants it.
    pub(crate) name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

impl Tree {
    /// The workspace around the working directory.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let json = command::read(cargo::command().args(["metadata", "--no-deps", "--format-version", "1"]))?;
        serde_json::from_str(&json).context("cargo metadata printed something else than its JSON")
    }

    /// The kernel's binary, once it is built.
    pub(crate) fn kernel(&self) -> PathBuf {
        self.target.join("release/basalt")
    }
}

impl Package {
    /// The folder of its `Cargo.toml`.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    /// The file name of its `cdylib`, built for wasm; `None` for every other kind of package.
    pub(crate) fn wasm_file(&self) -> Option<String> {
        let library = self.targets.iter().find(|target| target.crate_types.iter().any(|kind| kind == "cdylib"))?;
        Some(format!("{}.wasm", library.name.replace('-', "_")))
    }
}
