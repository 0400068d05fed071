//! JavaScript and TypeScript: the SDK's own build, on Node, bundles a project and puts it beside an engine. What is in `sdk-plugin/js`
//! is not known here but for how it is called. It does not pack.

mod node;

use std::path::{Path, PathBuf};

use super::{File, Purpose, embedded, refused};
use crate::error::{Error, Result};
use crate::host::manifest::Manifest;
use node::{node, npm, run};

/// The SDK, where npm links it.
const SDK: &str = "node_modules/@basalt/plugin";

/// Where the component goes: where tools of this language keep what they can make again.
const COMPONENT: &str = "node_modules/.cache/basalt/plugin.wasm";

pub(super) fn template(name: &str) -> Result<Vec<File>> {
    let sdk = embedded::files("sdk-plugin/js", ".basalt/sdk-plugin/js");
    Ok([embedded::template("javascript", name), sdk, embedded::files("wit", ".basalt/wit")].concat())
}

/// Not the lock file: npm writes it while a project is built for the first time.
pub(super) fn watched(folder: &Path) -> Vec<PathBuf> {
    ["package.json", "tsconfig.json", "src", ".basalt"].map(|name| folder.join(name)).into()
}

pub(super) fn test(folder: &Path) -> Result<()> {
    install(folder)?;
    check(folder)?;
    run(npm(folder).args(["test", "--silent"]), "its tests failed; what they said stands above")
}

pub(super) fn build(folder: &Path, purpose: Purpose) -> Result<PathBuf> {
    install(folder)?;
    let mut build = node(folder);
    build.arg(format!("{SDK}/build/index.js")).args(["--out", COMPONENT]).args(manifest(folder)?);
    match purpose {
        Purpose::Release => check(folder)?,
        // Types are for editors and for `build`; whoever waits here wants to see the change.
        Purpose::Dev => drop(build.arg("--dev")),
    }
    run(&mut build, "it could not be built; what was said stands above")?;
    Ok(folder.join(COMPONENT))
}

/// What a project depends on, where `package.json` has changed since that was installed.
fn install(folder: &Path) -> Result<()> {
    let changed = |name: &str| folder.join(name).metadata().and_then(|file| file.modified()).ok();
    let installed = changed("node_modules/.package-lock.json");
    if folder.join(SDK).is_dir() && installed.is_some() && installed >= changed("package.json") {
        return Ok(());
    }
    eprintln!("npm installs what package.json names");
    let mut npm = npm(folder);
    npm.args(["install", "--no-audit", "--no-fund", "--loglevel", "error"]);
    run(&mut npm, "npm could not install what package.json names; what it said stands above")
}

/// The author's own check, where there is one.
fn check(folder: &Path) -> Result<()> {
    run(npm(folder).args(["run", "--silent", "--if-present", "check"]), "it is not in order; what the check said stands above")
}

/// What the build has to know of the manifest, which it cannot read.
fn manifest(folder: &Path) -> Result<[String; 4]> {
    let text = std::fs::read_to_string(folder.join("plugin.toml")).map_err(Error::internal)?;
    let manifest = Manifest::parse(&text)?;
    let exports = [(!manifest.routes.is_empty(), "handler"), (manifest.filter.is_some(), "filter")];
    let exports: Vec<_> = exports.into_iter().filter_map(|(is_there, name)| is_there.then_some(name)).collect();
    if exports.is_empty() {
        return Err(refused("plugin.toml has no [[route]] and no [filter], so nothing would ever call the code"));
    }
    let wants: Vec<_> = manifest.want.keys().map(String::as_str).collect();
    Ok(["--exports".to_owned(), exports.join(","), "--wants".to_owned(), wants.join(",")])
}
