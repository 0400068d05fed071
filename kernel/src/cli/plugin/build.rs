//! `basalt plugin build`: the folder of a plugin becomes one file. How its language compiles is `language`'s, what goes into the
//! file is `host::package`'s.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::language::{Language, Purpose};
use super::pack;
use crate::error::{Error, Result, code};
use crate::host::manifest::Manifest;
use crate::host::package::{self, Package, Parts};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder with plugin.toml, Cargo.toml or package.json and, if there are any, migrations/ and assets/
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Where to write the plugin [default: <id>.wasm]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let package = build(&arguments.folder, Purpose::Release)?;
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.wasm", package.manifest.id)));
    pack::write(&package, &out)
}

/// Makes a plugin of a folder.
pub(super) fn build(folder: &Path, purpose: Purpose) -> Result<Package> {
    // Before minutes are spent on compiling.
    let parts = parts(folder)?;
    Manifest::parse(&String::from_utf8_lossy(&parts.manifest))?;
    let path = Language::of(folder)?.build(folder, purpose)?;
    let component =
        std::fs::read(&path).map_err(|fault| refused(format!("{} cannot be read: {fault}", path.display())))?;
    package::pack(&component, &parts)
}

/// What goes into the file beside the code.
fn parts(folder: &Path) -> Result<Parts> {
    let manifest = folder.join("plugin.toml");
    if !manifest.is_file() {
        return Err(refused(format!("there is no {}", manifest.display())).hint(
            "it says what the plugin is and what it wants; `basalt plugin new NAME` makes a project that has one",
        ));
    }
    Parts::read(&manifest, Some(&folder.join("migrations")), Some(&folder.join("assets")))
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(&code::PLUGIN_REFUSED, message)
}
