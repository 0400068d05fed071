//! JavaScript and TypeScript: the SDK's own build, on Node, bundles a project and puts it beside an engine. What is in `sdk-plugin/js`
//! is not known here but for how it is called. It does not pack.

mod node;

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{File, Purpose, embedded, refused};
use crate::error::{Error, Result};
use crate::host::manifest::Manifest;
use node::{node, npm, run};

/// The SDK, where npm links it.
const SDK: &str = "node_modules/@basalt/plugin";

/// Where the component goes: where tools of this language keep what they can make again.
const COMPONENT: &str = "node_modules/.cache/basalt/plugin.wasm";

/// What was installed last.
const INSTALLED: &str = "node_modules/.cache/basalt/installed";

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
    build.arg(format!("{SDK}/build/index.js")).args(["--out", COMPONENT, "--wants", &wants(folder)?]);
    match purpose {
        Purpose::Release => check(folder)?,
        // Types are for editors and for `build`; whoever waits here wants to see the change.
        Purpose::Dev => drop(build.arg("--dev")),
    }
    run(&mut build, "it could not be built; what was said stands above")?;
    Ok(folder.join(COMPONENT))
}

/// What a project depends on, where that is not what was installed.
fn install(folder: &Path) -> Result<()> {
    let wanted = dependencies(folder)?;
    let stamp = folder.join(INSTALLED);
    if folder.join(SDK).is_dir() && std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    eprintln!("npm installs what package.json names");
    let mut npm = npm(folder);
    npm.args(["install", "--no-audit", "--no-fund", "--loglevel", "error"]);
    run(&mut npm, "npm could not install what package.json names; what it said stands above")?;
    if !folder.join(SDK).is_dir() {
        return Err(refused("package.json does not name @basalt/plugin")
            .hint("package.json: \"dependencies\": { \"@basalt/plugin\": \"file:.basalt/sdk-plugin/js\" }"));
    }
    let written = stamp.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&stamp, wanted));
    written.map_err(|fault| refused(format!("{} cannot be written: {fault}", stamp.display())))
}

/// What `package.json` wants installed, as text.
fn dependencies(folder: &Path) -> Result<String> {
    let path = folder.join("package.json");
    let unreadable = |fault: &dyn std::fmt::Display| refused(format!("{} cannot be read: {fault}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|fault| unreadable(&fault))?;
    let package: Value = serde_json::from_str(&text).map_err(|fault| unreadable(&fault))?;
    Ok(["dependencies", "devDependencies", "optionalDependencies"]
        .map(|kind| format!("{kind}: {}\n", package[kind]))
        .concat())
}

/// The author's own check, where there is one.
fn check(folder: &Path) -> Result<()> {
    run(
        npm(folder).args(["run", "--silent", "--if-present", "check"]),
        "it is not in order; what the check said stands above",
    )
}

/// What the build has to know of the manifest, which it cannot read: what is wanted.
fn wants(folder: &Path) -> Result<String> {
    let text = std::fs::read_to_string(folder.join("plugin.toml")).map_err(Error::internal)?;
    let manifest = Manifest::parse(&text)?;
    if manifest.filter.is_some() {
        return Err(refused("a filter cannot be written in JavaScript yet").hint(
            "its engine gives back what a filter borrows later than the contract allows; Rust can: docs/plugins.md",
        ));
    }
    if manifest.routes.is_empty() {
        return Err(refused("plugin.toml has no [[route]], so nothing would ever call the code"));
    }
    Ok(manifest.want.keys().map(String::as_str).collect::<Vec<_>>().join(","))
}
