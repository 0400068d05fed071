//! What must not be left behind: promises without an issue, tests that do not run, tests that wait for a clock.

use crate::source::{Source, Tree};
use crate::{assert_none, at};

/// A promise names its issue, as in `#12`.
fn names_an_issue(comment: &str) -> bool {
    comment.split('#').skip(1).any(|rest| rest.starts_with(|char: char| char.is_ascii_digit()))
}

#[test]
fn promises_name_their_issue() {
    // In halves, so that this file does not speak of itself.
    let words = [concat!("TO", "DO"), concat!("FIX", "ME")];
    let mut findings = Vec::new();
    for source in &Tree::open().sources {
        let promises = source.comments.iter().filter(|comment| words.iter().any(|word| comment.text.contains(word)));
        let nameless = promises.filter(|comment| !names_an_issue(&comment.text));
        findings.extend(nameless.map(|comment| at(source, comment.line, "a promise without `#<issue>`")));
    }
    assert_none(&findings);
}

#[test]
fn every_test_runs() {
    let mut findings = Vec::new();
    for source in &Tree::open().sources {
        let lines = Source::lines_with(&source.code, concat!("#[ign", "ore"));
        findings.extend(lines.map(|line| at(source, line, "an ignored test is deleted, or made to pass")));
    }
    assert_none(&findings);
}

/// Elsewhere clippy refuses it, where a reason can be given for the one place that must.
#[test]
fn no_test_sleeps() {
    let mut findings = Vec::new();
    for source in &Tree::open().sources {
        let first = if source.path.contains("/tests/") { 0 } else { source.production().lines().count() };
        let lines = Source::lines_with(&source.code, concat!("thread::", "sleep")).filter(|line| *line > first);
        findings.extend(lines.map(|line| at(source, line, "wait for the event itself, with a deadline")));
    }
    assert_none(&findings);
}
