//! Rust's programs, as the plugin's folder chooses them, and what is missing of them.
//!
//! It installs nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::plugin::language::refused;
use crate::error::{Error, Result};

/// What plugins are built for.
pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// The linker that makes components, in Rust's own toolchains since 1.82.
const LINKER: &str = "wasm-component-ld";

/// Cargo, in the plugin's folder: a `rust-toolchain.toml` there counts.
pub(super) fn cargo(folder: &Path) -> Command {
    program("cargo", folder)
}

pub(super) fn no_cargo(fault: &std::io::Error) -> Error {
    refused(format!("Rust's compiler cannot be run: {fault}")).hint("install it from https://rustup.rs")
}

/// Where the linker is, once the target's standard library is there too.
pub(super) fn linker(folder: &Path) -> Result<PathBuf> {
    let library = read(program("rustc", folder).args(["--print", "target-libdir", "--target", TARGET]))?;
    if !Path::new(library.trim()).is_dir() {
        return Err(refused(format!("Rust's standard library for {TARGET} is not installed"))
            .hint(format!("rustup target add {TARGET}")));
    }
    let sysroot = read(program("rustc", folder).args(["--print", "sysroot"]))?;
    let platforms = std::fs::read_dir(Path::new(sysroot.trim()).join("lib/rustlib")).into_iter().flatten().flatten();
    let found = platforms.map(|platform| platform.path().join("bin").join(LINKER)).find(|path| path.is_file());
    found.map_or_else(installed, Ok)
}

/// A linker that somebody installed, where the toolchain has none.
fn installed() -> Result<PathBuf> {
    let found = Command::new(LINKER).arg("--version").output().is_ok_and(|output| output.status.success());
    let missing = || {
        refused(format!("{LINKER} is missing, which makes components"))
            .hint(format!("Rust from rustup has it; for another one: cargo install {LINKER}"))
    };
    found.then(|| PathBuf::from(LINKER)).ok_or_else(missing)
}

fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(name);
    command.current_dir(folder);
    command
}

/// What a command prints; its failure carries what it said.
pub(super) fn read(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|fault| no_cargo(&fault))?;
    if output.status.success() {
        return String::from_utf8(output.stdout).map_err(Error::internal);
    }
    let program = command.get_program().to_string_lossy();
    Err(refused(format!("`{program}` failed: {}", String::from_utf8_lossy(&output.stderr).trim())))
}
