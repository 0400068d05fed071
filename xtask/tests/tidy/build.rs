//! Wasmtime is compiled once, whatever is done with the kernel: cargo must find the same features in all of it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

type Lines = BTreeSet<String>;

/// What `cargo tree` prints for each package: one line, as the format says.
fn tree(package: &str, edges: &str, format: &str) -> Lines {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    cargo.args(["tree", "--locked", "--prefix", "none", "--package", package, "--edges", edges, "--format", format]);
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("cargo prints text");
    // Cargo marks what it printed before, and what is a macro.
    text.lines().map(|line| line.replace(" (*)", "").replace(" (proc-macro)", "")).collect()
}

/// The kernel's packages that wasmtime is made of, with their features.
fn below_wasmtime(edges: &str) -> Lines {
    let names = tree("wasmtime", "normal,build", "{p}");
    assert!(names.len() > 50, "only {names:?}");
    let packages = tree("basalt", edges, "{p}|{f}");
    packages.into_iter().filter(|line| line.split_once('|').is_some_and(|(name, _)| names.contains(name))).collect()
}

#[test]
fn tests_build_wasmtime_as_the_product_does() {
    let (product, tests) = (below_wasmtime("normal,build"), below_wasmtime("normal,build,dev"));
    let differences: Vec<_> = product.symmetric_difference(&tests).collect();
    assert!(differences.is_empty(), "a dev-dependency of the kernel changes features below wasmtime: {differences:?}");
}
