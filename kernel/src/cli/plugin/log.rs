//! `basalt plugin logs`: what happened to a plugin and what it wrote lately, in the order of time. What it wrote long ago is in
//! the log of the kernel only.

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::word::{each, event, text};
use crate::cli::admin::{Client, path};
use crate::error::{Error, Result, code};

/// How often is looked for more.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin's id
    id: String,
    /// Go on printing what comes, until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// The most events, and the most lines, to begin with
    #[arg(long, value_name = "N", default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

/// What was seen last.
#[derive(Default)]
pub(super) struct Seen {
    events: Vec<Value>,
    lines: Vec<Value>,
}

pub(super) fn run(client: &Client, arguments: &Arguments) -> Result<ExitCode> {
    if arguments.follow && client.is_private {
        return Err(Error::new(&code::ADMIN_UNREACHABLE, "no kernel serves: nothing would come")
            .hint("`basalt serve`, or without `--follow`"));
    }
    let path = path(&["plugins", &arguments.id, "log"], &[("limit", Some(&arguments.limit.to_string()))]);
    let mut seen = Seen::default();
    loop {
        let answer = client.ask("GET", &path, None)?;
        seen.take(&answer).iter().for_each(|line| println!("{line}"));
        if !arguments.follow {
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::park_timeout(PAUSE);
    }
}

impl Seen {
    /// The lines to print of what is new in an answer.
    pub(super) fn take(&mut self, answer: &Value) -> Vec<String> {
        // Events come newest first.
        let mut events: Vec<_> = each(&answer["events"]).cloned().collect();
        events.reverse();
        let lines: Vec<_> = each(&answer["lines"]).cloned().collect();
        let new_events =
            fresh(&self.events, &events).iter().map(|one| (written(&one["at"]), format!("* {}", event(one))));
        let new_lines = fresh(&self.lines, &lines).iter().map(|one| (counted(&one["at"]), line(one)));
        let mut new: Vec<_> = new_events.chain(new_lines).collect();
        new.sort_by_key(|(at, _)| *at);
        (self.events, self.lines) = (events, lines);
        new.into_iter().map(|(at, what)| format!("{} {what}", stamp(at))).collect()
    }
}

/// What came after what was seen, of a list that forgets at its beginning.
fn fresh<'a>(seen: &[Value], now: &'a [Value]) -> &'a [Value] {
    let known = (0..=now.len()).rev().find(|known| seen.ends_with(&now[..*known])).unwrap_or_default();
    &now[known..]
}

fn line(line: &Value) -> String {
    let fields = text(&line["fields"]);
    let fields = if fields == "{}" || fields.is_empty() { String::new() } else { format!(" {fields}") };
    format!("{:<5} {}{fields}", text(&line["level"]).to_uppercase(), text(&line["message"]))
}

/// Milliseconds since the Unix epoch.
fn counted(at: &Value) -> Option<SystemTime> {
    at.as_u64().and_then(|at| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(at)))
}

/// As Postgres writes it: `2026-11-20 17:05:12.345+01`.
fn written(at: &Value) -> Option<SystemTime> {
    let text = at.as_str()?.replace(' ', "T");
    let sign = text.rfind(['+', '-', 'Z']).filter(|at| *at > "2026-11-20T".len())?;
    let (local, zone) = text.split_at(sign);
    let local = humantime::parse_rfc3339(&format!("{local}Z")).ok()?;
    let (hours, minutes) = zone[1..].split_once(':').unwrap_or((&zone[1..], "0"));
    let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<u64>().ok() };
    let offset = Duration::from_secs(number(hours)? * 3600 + number(minutes)? * 60);
    if zone.starts_with('-') { local.checked_add(offset) } else { local.checked_sub(offset) }
}

fn stamp(at: Option<SystemTime>) -> String {
    at.map(|at| humantime::format_rfc3339_millis(at).to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_new_is_printed() {
        let list = |text: &str| text.chars().map(|char| json!(char.to_string())).collect::<Vec<_>>();
        for (seen, now, new) in [
            ("", "", ""),
            ("", "ab", "ab"),
            ("ab", "ab", ""),
            ("ab", "abc", "c"),
            ("abc", "bcd", "d"),
            ("abc", "xyz", "xyz"),
            ("aa", "aaa", "a"),
            // Another version was loaded: it begins with nothing.
            ("abc", "", ""),
        ] {
            assert_eq!(fresh(&list(seen), &list(now)), list(new), "{seen} {now}");
        }
    }

    #[test]
    fn events_and_lines_are_printed_in_the_order_of_time() {
        let event =
            |at: &str, what: &str| json!({ "event": what, "version": "1.0.0", "actor": "", "reason": "", "at": at });
        let line = |at: u64, fields: &str| json!({ "at": at, "level": "info", "message": "a\nb", "fields": fields });
        let mut seen = Seen::default();
        let mut events = vec![event("1970-01-01 01:00:00.3+01", "upgrade"), event("1970-01-01 00:00:00+00", "add")];
        let answer = json!({ "events": events, "lines": [line(100, "{}"), line(400, "{\"x\":1}")] });
        let expected = [
            "1970-01-01T00:00:00.000Z * add 1.0.0",
            "1970-01-01T00:00:00.100Z INFO  a\\u{a}b",
            "1970-01-01T00:00:00.300Z * upgrade 1.0.0",
            "1970-01-01T00:00:00.400Z INFO  a\\u{a}b {\"x\":1}",
        ];
        assert_eq!(seen.take(&answer), expected);
        assert!(seen.take(&answer).is_empty());
        events.insert(0, event("1970-01-01 00:00:01-05", "disable"));
        assert_eq!(seen.take(&json!({ "events": events, "lines": [] })), ["1970-01-01T05:00:01.000Z * disable 1.0.0"]);
    }

    #[test]
    fn a_time_that_cannot_be_read_is_none() {
        for text in ["", "today", "2026-11-20 17:05:12", "2026-11-20 17:05:12+x", "infinity"] {
            assert_eq!(written(&json!(text)), None, "{text}");
        }
    }
}
