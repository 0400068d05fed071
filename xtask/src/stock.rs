//! Components in other languages, for the kernel's tests: built by those languages' own tools from `kernel/tests/stock`.
//!
//! The tools are fetched in fixed versions below the target directory, and what was built is kept for as long as nothing of
//! it changes: a build takes half a minute. It knows no language's runtime and changes nothing of what the tools make.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use serde::Deserialize;

use crate::tree::Tree;
use crate::{cargo, command, file, guest, pack, package, progress};

const COMPONENTIZE_PY: &str = "componentize-py==0.25.1";
const COMPONENTIZE_JS: &str = "@bytecodealliance/componentize-js@0.23.0";

/// The WASI that componentize-js has. It says the same as the kernel's, with another number.
const JS_WASI: &str = "0.2.10";
const KERNEL_WASI: &str = "0.2.12";

/// The packages of the contract that the Python plugin's world names, those first that others use.
const CONTRACT: [&str; 5] = ["types", "http", "sql", "log", "settings"];

/// A language: its folder, the tool, and how that makes a component.
struct Language {
    name: &'static str,
    tool: &'static str,
    build: fn(&Tree, &Places) -> anyhow::Result<()>,
}

const LANGUAGES: [Language; 2] = [
    Language { name: "python", tool: COMPONENTIZE_PY, build: python },
    Language { name: "js", tool: COMPONENTIZE_JS, build: js },
];

/// Where one component is made.
struct Places {
    source: PathBuf,
    tools: PathBuf,
    /// Empty at first.
    work: PathBuf,
    output: PathBuf,
}

/// Build and pack all of them, as fixtures with names that begin with `stock-`.
pub(crate) fn build_all(tree: &Tree) -> anyhow::Result<()> {
    LANGUAGES.iter().try_for_each(|language| {
        let component = component(tree, language).with_context(|| format!("cannot build the {}", language.name))?;
        let output = guest::fixtures(tree).join(format!("stock-{}.wasm", language.name));
        pack::with_manifest(tree, &component, &source(tree, language), &output)
    })
}

fn source(tree: &Tree, language: &Language) -> PathBuf {
    tree.root.join("kernel/tests/stock").join(language.name)
}

/// The component, made of these very sources by this very tool.
fn component(tree: &Tree, language: &Language) -> anyhow::Result<PathBuf> {
    let (source, folder) = (source(tree, language), tree.target.join("stock"));
    let mut hasher = DefaultHasher::new();
    (language.tool, include_str!("stock.rs")).hash(&mut hasher);
    digest(&source, &mut hasher)?;
    digest(&tree.root.join("wit"), &mut hasher)?;
    let kept = folder.join(format!("{}-{:016x}.wasm", language.name, hasher.finish()));
    if !kept.exists() {
        let (tools, work) = (folder.join("tools").join(language.name), folder.join("work").join(language.name));
        if work.exists() {
            fs::remove_dir_all(&work)?;
        }
        fs::create_dir_all(&work)?;
        let places = Places { source, tools, output: work.join("out.wasm"), work };
        progress::step(&format!("building a component with {}", language.tool), || (language.build)(tree, &places))?;
        // At once, so that half of one is never kept.
        fs::rename(&places.output, &kept)?;
    }
    Ok(kept)
}

fn digest(folder: &Path, hasher: &mut DefaultHasher) -> anyhow::Result<()> {
    for path in file::list(folder)? {
        path.file_name().hash(hasher);
        if path.is_dir() { digest(&path, hasher)? } else { fs::read(&path)?.hash(hasher) }
    }
    Ok(())
}

/// Fetch a tool, unless that was done: a file beside it says which one it is.
fn fetch(tools: &Path, tool: &str, install: &mut Command) -> anyhow::Result<()> {
    let stamp = tools.join(".tool");
    if fs::read_to_string(&stamp).is_ok_and(|present| present == tool) {
        return Ok(());
    }
    progress::step(&format!("fetching {tool}"), || command::read(install))?;
    file::write(&stamp, tool.as_bytes()).map(drop)
}

fn python(tree: &Tree, places: &Places) -> anyhow::Result<()> {
    if command::read(Command::new("python3").args(["-m", "pip", "--version"])).is_err() {
        package::install(&["python3", "python3-pip"])?;
    }
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"]).arg(&places.tools).arg(COMPONENTIZE_PY);
    fetch(&places.tools, COMPONENTIZE_PY, &mut pip)?;
    let mut tool = Command::new(places.tools.join("bin/componentize-py"));
    tool.env("PYTHONPATH", &places.tools);
    for name in CONTRACT {
        tool.arg("-d").arg(tree.root.join("wit").join(name));
    }
    tool.arg("-d").arg(places.source.join("world.wit")).args(["-w", "example:notes/plugin", "componentize", "app"]);
    // From a copy: Python leaves what it compiled beside its sources.
    fs::copy(places.source.join("app.py"), places.work.join("app.py"))?;
    tool.arg("-p").arg(&places.work).arg("-o").arg(&places.output);
    command::read(&mut tool).map(drop)
}

fn js(tree: &Tree, places: &Places) -> anyhow::Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-save", "--prefix"]).arg(&places.tools).arg(COMPONENTIZE_JS);
    fetch(&places.tools, COMPONENTIZE_JS, &mut npm)?;
    for path in file::list(&wasi(tree)?)? {
        let name = path.file_name().context("a file's name")?;
        let text = fs::read_to_string(&path)?.replace(KERNEL_WASI, JS_WASI);
        file::write(&places.work.join("wit/deps").join(name), text.as_bytes())?;
    }
    fs::copy(places.source.join("world.wit"), places.work.join("wit/world.wit"))?;
    // A module's imports are looked for above the place where it lies.
    let script = places.tools.join("build.mjs");
    fs::copy(places.source.join("build.mjs"), &script)?;
    let mut node = Command::new("node");
    node.arg(&script).arg(places.source.join("app.js")).arg(places.work.join("wit")).arg(&places.output);
    command::read(node.current_dir(&places.work)).map(drop)
}

/// The folder of WASI's WIT: that of the crate which the kernel links it with.
fn wasi(tree: &Tree) -> anyhow::Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        packages: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        manifest_path: PathBuf,
    }
    let json = command::read(cargo::at(tree).args(["metadata", "--locked", "--format-version", "1"]))?;
    let metadata: Metadata = serde_json::from_str(&json)?;
    let found = metadata.packages.into_iter().find(|package| package.name == "wasmtime-wasi-http");
    let manifest = found.context("the kernel does not use wasmtime-wasi-http")?.manifest_path;
    Ok(manifest.with_file_name("wit").join("deps"))
}
