//! The words in which the admin API's answers are printed. It asks nothing.

use serde_json::Value;

use crate::cli::terminal::{indented, plain, red};

/// A value in one line; nothing for null.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => plain(text),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{} {}", plain(name), text(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// The elements of a list.
pub(super) fn each(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Permissions as the API lists them, a line each; those that take more than a glance stand out.
pub(super) fn permissions(lines: &Value, has_colour: bool) -> String {
    let line = |line: &Value| match line["grave"] == true {
        true => format!("{}\n", red(&format!("! {}", text(&line["words"])), has_colour)),
        false => format!("  {}\n", text(&line["words"])),
    };
    each(lines).map(line).collect()
}

/// How a trial stands.
pub(super) fn trial(trial: &Value) -> String {
    let [version, share, calls, failures] = ["version", "share", "calls", "failures"].map(|name| text(&trial[name]));
    match trial["share"].as_u64() {
        None => String::new(),
        // A version that replaced another at once is watched for its first calls.
        Some(100) => format!("{version}, watched: {calls} calls, {failures} failed"),
        Some(_) => format!("{version} at {share} %: {calls} calls, {failures} failed"),
    }
}

/// Why a plugin does not run, and what to do about it.
pub(super) fn reason(reason: &Value) -> String {
    let hint = reason["hint"].as_str().map(|hint| indented(hint, "    ")).unwrap_or_default();
    format!("  {} [{}]\n{hint}", text(&reason["message"]), text(&reason["code"]))
}

/// Something that happened to a plugin, without the time.
pub(super) fn event(event: &Value) -> String {
    let [what, version, actor, reason] = ["event", "version", "actor", "reason"].map(|name| text(&event[name]));
    let parts = [(version, " "), (actor, " by "), (reason, ": ")];
    let said = parts.iter().filter(|(part, _)| !part.is_empty()).map(|(part, before)| format!("{before}{part}"));
    format!("{what}{}", said.collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_said_in_one_line() {
        for (value, expected) in [
            (json!(null), ""),
            (json!("a\u{1b}[2Jb"), "a\\u{1b}[2Jb"),
            (json!(["GET", "POST"]), "GET, POST"),
            (json!({ "plugin.trap": 1, "problem": 2 }), "plugin.trap 1, problem 2"),
            (json!(true), "true"),
        ] {
            assert_eq!(text(&value), expected);
        }
    }

    #[test]
    fn grave_permissions_stand_out() {
        let lines =
            json!([{ "words": "act as anybody", "grave": true }, { "words": "read the clock", "grave": false }]);
        assert_eq!(permissions(&lines, false), "! act as anybody\n  read the clock\n");
        assert_eq!(permissions(&lines, true), "\u{1b}[31m! act as anybody\u{1b}[0m\n  read the clock\n");
        assert_eq!(permissions(&json!(null), true), "");
    }

    #[test]
    fn trials_and_events_are_sentences() {
        let on = |share| trial(&json!({ "version": "1.1.0", "share": share, "calls": 12, "failures": 0 }));
        assert_eq!(
            (on(5), on(100)),
            ("1.1.0 at 5 %: 12 calls, 0 failed".into(), "1.1.0, watched: 12 calls, 0 failed".into())
        );
        assert_eq!(trial(&json!(null)), "");
        let full = json!({ "event": "add", "version": "1.0.0", "actor": "operator:ab", "reason": "why not" });
        assert_eq!(event(&full), "add 1.0.0 by operator:ab: why not");
        assert_eq!(event(&json!({ "event": "remove", "version": null, "actor": "", "reason": "" })), "remove");
    }
}
