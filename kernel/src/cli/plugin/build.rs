//! `basalt plugin build`: the folder of a plugin in Rust becomes one file.
//!
//! Cargo compiles, and Rust's own `wasm-component-ld` links a component where `rust-lld` would link a module; it comes with
//! the toolchain. What goes into the file is `host::package`'s.

mod toolchain;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde_json::Value;

use super::pack;
use crate::error::{Error, Result, code};
use crate::host::manifest::Manifest;
use crate::host::package::{self, Parts};
use toolchain::{TARGET, cargo};

/// The profile that plugins are built with, for a workspace that has none of this name: one small, fast module. Names
/// stay in, because a trap's backtrace is read from them.
const PROFILE: &[&str] =
    &["inherits='release'", "opt-level=3", "lto='fat'", "codegen-units=1", "panic='abort'", "strip='debuginfo'"];

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The folder with plugin.toml, Cargo.toml and, if there are any, migrations/ and assets/
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Where to write the plugin [default: <id>.wasm]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What cargo knows of the plugin's crate.
struct Crate {
    /// The package, as `--package` wants it.
    name: String,
    /// The file name of its library.
    file: String,
    /// Where plugins are built: not where a plain `cargo build` for the same target leaves modules.
    target: PathBuf,
    has_profile: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let folder = &arguments.folder;
    let path = folder.join("plugin.toml");
    let (migrations, assets) = (folder.join("migrations"), folder.join("assets"));
    if !path.is_file() {
        return Err(refused(format!("there is no {}", path.display()))
            .hint("it says what the plugin is and what it wants: see docs/plugins.md"));
    }
    // Before minutes are spent on compiling.
    let parts = Parts::read(&path, Some(&migrations), Some(&assets))?;
    let id = Manifest::parse(&String::from_utf8_lossy(&parts.manifest))?.id;
    let component = compile(folder)?;
    let out = arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("{id}.wasm")));
    pack::write(&package::pack(&component, &parts)?, &out)
}

fn compile(folder: &Path) -> Result<Vec<u8>> {
    if !folder.join("Cargo.toml").is_file() {
        return Err(refused(format!("there is no Cargo.toml in {}", folder.display()))
            .hint("of another language's component `basalt plugin pack` makes a plugin"));
    }
    let linker = toolchain::linker(folder)?;
    let package = Crate::find(folder)?;
    let mut build = cargo(folder);
    build.args(["build", "--target", TARGET, "--profile", "plugin", "--package", &package.name, "--lib"]);
    build.arg("--target-dir").arg(&package.target).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    if !package.has_profile {
        build.args(PROFILE.iter().flat_map(|line| ["--config".to_owned(), format!("profile.plugin.{line}")]));
    }
    let status = build.status().map_err(|fault| toolchain::no_cargo(&fault))?;
    if !status.success() {
        return Err(refused("cargo could not build it; what it said stands above"));
    }
    let file = package.target.join(TARGET).join("plugin").join(&package.file);
    std::fs::read(&file).map_err(|fault| refused(format!("{} cannot be read: {fault}", file.display())))
}

impl Crate {
    fn find(folder: &Path) -> Result<Self> {
        let json = read(cargo(folder).args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: Value = serde_json::from_str(&json).map_err(Error::internal)?;
        let own = folder.join("Cargo.toml").canonicalize().map_err(Error::internal)?;
        let is_own = |package: &&Value| package["manifest_path"].as_str().is_some_and(|path| Path::new(path) == own);
        let package = metadata["packages"].as_array().into_iter().flatten().find(is_own);
        let package = package.ok_or_else(|| refused(format!("cargo knows no package in {}", folder.display())))?;
        let library = package["targets"].as_array().into_iter().flatten().find(|target| is_cdylib(target));
        let library = library.and_then(|library| library["name"].as_str()).ok_or_else(|| {
            refused("its crate makes no WebAssembly").hint("Cargo.toml: [lib]\ncrate-type = [\"cdylib\"]")
        })?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(Self {
            name: text(&package["name"]),
            file: format!("{}.wasm", library.replace('-', "_")),
            target: Path::new(&text(&metadata["target_directory"])).join("basalt"),
            has_profile: has_profile(Path::new(&text(&metadata["workspace_root"]))),
        })
    }
}

fn is_cdylib(target: &Value) -> bool {
    target["crate_types"].as_array().into_iter().flatten().any(|kind| kind == "cdylib")
}

fn has_profile(workspace: &Path) -> bool {
    let text = std::fs::read_to_string(workspace.join("Cargo.toml")).unwrap_or_default();
    let table: toml::Table = text.parse().unwrap_or_default();
    table.get("profile").and_then(|profiles| profiles.get("plugin")).is_some()
}

/// What a command prints; its failure carries what it said.
fn read(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|fault| toolchain::no_cargo(&fault))?;
    if output.status.success() {
        return String::from_utf8(output.stdout).map_err(Error::internal);
    }
    let program = command.get_program().to_string_lossy();
    Err(refused(format!("`{program}` failed: {}", String::from_utf8_lossy(&output.stderr).trim())))
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(&code::PLUGIN_REFUSED, message)
}
