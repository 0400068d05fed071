//! Who may import whom: main → app → http → host → capability → bus, auth → store, and everybody the leaves.

use crate::source::Tree;
use crate::{assert_none, at};

/// The layers of the kernel from the bottom; those of one row do not know each other. A layer may use itself and every row
/// below its own.
const ROWS: [&[&str]; 8] = [
    &["error", "identity", "telemetry", "config"],
    &["store", "limit"],
    &["bus", "auth"],
    &["capability"],
    &["host"],
    &["http"],
    &["app"],
    &["cli"],
];

/// Where the layer stands; `None` for what is no layer. The leaves may use each other.
fn row(layer: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&layer))
}

fn may_use(from: &str, to: &str) -> bool {
    match (row(from), row(to)) {
        (Some(0), Some(0)) => true,
        (Some(above), Some(below)) => from == to || above > below,
        _ => false,
    }
}

/// The layers named in the code as `crate::layer` or `crate::{layer, layer::Item}`, with the line of each.
fn named(code: &str) -> Vec<(usize, String)> {
    let uses = code.match_indices("crate::").filter(|(at, _)| !code[..*at].ends_with('$'));
    uses.flat_map(|(at, found)| {
        let line = code[..at].matches('\n').count() + 1;
        first_names(&code[at + found.len()..]).into_iter().map(move |name| (line, name))
    })
    .collect()
}

/// The first segment of a path, or of each path in a group.
fn first_names(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else { return vec![word(path)] };
    let (mut depth, mut start, mut names) = (1, 0, Vec::new());
    for (at, char) in group.char_indices() {
        match char {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && char == ',') {
            names.push(word(group[start..at].trim_start()));
            start = at + 1;
        }
        if depth == 0 {
            break;
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect()
}

/// The layer that a file of the kernel belongs to. `lib.rs` and `main.rs` stand above all.
fn layer_of(path: &str) -> Option<&str> {
    let name = path.strip_prefix("kernel/src/")?.split('/').next()?;
    let name = name.strip_suffix(".rs").unwrap_or(name);
    (name != "lib" && name != "main").then_some(name)
}

#[test]
fn arrows_point_downwards() {
    let mut findings = Vec::new();
    for source in Tree::open().under("kernel/src") {
        let Some(from) = layer_of(&source.path) else { continue };
        for (line, to) in named(source.production()) {
            // A name that is no layer is a macro or an item at the top: only layers are ordered.
            if row(&to).is_some() && !may_use(from, &to) {
                findings.push(at(source, line, &format!("`{from}` may not use `{to}`")));
            }
        }
    }
    assert_none(&findings);
}

#[test]
fn every_file_of_the_kernel_is_in_a_layer() {
    let tree = Tree::open();
    let strangers =
        tree.under("kernel/src").filter(|source| layer_of(&source.path).is_some_and(|name| row(name).is_none()));
    assert_none(&strangers.map(|source| at(source, 1, "is in no layer: see docs/architecture.md")).collect::<Vec<_>>());
}

#[test]
fn reads_paths_and_groups() {
    let code = "use crate::error::Error;\nuse crate::{\n  http::{a, b},\n  store,\n};\nlet x = crate::auth::verify(); $crate::cli::x";
    let names: Vec<_> = named(code).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["error", "http", "store", "auth"]);
    assert!(
        may_use("http", "store") && may_use("config", "error") && !may_use("store", "http") && !may_use("auth", "bus")
    );
}
