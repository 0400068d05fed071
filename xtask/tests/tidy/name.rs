//! The name rule: a capability has one name, and it is the file name everywhere. And the kernel names no plugin.

use std::collections::BTreeSet;

use crate::source::Tree;
use crate::{assert_none, at};

type Names = BTreeSet<String>;

/// The names in a folder without their extension, but for those given.
fn names(tree: &Tree, folder: &str, but: &[&str]) -> Option<Names> {
    let names = tree.names(folder)?;
    let stem = |name: &String| name.strip_suffix(".rs").or(name.strip_suffix(".js")).unwrap_or(name).to_owned();
    let names = names.iter().map(stem);
    Some(names.filter(|name| !but.contains(&name.as_str())).collect())
}

/// The capabilities: a package of the contract each, but for what all of them share.
fn contract(tree: &Tree) -> Names {
    let names = names(tree, "wit", &["types", "plugin"]).expect("the contract is there");
    assert!(names.len() >= 7, "only {names:?}");
    names
}

#[test]
fn a_capability_has_one_file_in_the_kernel() {
    let tree = Tree::open();
    // The contract of `wasi` is not ours.
    let but = ["alarm", "body", "memory", "usage", "wasi"];
    let Some(files) = names(&tree, "kernel/src/capability", &but) else { return };
    assert_eq!(files, contract(&tree), "kernel/src/capability/*.rs (left) against wit/* (right)");
}

/// These places have files of other names too.
#[test]
fn a_capability_has_its_name_everywhere() {
    let tree = Tree::open();
    let mut findings = Vec::new();
    for folder in ["sdk-plugin/src", "sdk-plugin/js/src", "kernel/tests/all", "kernel/tests/guest"] {
        let Some(present) = names(&tree, folder, &[]) else { continue };
        findings.extend(contract(&tree).difference(&present).map(|name| format!("{folder}: nothing named {name}")));
    }
    assert_none(&findings);
}

#[test]
fn the_kernel_names_no_plugin() {
    let tree = Tree::open();
    let plugins = names(&tree, "plugins", &[]).unwrap_or_default();
    // A plugin may be called like a layer of the kernel (`auth`), whose own name stands in its configuration.
    let is_layer = |name: &str| tree.root.join("kernel/src").join(name).with_extension("rs").is_file();
    let is_plugin = |name: &str| tree.root.join("plugins").join(name).is_dir() && !is_layer(name);
    let plugins: Names = plugins.into_iter().filter(|name| is_plugin(name)).collect();
    let mut findings = Vec::new();
    for source in tree.under("kernel/src") {
        let named = source.literals.iter().filter(|literal| plugins.contains(&literal.text));
        findings.extend(named.map(|literal| at(source, literal.line, &format!("names the plugin {:?}", literal.text))));
    }
    assert_none(&findings);
}
