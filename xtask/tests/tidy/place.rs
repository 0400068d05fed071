//! What may stand only in one place: status codes in `http`, SQL where the connections are.

use crate::source::{Source, Tree};
use crate::{assert_none, at};

/// The layers, as a file (`store.rs`) and as a folder (`store/…`).
fn within(source: &Source, layers: &[&str]) -> bool {
    let path = source.path.trim_start_matches("kernel/src/").trim_end_matches(".rs");
    layers.iter().any(|layer| path == *layer || path.starts_with(&format!("{layer}/")))
}

/// Whether a literal is a statement rather than a sentence that begins with the same word.
fn is_sql(literal: &str) -> bool {
    const OBJECTS: [&str; 14] = [
        "table",
        "schema",
        "role",
        "user",
        "index",
        "function",
        "policy",
        "database",
        "extension",
        "view",
        "trigger",
        "type",
        "or",
        "unique",
    ];
    let text = literal.trim_start().to_ascii_lowercase();
    let mut words = text.split_whitespace();
    let (Some(verb), second) = (words.next(), words.next().unwrap_or_default()) else { return false };
    match verb {
        "select" => true,
        "insert" => second == "into",
        "delete" => second == "from",
        "update" => text.contains(" set "),
        "grant" => text.contains(" to ") || text.contains(" on "),
        "create" | "alter" => OBJECTS.contains(&second),
        _ => false,
    }
}

#[test]
fn status_codes_are_in_http() {
    let mut findings = Vec::new();
    for source in Tree::open().under("kernel/src").filter(|source| !within(source, &["http"])) {
        let lines = Source::lines_with(source.production(), "StatusCode");
        findings.extend(lines.map(|line| at(source, line, "a status code outside `http`: return an error code")));
    }
    assert_none(&findings);
}

#[test]
fn sql_is_where_the_connections_are() {
    let places = ["store", "auth", "bus", "capability/sql"];
    let mut findings = Vec::new();
    for source in Tree::open().under("kernel/src").filter(|source| !within(source, &places)) {
        let found = source.production_literals().filter(|literal| is_sql(&literal.text));
        findings
            .extend(found.map(|literal| at(source, literal.line, "SQL outside store, auth, bus and capability/sql")));
    }
    assert_none(&findings);
}

#[test]
fn tells_sql_from_sentences() {
    assert!(is_sql("select 1") && is_sql("\n  INSERT INTO a VALUES (1)") && is_sql("update a set b = 1"));
    assert!(is_sql("grant usage on schema a to b") && is_sql("create table a ()"));
    assert!(!is_sql("delete the folder") && !is_sql("grant it in basalt.toml") && !is_sql("create a key first"));
}
