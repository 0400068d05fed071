//! Rust: cargo compiles, and Rust's own `wasm-component-ld` links a component where `rust-lld` would link a module; it comes
//! with the toolchain. It does not pack.

mod toolchain;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{File, Purpose, embedded, refused};
use crate::error::{Error, Result};
use toolchain::{TARGET, cargo, no_cargo, read};

/// The profile that plugins are given away in, for a workspace that has none of this name: one small, fast module. Names
/// stay in, because a trap's backtrace is read from them.
const RELEASE: &[&str] =
    &["inherits='release'", "opt-level=3", "lto='fat'", "codegen-units=1", "panic='abort'", "strip='debuginfo'"];

/// The profile for somebody who waits: what did not change is not compiled again, and what changed is compiled with little
/// effort. Not with none: code that nobody optimised burns several times the fuel, and would fail where the real one does not.
const DEV: &[&str] = &[
    "inherits='release'",
    "opt-level=1",
    "lto=false",
    "codegen-units=64",
    "panic='abort'",
    "strip='debuginfo'",
    "incremental=true",
];

/// Has `getrandom` take what the SDK's `random!` gives. Beside flags that the project sets, not in their place.
const RANDOM: &str = r#"target.wasm32-unknown-unknown.rustflags=["--cfg", "getrandom_backend=\"custom\""]"#;

/// What cargo knows of the plugin's crate.
struct Crate {
    /// The package, as `--package` wants it.
    name: String,
    /// The file name of its library.
    file: String,
    /// Where plugins are built: not where a plain `cargo build` for the same target leaves modules.
    target: PathBuf,
    workspace: PathBuf,
}

pub(super) fn template(name: &str) -> Result<Vec<File>> {
    Ok([embedded::template("rust", name), sdk()].concat())
}

/// The SDK's source, as this binary was built with it, where the template's `Cargo.toml` looks for it.
fn sdk() -> Vec<File> {
    let source = ["Cargo.toml", "src"].map(|name| format!("sdk-plugin/{name}"));
    let sdk = source.iter().flat_map(|path| embedded::files(path, &format!(".basalt/{path}")));
    sdk.chain(embedded::files("wit", ".basalt/wit")).collect()
}

pub(super) fn watched(folder: &Path) -> Vec<PathBuf> {
    ["Cargo.toml", "Cargo.lock", "build.rs", "src", ".basalt"].map(|name| folder.join(name)).into()
}

pub(super) fn test(folder: &Path) -> Result<()> {
    let status = cargo(folder).arg("test").status().map_err(|fault| no_cargo(&fault))?;
    if status.success() { Ok(()) } else { Err(refused("its tests failed; what they said stands above")) }
}

pub(super) fn build(folder: &Path, purpose: Purpose) -> Result<PathBuf> {
    let linker = toolchain::linker(folder)?;
    let package = Crate::find(folder)?;
    let (profile, lines) = match purpose {
        Purpose::Release => ("plugin", RELEASE),
        Purpose::Dev => ("plugin-dev", DEV),
    };
    let mut build = cargo(folder);
    build.arg("--config").arg(RANDOM);
    build.args(["build", "--target", TARGET, "--profile", profile, "--package", &package.name, "--lib"]);
    build.arg("--target-dir").arg(&package.target).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    if !has_profile(&package.workspace, profile) {
        build.args(lines.iter().flat_map(|line| ["--config".to_owned(), format!("profile.{profile}.{line}")]));
    }
    run(&mut build)?;
    Ok(package.target.join(TARGET).join(profile).join(&package.file))
}

fn run(build: &mut Command) -> Result<()> {
    let status = build.status().map_err(|fault| no_cargo(&fault))?;
    if status.success() { Ok(()) } else { Err(refused("cargo could not build it; what it said stands above")) }
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
            workspace: PathBuf::from(text(&metadata["workspace_root"])),
        })
    }
}

fn is_cdylib(target: &Value) -> bool {
    target["crate_types"].as_array().into_iter().flatten().any(|kind| kind == "cdylib")
}

fn has_profile(workspace: &Path, profile: &str) -> bool {
    let text = std::fs::read_to_string(workspace.join("Cargo.toml")).unwrap_or_default();
    let table: toml::Table = text.parse().unwrap_or_default();
    table.get("profile").and_then(|profiles| profiles.get(profile)).is_some()
}
