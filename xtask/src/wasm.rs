//! A compiler for guests, on machines as they come: with the wasm target, able to fetch it, or with only Debian's packages.
//!
//! It decides how cargo is called for guests and does not call it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::{cargo, command, file, package, progress};

/// What guests are built for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Where Debian puts its compiler; rustup's stands before it in `PATH`.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// Makes components of modules, in Rust's own toolchains.
const COMPONENT_LINKER: &str = "wasm-component-ld";

/// As `basalt plugin build` has it: `getrandom` asks whoever a plugin says.
const RANDOM: &str = r#"target.wasm32-unknown-unknown.rustflags=["--cfg", "getrandom_backend=\"custom\""]"#;

const MISSING: &str = "there is no Rust compiler for wasm32-unknown-unknown. One of these gives you one:
  rustup target add wasm32-unknown-unknown         (Rust from rustup)
  apt-get install rustc-web rust-web-src lld       (Debian)
  the package of your distribution that has Rust's standard library for wasm32";

/// How to compile for wasm on this machine.
pub(crate) enum Toolchain {
    /// The usual compiler has the target's standard library.
    Ready,
    /// The standard library is built from its source first.
    FromSource { rustc: PathBuf, linker: PathBuf },
}

impl Toolchain {
    /// The first that works. `folder` remembers that fetching the target failed, because each attempt waits for the network.
    pub(crate) fn find(folder: &Path) -> anyhow::Result<Self> {
        if has_target() {
            return Ok(Self::Ready);
        }
        let stamp = folder.join("target-cannot-be-fetched");
        if !stamp.exists() || source().is_none() {
            if fetch() {
                return Ok(Self::Ready);
            }
            file::write(&stamp, b"Delete this file to have `rustup target add` tried again.\n")?;
        }
        from_source()
    }

    /// Make a cargo build command use it.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        cargo.arg("--config").arg(RANDOM);
        if let Self::FromSource { rustc, linker } = self {
            cargo.arg("-Zbuild-std=std,panic_abort").env("RUSTC", rustc);
            // The flag is unstable; this is how a stable compiler is told that we know.
            cargo.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    }

    /// What a command that builds plugins, as strangers do, has to find in its environment, in cargo's own words.
    pub(crate) fn environment(&self, folder: &Path) -> anyhow::Result<Vec<(&'static str, String)>> {
        let Self::FromSource { rustc, linker } = self else { return Ok(Vec::new()) };
        let linker = component_linker(linker, folder)?;
        Ok(vec![
            ("RUSTC", rustc.display().to_string()),
            ("RUSTC_BOOTSTRAP", "1".to_owned()),
            ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort".to_owned()),
            ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker.display().to_string()),
        ])
    }
}

/// The linker that makes components: beside the other one, in `PATH`, or built.
fn component_linker(linker: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let built = folder.join("tools/bin").join(COMPONENT_LINKER);
    let shipped = linker.with_file_name(COMPONENT_LINKER);
    if let Some(found) = [&shipped, &built].into_iter().find(|path| path.is_file()) {
        return Ok(found.clone());
    }
    if package::command_exists(COMPONENT_LINKER) {
        return Ok(PathBuf::from(COMPONENT_LINKER));
    }
    let mut install = cargo::command();
    install.args(["install", "--locked", COMPONENT_LINKER, "--root"]).arg(folder.join("tools"));
    progress::step("building the linker of components", || command::run(&mut install))?;
    Ok(built)
}

fn has_target() -> bool {
    sysroot(Path::new("rustc")).is_some_and(|root| root.join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

fn fetch() -> bool {
    package::command_exists("rustup")
        && progress::step("fetching the wasm target", || {
            command::read(Command::new("rustup").args(["target", "add", TARGET]))
        })
        .is_ok()
        && has_target()
}

fn from_source() -> anyhow::Result<Toolchain> {
    if source().is_none() {
        package::install(&["rustc-web", "rust-web-src", "lld"]).context(MISSING)?;
    }
    let Some(rustc) = source() else { bail!(MISSING) };
    let linker = linker().context("the linker for wasm is missing: install lld (it brings wasm-ld)")?;
    Ok(Toolchain::FromSource { rustc, linker })
}

/// The first compiler that has the source of its standard library beside it.
fn source() -> Option<PathBuf> {
    let compilers = [PathBuf::from("rustc"), PathBuf::from(DEBIAN_RUSTC)];
    compilers
        .into_iter()
        .find(|rustc| sysroot(rustc).is_some_and(|root| root.join("lib/rustlib/src/rust/library/Cargo.lock").is_file()))
}

/// Rustup ships a linker for wasm with every compiler; Debian has it in the package lld.
fn linker() -> Option<PathBuf> {
    let root = sysroot(Path::new("rustc")).map(|root| root.join("lib/rustlib"));
    let platforms = root.and_then(|root| file::list(&root).ok()).unwrap_or_default();
    let shipped = platforms.iter().map(|platform| platform.join("bin/rust-lld")).find(|path| path.is_file());
    shipped.or_else(|| package::command_exists("wasm-ld").then(|| PathBuf::from("wasm-ld")))
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    let printed = command::read(Command::new(rustc).args(["--print", "sysroot"])).ok()?;
    Some(PathBuf::from(printed.trim()))
}
