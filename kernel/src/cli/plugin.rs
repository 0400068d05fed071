//! `basalt plugin`: what is in the bundle, and what would keep it from running. How plugins are made is in the files beside.

pub(super) mod build;
pub(super) mod pack;

use std::process::ExitCode;

use toml::Table;

use super::Setup;
use crate::error::Result;
use crate::host::grant::Grant;
use crate::host::package::Package;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List the plugins of the bundle and how they stand
    List,
    /// Make a plugin of a folder with Rust source
    Build(build::Arguments),
    /// Make a plugin of a component in any language
    Pack(pack::Arguments),
}

pub(super) fn list(setup: &Setup) -> Result<ExitCode> {
    for (file, wasm) in &setup.bundle.plugins {
        match Package::parse(wasm.clone()) {
            Ok(package) => describe(setup, &package),
            Err(fault) => println!("{file}: {}", fault.message),
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn describe(setup: &Setup, package: &Package) {
    let manifest = &package.manifest;
    let absent = || Grant::read(&manifest.id, Table::new(), &setup.config.limits, &mut Vec::new());
    let grant = setup.config.plugins.get(&manifest.id).cloned().unwrap_or_else(absent);
    let state = match (grant.enabled, grant.meet(manifest)) {
        (false, _) => "disabled".to_owned(),
        (true, Ok(_)) => "enabled".to_owned(),
        (true, Err(fault)) => format!("refused: {}\n  {}", fault.message, fault.hint.unwrap_or_default()),
    };
    println!("{} {} ({}): {}", manifest.id, manifest.version, manifest.license, manifest.description);
    println!("  {state}");
    let wants: Vec<_> = manifest.want.iter().map(|(name, scope)| format!("{name} {scope}")).collect();
    println!("  wants: {}", wants.join(", "));
    for route in &manifest.routes {
        let mounts = grant.mounts.get(&route.name).unwrap_or(&route.mounts);
        let paths: Vec<_> =
            mounts.iter().map(|mount| format!("{}{}", mount.trim_end_matches('/'), route.path)).collect();
        println!("  route {}: {}", route.name, paths.join(", "));
    }
    for setting in &manifest.settings {
        println!("  setting {} = {}: {}", setting.name, setting.default, setting.description);
    }
}
