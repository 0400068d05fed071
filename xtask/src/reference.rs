//! The reference of capabilities, `docs/capabilities/<name>.md`: the contract in `wit/`, as pages for people.
//!
//! Every word in them stands in the WIT files; what should be said is said there.

mod shape;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use wit_parser::{Docs, Function, Interface, Resolve, TypeDef, TypeDefKind, TypeId, UnresolvedPackageGroup};

use crate::tree::Tree;
use shape::{members, signature};

/// The package of worlds: what they are made of has pages, and they are for tools.
const WORLDS: &str = "plugin";

/// The pages, each with its place below the top of the tree.
pub(crate) fn pages(tree: &Tree) -> anyhow::Result<Vec<(PathBuf, String)>> {
    pages_of(&tree.root)
}

fn pages_of(root: &Path) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let resolve = read(&root.join("wit"))?;
    let mut pages = Vec::new();
    for (_, package) in resolve.packages.iter().filter(|(_, package)| package.name.name != WORLDS) {
        let mut page = format!("# {}\n\n{}\n", package.name.name, text(&package.docs));
        let _ = write!(page, "\nPackage `{}`. ", package.name);
        page.push_str(&faces(&package.name.name));
        page.push_str("\n\n<!-- made of wit/ by `cargo xtask bless`; change it there -->\n");
        for id in package.interfaces.values() {
            interface(&resolve, &resolve.interfaces[*id], &mut page);
        }
        pages.push((PathBuf::from(format!("docs/capabilities/{}.md", package.name.name)), page));
    }
    Ok(pages)
}

fn read(folder: &Path) -> anyhow::Result<Resolve> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let parse = |path: &PathBuf| UnresolvedPackageGroup::parse_dir(path);
    let mut groups = folders.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let main = groups.pop().context("the contract has no package")?;
    let mut resolve = Resolve::default();
    resolve.push_groups(main, groups)?;
    Ok(resolve)
}

/// How it is used: by a plugin in Rust, and by its manifest.
fn faces(name: &str) -> String {
    match name {
        "types" => {
            "Shared by all others; it takes no grant. In Rust: `sdk_plugin::Problem` and `sdk_plugin::Body`.".to_owned()
        }
        _ => format!("In Rust: `sdk_plugin::{name}`. In the manifest: `[want.{name}]`."),
    }
}

fn interface(resolve: &Resolve, interface: &Interface, page: &mut String) {
    let name = interface.name.as_deref().unwrap_or_default();
    let _ = write!(page, "\n## Interface `{name}`\n");
    paragraph(&interface.docs, page);
    for (name, id) in &interface.types {
        definition(resolve, interface, name, *id, page);
    }
    for function in interface.functions.values().filter(|function| function.kind.resource().is_none()) {
        self::function(resolve, function, page);
    }
}

fn definition(resolve: &Resolve, interface: &Interface, name: &str, id: TypeId, page: &mut String) {
    let definition = &resolve.types[id];
    if is_borrowed(resolve, definition) {
        return;
    }
    let _ = write!(page, "\n### {} `{name}`\n", definition.kind.as_str());
    paragraph(&definition.docs, page);
    page.push_str(&members(resolve, definition));
    for function in interface.functions.values().filter(|function| function.kind.resource() == Some(id)) {
        self::function(resolve, function, page);
    }
}

/// Whether it comes from another interface, which has its own page or section.
fn is_borrowed(resolve: &Resolve, definition: &TypeDef) -> bool {
    matches!(&definition.kind, TypeDefKind::Type(wit_parser::Type::Id(id)) if resolve.types[*id].name == definition.name)
}

fn function(resolve: &Resolve, function: &Function, page: &mut String) {
    let _ = write!(page, "\n#### `{}`\n\n```wit\n{}\n```\n", function.item_name(), signature(resolve, function));
    paragraph(&function.docs, page);
}

fn paragraph(docs: &Docs, page: &mut String) {
    let text = text(docs);
    if !text.is_empty() {
        let _ = write!(page, "\n{text}\n");
    }
}

fn text(docs: &Docs) -> &str {
    docs.contents.as_deref().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_those_of_the_contract() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let pages = pages_of(&root).expect("the contract");
        assert!(pages.len() >= 10, "only {}", pages.len());
        for (path, page) in &pages {
            let written = fs::read_to_string(root.join(path)).unwrap_or_default();
            assert!(written == *page, "{} is not what wit/ says: `cargo xtask bless`", path.display());
        }
        let count = fs::read_dir(root.join("docs/capabilities")).expect("pages").count();
        assert_eq!(count, pages.len(), "a page of docs/capabilities belongs to no package");
    }
}
