//! Making plugins: `basalt plugin build` of a folder in Rust, `basalt plugin pack` of any component.

use std::path::{Path, PathBuf};
use std::process::Output;

use basalt::host::package::Package;
use tempfile::TempDir;

use crate::kernel::{basalt, given};

const MANIFEST: &str =
    "id = \"shop\"\nversion = \"1.2.3\"\ndescription = \"\"\nlicense = \"MIT\"\n[want.sql]\nmodes = [\"own\"]\n";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::Builder::new().prefix("basalt").tempdir().expect("a folder");
    for (name, content) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, content).expect("written");
    }
    folder
}

fn plugin(folder: &Path, arguments: &[&str]) -> Output {
    basalt().current_dir(folder).arg("plugin").args(arguments).output().expect("the binary runs")
}

#[track_caller]
fn refuses(output: &Output, reason: &str, hint: &str) {
    let message = text(&output.stderr);
    assert!(!output.status.success() && message.contains(reason) && message.contains(hint), "{message}");
}

const PACK: [&str; 10] = [
    "pack",
    "component.wasm",
    "--manifest",
    "plugin.toml",
    "--migrations",
    "migrations",
    "--assets",
    "assets",
    "--out",
    "shop.wasm",
];

/// A component without any code.
fn component(folder: &Path) {
    std::fs::write(folder.join("component.wasm"), b"\0asm\x0d\0\x01\0").expect("written");
}

#[test]
fn a_component_its_manifest_migrations_and_assets_become_one_file() {
    let folder = folder(&[
        ("plugin.toml", MANIFEST),
        ("migrations/0002_b.sql", "select 2"),
        ("migrations/0001_a.sql", "select 1"),
        ("migrations/README.md", "not one"),
        ("assets/index.html", "<p>"),
        ("assets/img/logo.svg", "<svg/>"),
        ("assets/.hidden", "not carried"),
        // A configuration that is broken is nothing to whoever makes a plugin.
        ("basalt.toml", "colour = 1"),
    ]);
    component(folder.path());
    let output = plugin(folder.path(), &PACK);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("shop 1.2.3") && text(&output.stdout).contains("2 migration(s), 2 asset(s)"));
    let package = Package::open(&folder.path().join("shop.wasm")).expect("valid");
    assert_eq!(package.migrations[0], ("0001_a.sql".to_owned(), "select 1".to_owned()));
    assert_eq!(package.assets.keys().collect::<Vec<_>>(), ["img/logo.svg", "index.html"]);
    let first = std::fs::read(folder.path().join("shop.wasm")).expect("written");
    assert!(plugin(folder.path(), &PACK).status.success());
    assert_eq!(first, std::fs::read(folder.path().join("shop.wasm")).expect("written"), "the same every time");
}

#[test]
fn what_the_kernel_would_refuse_is_not_packed() {
    let cases: [(&str, &str, &str, &str); 4] = [
        ("plugin.toml", "id = \"shop\"", "manifest is not valid", ""),
        ("migrations/1_a.sql", "", "1_a.sql", "0001_name.sql"),
        ("assets/a\\b", "", "no safe path", ""),
        ("component.wasm", "\0asm\x01\0\0\0", "a core module", "basalt plugin build"),
    ];
    for (name, content, reason, hint) in cases {
        let folder = folder(&[("plugin.toml", MANIFEST)]);
        component(folder.path());
        std::fs::create_dir_all(folder.path().join("migrations")).expect("a folder");
        std::fs::create_dir_all(folder.path().join("assets")).expect("a folder");
        std::fs::write(folder.path().join(name), content).expect("written");
        refuses(&plugin(folder.path(), &PACK), reason, hint);
        assert!(!folder.path().join("shop.wasm").exists());
    }
}

#[test]
fn a_link_does_not_carry_a_file_of_its_author_away() {
    let folder = folder(&[("plugin.toml", MANIFEST), ("assets/a", "")]);
    component(folder.path());
    std::os::unix::fs::symlink("/etc/hostname", folder.path().join("assets/b")).expect("a link");
    refuses(&plugin(folder.path(), &PACK), "no ordinary file", "");
}

fn guest(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guest").join(name)
}

#[test]
fn a_folder_with_rust_source_becomes_a_plugin() {
    let empty = folder(&[]);
    let source = guest("settings");
    let source = source.to_str().expect("a path");
    let output = plugin(empty.path(), &["build", source, "--out", "built.wasm"]);
    if !output.status.success() {
        // Machines that compile for wasm with their distribution's Rust have no linker for components: it says so.
        return refuses(&output, "wasm", "rustup");
    }
    let built = Package::open(&empty.path().join("built.wasm")).expect("valid");
    let packed = Package::open(&Path::new(&given("BASALT_TEST_PLUGINS")).join("settings.wasm")).expect("valid");
    assert_eq!(built.manifest.id, "test-settings");
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(built.interface.imports), sorted(packed.interface.imports));
    assert_eq!(built.interface.exports, packed.interface.exports);
}

#[test]
fn a_build_says_what_is_missing() {
    let manifest = MANIFEST.replace("[want.sql]\nmodes = [\"own\"]\n", "");
    let head = "[package]\nname = \"shop\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n";
    refuses(&plugin(folder(&[]).path(), &["build"]), "no ./plugin.toml", "basalt plugin new");
    refuses(&plugin(folder(&[("plugin.toml", &manifest)]).path(), &["build"]), "no Cargo.toml", "basalt plugin pack");
    refuses(&plugin(folder(&[("plugin.toml", "id = 1")]).path(), &["build"]), "manifest is not valid", "");
    let library = folder(&[("plugin.toml", &manifest), ("Cargo.toml", head), ("src/lib.rs", "")]);
    let output = plugin(library.path(), &["build"]);
    // Unless there is no compiler for wasm, which is said first.
    assert!(
        text(&output.stderr).contains("cdylib") || text(&output.stderr).contains("rustup"),
        "{}",
        text(&output.stderr)
    );
    let head = format!("{head}[lib]\ncrate-type = [\"cdylib\"]\n");
    let faulty = folder(&[("plugin.toml", &manifest), ("Cargo.toml", &head), ("src/lib.rs", "fn a() -> u8 { \"b\" }")]);
    let output = plugin(faulty.path(), &["build"]);
    let message = text(&output.stderr);
    assert!(
        message.contains("mismatched types") && message.contains("stands above") || message.contains("rustup"),
        "{message}"
    );
}

#[test]
fn the_manifests_of_the_documentation_are_valid() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plugins.md");
    let text = std::fs::read_to_string(path).expect("documentation");
    let blocks = text.split("```toml\n").skip(1).filter_map(|part| Some(part.split_once("```")?.0));
    let manifests: Vec<_> = blocks.filter(|block| block.starts_with("id = ")).collect();
    assert!(!manifests.is_empty());
    for manifest in manifests {
        basalt::host::manifest::Manifest::parse(manifest).expect(manifest);
    }
}
