//! Projects in JavaScript, made and built as an author does it. What is in them is the tests'.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::kernel::{Kernel, basalt};

/// A new project, whose packages are installed: the others of these tests use them too. npm keeps what it has once fetched in its own
/// cache, so that only the first run on a machine asks the network.
pub fn first() -> &'static Path {
    static FIRST: OnceLock<PathBuf> = OnceLock::new();
    FIRST.get_or_init(|| {
        // Nothing drops what is static: the folder stays beside the binary, and the next run begins it anew.
        let folder = Path::new(env!("CARGO_BIN_EXE_basalt")).with_file_name("test-javascript");
        let _ = std::fs::remove_dir_all(&folder);
        plugin(&["new", "my-js", "--lang", "js", "--folder"], &folder);
        plugin(&["build", "--out", folder.join("my-js.wasm").to_str().expect("text")], &folder);
        folder
    })
}

/// A project made of `first`, with other sources.
pub struct Project {
    pub folder: TempDir,
}

impl Project {
    pub fn new(manifest: &str, source: &str) -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a folder") };
        std::fs::copy(first().join("tsconfig.json"), project.path("tsconfig.json")).expect("copied");
        project.write("package.json", &package(|_| ()));
        project.link_packages();
        project.write("plugin.toml", manifest);
        project.write("src/plugin.js", source);
        project
    }

    /// The packages themselves; what is built goes to a folder of its own.
    fn link_packages(&self) {
        let (from, to) = (first().join("node_modules"), self.path("node_modules"));
        std::fs::create_dir_all(to.join(".cache/basalt")).expect("made");
        for package in
            std::fs::read_dir(&from).expect("packages").flatten().filter(|entry| entry.file_name() != ".cache")
        {
            std::os::unix::fs::symlink(package.path(), to.join(package.file_name())).expect("linked");
        }
        let installed = ".cache/basalt/installed";
        std::fs::copy(from.join(installed), to.join(installed)).expect("copied");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, content).expect("written");
    }

    /// Builds without the check of types: most of these plugins are wrong on purpose.
    pub fn build(&self) -> Output {
        self.write("package.json", &package(|package| package["scripts"] = json!({})));
        run(&["build", "--out", self.path("plugin.wasm").to_str().expect("text")], self.folder.path())
    }

    pub fn install(&self, kernel: &Kernel) {
        let output = self.build();
        assert!(output.status.success(), "{}", said(&output));
        let added = kernel.setup.run(&["plugin", "add", "--yes", self.path("plugin.wasm").to_str().expect("text")]);
        assert!(added.status.success(), "{}", said(&added));
    }
}

/// The `package.json` of a new project, changed.
pub fn package(change: fn(&mut Value)) -> String {
    let text = std::fs::read_to_string(first().join("package.json")).expect("read");
    let mut package = serde_json::from_str(&text).expect("JSON");
    change(&mut package);
    package.to_string()
}

/// `basalt plugin …`, with the folder as the last argument.
pub fn run(arguments: &[&str], folder: &Path) -> Output {
    let mut basalt = basalt();
    basalt.arg("plugin").args(arguments).arg(folder).env("npm_config_prefer_offline", "true");
    basalt.output().expect("run")
}

#[track_caller]
pub fn plugin(arguments: &[&str], folder: &Path) -> String {
    let output = run(arguments, folder);
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    said(&output)
}

pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

pub fn manifest(id: &str, more: &str) -> String {
    format!("id = \"{id}\"\nversion = \"0.1.0\"\ndescription = \"Tests\"\nlicense = \"MIT\"\n\n{more}")
}
