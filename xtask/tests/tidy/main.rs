//! The rules of the house as ordinary tests: what `docs/architecture.md` states, a computer can check here.
//!
//! They read text, not types: a rule that needs a compiler belongs in `clippy.toml`.

mod build;
mod header;
mod layer;
mod name;
mod place;
mod source;
mod trace;

use source::{Source, Tree};

/// Fail with all findings at once, so that one run shows everything that is to be done.
fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// A place in a file, in the form that editors open.
fn at(source: &Source, line: usize, what: &str) -> String {
    format!("{}:{line}: {what}", source.path)
}

/// The rules would pass on nothing: this fails when the tree is not where it is looked for.
#[test]
fn finds_the_sources() {
    let tree = Tree::open();
    assert!(tree.under("xtask/src").count() >= 15, "too few files found in {}", tree.root.display());
    assert!(tree.sources.iter().any(|source| source.path == "xtask/tests/tidy/main.rs"));
}
