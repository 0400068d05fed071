//! `basalt plugin pack`: a component of any language and its manifest become one file.
//!
//! What may be in it is `host::package`'s.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::error::{Error, Result, code};
use crate::host::package::{self, Package, Parts};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The component
    component: PathBuf,
    /// Its plugin.toml
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// A folder with its migrations, NNNN_name.sql
    #[arg(long, value_name = "FOLDER")]
    migrations: Option<PathBuf>,
    /// A folder with its assets
    #[arg(long, value_name = "FOLDER")]
    assets: Option<PathBuf>,
    /// Where to write the plugin
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let component = std::fs::read(&arguments.component).map_err(|fault| {
        Error::new(&code::PLUGIN_REFUSED, format!("{} cannot be read: {fault}", arguments.component.display()))
    })?;
    let parts = Parts::read(&arguments.manifest, arguments.migrations.as_deref(), arguments.assets.as_deref())?;
    write(&package::pack(&component, &parts)?, &arguments.out)
}

/// Writes a plugin and says what is in it.
pub(super) fn write(package: &Package, out: &Path) -> Result<ExitCode> {
    std::fs::write(out, &package.wasm)
        .map_err(|fault| Error::new(&code::PLUGIN_REFUSED, format!("{} cannot be written: {fault}", out.display())))?;
    let Package { manifest, migrations, assets, wasm, .. } = package;
    let wants: Vec<_> = manifest.want.keys().map(String::as_str).collect();
    println!("{}: {} {}, {} KiB", out.display(), manifest.id, manifest.version, wasm.len().div_ceil(1024));
    println!("  wants: {}", wants.join(", "));
    println!("  {} migration(s), {} asset(s)", migrations.len(), assets.len());
    Ok(ExitCode::SUCCESS)
}
