//! `basalt plugin test`: a project's own tests, as its language runs them: natively, against the SDK's host in memory. With `--smoke` the
//! plugin is then started once in a kernel that nobody else has. What it answers there nobody looks at: `dev` is for that.

use std::path::PathBuf;
use std::process::ExitCode;

use super::build::build;
use super::language::{Language, Purpose};
use crate::cli::Setup;
use crate::cli::admin::{self, Client, path};
use crate::error::{Result, code};
use crate::host::bundle::Bundle;
use crate::host::package::Package;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin's folder
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Then start it once, its migrations run, in a kernel and a database that are thrown away
    #[arg(long)]
    pub(super) smoke: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    Language::of(&arguments.folder)?.test(&arguments.folder)?;
    Ok(ExitCode::SUCCESS)
}

/// The same, and a start.
pub(super) fn smoke(mut setup: Setup, arguments: &Arguments) -> Result<ExitCode> {
    run(arguments)?;
    let package = build(&arguments.folder, Purpose::Release)?;
    let place = std::env::temp_dir().join(format!("basalt-smoke-{}", uuid::Uuid::new_v4()));
    // Whatever is configured is somebody's instance.
    setup.config.root.data_dir.clone_from(&place);
    (setup.config.database.admin, setup.config.database.authenticator) = (None, None);
    setup.bundle = Bundle::default();
    let outcome = admin::with_private_kernel(setup, move |client| start(client, &package));
    // What is left of it is in the way of nobody.
    let _ = std::fs::remove_dir_all(place);
    outcome
}

fn start(client: &Client, package: &Package) -> Result<ExitCode> {
    let install =
        |seal: Option<&str>| client.ask("POST", &path(&["plugins"], &[("approve", seal)]), Some(&package.wasm));
    match install(None) {
        Err(asks) if asks.code == code::PLUGIN_ASKS.name => {
            install(asks.details.unwrap_or_default()["seal"].as_str())?;
        }
        answer => drop(answer?),
    }
    let manifest = &package.manifest;
    println!("{} {} starts: {} migration(s) ran", manifest.id, manifest.version, package.migrations.len());
    Ok(ExitCode::SUCCESS)
}
