//! How a file begins and how long it may be.

use crate::source::{Source, Tree};
use crate::{assert_none, at};

/// More than this wants a reason, in the file itself.
const MOST_LINES: usize = 400;

fn has_header(source: &Source) -> bool {
    let folder = |path: &str| path.starts_with("kernel/src/") || path.starts_with("sdk-plugin/src/");
    let plugin = source.path.starts_with("plugins/") && source.path.split('/').nth(2) == Some("src");
    folder(&source.path) || plugin || source.path.starts_with("xtask/")
}

#[test]
fn every_file_says_what_it_owns() {
    let tree = Tree::open();
    let checked: Vec<_> = tree.sources.iter().filter(|source| has_header(source)).collect();
    assert!(checked.len() >= 20, "only {} files", checked.len());
    let findings: Vec<_> = checked
        .into_iter()
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| at(source, 1, "begins without `//!`: say what the file owns, and one thing that it does not do"))
        .collect();
    assert_none(&findings);
}

#[test]
fn long_files_give_a_reason() {
    let findings: Vec<_> = Tree::open()
        .sources
        .iter()
        .filter(|source| source.text.lines().count() > MOST_LINES)
        .filter(|source| !source.comments.iter().any(|comment| comment.text.starts_with("// long: ")))
        .map(|source| at(source, MOST_LINES, "more than 400 lines: split it, or write `// long: <reason>`"))
        .collect();
    assert_none(&findings);
}
