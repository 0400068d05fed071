//! What a plugin is and what it asks for, as an operator reads it before saying yes. It decides nothing.

use serde_json::Value;

use super::word::{each, permissions, text};
use crate::cli::terminal::plain;
use crate::host::manifest::Manifest;

/// What stands above the question. What is asked is the admin API's; of the version before there is one for an upgrade.
pub(super) fn render(manifest: &Manifest, before: Option<&str>, asked: &Value, has_colour: bool) -> String {
    let Manifest { id, version, description, license, .. } = manifest;
    let head = match before {
        Some(before) => format!("{} {} → {}", plain(id), plain(before), plain(version)),
        None => format!("{} {}", plain(id), plain(version)),
    };
    let signed = asked["signer"].as_str().map_or("not signed".to_owned(), |name| format!("signed by {}", plain(name)));
    let mut out = format!("{head}: {}\nlicence: {}, {signed}\n", plain(description), plain(license));
    let difference = &asked["difference"];
    let mut section = |title: &str, lines: &Value| {
        if each(lines).next().is_some() {
            out.push_str(&format!("\n{title}\n{}", permissions(lines, has_colour)));
        }
    };
    section(if before.is_some() { "It newly wants to" } else { "It wants to" }, &difference["added"]);
    section("It no longer wants to", &difference["removed"]);
    match each(&difference["kept"]).count() {
        0 => {}
        1 => out.push_str("\n1 permission stays.\n"),
        count => out.push_str(&format!("\n{count} permissions stay.\n")),
    }
    out
}

/// What came of it.
pub(super) fn outcome(answer: &Value) -> String {
    let [id, version, previous, share] = ["id", "version", "previous", "share"].map(|name| text(&answer[name]));
    match (previous.as_str(), answer["share"].as_u64()) {
        (previous, Some(..100)) => format!(
            "{id} {version} answers {share} % of the requests, {previous} the rest; `basalt plugin promote {id}` or \
             `rollback {id}` decides early"
        ),
        ("", _) => format!("{id} {version} is installed"),
        (previous, _) if previous == version => format!("{id} {version} is installed again"),
        (previous, _) => format!("{id} {version} is installed in place of {previous}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest() -> Manifest {
        let text = "id = \"shop\"\nversion = \"1.1.0\"\ndescription = \"Sells things\"\nlicense = \"MIT\"";
        Manifest::parse(text).expect("valid")
    }

    fn line(words: &str, grave: bool) -> Value {
        json!({ "capability": "sql", "scope": "sql", "words": words, "grave": grave })
    }

    #[test]
    fn a_new_plugin_shows_all_that_it_wants() {
        let difference =
            json!({ "added": [line("act as anybody", true), line("run SQL", false)], "removed": [], "kept": [] });
        assert_eq!(
            render(&manifest(), None, &json!({ "signer": "acme", "difference": difference }), false),
            "shop 1.1.0: Sells things\nlicence: MIT, signed by acme\n\nIt wants to\n! act as anybody\n  run SQL\n"
        );
    }

    #[test]
    fn an_upgrade_shows_only_the_difference() {
        let (added, removed) = (json!([line("run SQL", false)]), json!([line("read the clock", false)]));
        let render = |kept: Value| {
            let difference = json!({ "added": added, "removed": removed, "kept": kept });
            render(&manifest(), Some("1.0.0"), &json!({ "signer": null, "difference": difference }), false)
        };
        let shown = "shop 1.0.0 → 1.1.0: Sells things\nlicence: MIT, not signed\n\nIt newly wants to\n  run SQL\n\nIt no longer wants \
                     to\n  read the clock\n";
        assert_eq!(render(json!([])), shown);
        assert_eq!(render(json!([line("x", false)])), format!("{shown}\n1 permission stays.\n"));
        assert_eq!(render(json!([line("x", false), line("y", true)])), format!("{shown}\n2 permissions stay.\n"));
    }

    #[test]
    fn what_came_of_it_is_one_line() {
        let answer = |previous: Value, share: u32| {
            outcome(
                &json!({ "outcome": "installed", "id": "shop", "version": "1.1.0", "previous": previous, "share": share }),
            )
        };
        assert_eq!(answer(json!(null), 100), "shop 1.1.0 is installed");
        assert_eq!(answer(json!("1.1.0"), 100), "shop 1.1.0 is installed again");
        assert_eq!(answer(json!("1.0.0"), 100), "shop 1.1.0 is installed in place of 1.0.0");
        assert!(answer(json!("1.0.0"), 5).starts_with("shop 1.1.0 answers 5 % of the requests, 1.0.0 the rest"));
    }
}
