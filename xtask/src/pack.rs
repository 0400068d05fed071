//! From a core module to a plugin file: the component is made here, the rest is `basalt plugin pack`'s.
//!
//! What may be in a plugin is decided in one place, the kernel: a guest that it would refuse is not packed.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use wit_component::ComponentEncoder;

use crate::command;
use crate::guest::Guest;
use crate::tree::Tree;

/// Make a core module (which carries its WIT types in a section of its own) one plugin file. `folder` is for what comes
/// between.
pub(crate) fn pack(tree: &Tree, guest: &Guest, module: &[u8], folder: &Path) -> anyhow::Result<Vec<u8>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let (input, output) = (folder.join("component.wasm"), folder.join("plugin.wasm"));
    fs::write(&input, component(module)?).with_context(|| format!("cannot write {}", input.display()))?;
    with_manifest(tree, &input, &guest.folder, &output)?;
    fs::read(&output).with_context(|| format!("cannot read {}", output.display()))
}

/// Make a component one plugin file, with the manifest and the folders that lie in `source`.
pub(crate) fn with_manifest(tree: &Tree, component: &Path, source: &Path, output: &Path) -> anyhow::Result<()> {
    let mut kernel = Command::new(tree.kernel());
    kernel.args(["plugin", "pack"]).arg(component).arg("--out").arg(output);
    kernel.arg("--manifest").arg(source.join("plugin.toml"));
    kernel.arg("--migrations").arg(source.join("migrations")).arg("--assets").arg(source.join("assets"));
    command::read(&mut kernel).map(drop)
}

// A plugin's author has `wasm-component-ld` do this; some distributions' Rust, which we build with too, does not have it.
fn component(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(module).context("not a guest module")?;
    encoder.encode().context("cannot be made a component")
}
