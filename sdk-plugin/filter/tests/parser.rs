//! What the parser reads, what it refuses, and that nothing brings it down: a corpus, changed at random by a generator that
//! starts the same each time.

use sdk_filter::filter::{self, Condition};
use sdk_filter::{Fault, logic, structured};
use serde_json::json;

/// Changed texts in one run: about a second.
const ROUNDS: u32 = 60_000;

const CORPUS: &str = include_str!("corpus.txt");

fn parse(name: &str, value: &str) -> Result<(Vec<String>, Condition), Fault> {
    match name.rsplit('.').next() {
        Some("and" | "or") => logic::parse(name, value),
        _ => filter::parse(name, value),
    }
}

fn corpus() -> Vec<(&'static str, &'static str)> {
    CORPUS.lines().filter_map(|line| line.split_once('\t')).collect()
}

/// What is printed is read as the same again.
fn prints(condition: &Condition) {
    let printed = condition.to_string();
    let (path, again) =
        logic::parse("and", &format!("({printed})")).unwrap_or_else(|fault| panic!("{printed}: {fault:?}"));
    let Condition::Group(group) = again else { panic!("{printed}: no group") };
    assert_eq!((path, group.members.as_slice()), (Vec::new(), std::slice::from_ref(condition)), "{printed}");
}

#[test]
fn reads_and_refuses_the_corpus() {
    let read = |(name, value): &(&str, &str)| match parse(name, value) {
        Ok((path, condition)) => {
            prints(&condition);
            format!("{}{condition}", path.iter().map(|name| format!("{name}/")).collect::<String>())
        }
        Err(fault) => format!("{} {}", fault.message, fault.details),
    };
    let results: Vec<_> = corpus().iter().map(read).collect();
    let expected = [
        "id.eq.1",
        "id.not.eq.1",
        "price.gte.\"10.5\"",
        "name.like.\"*a*\"",
        "name.ilike(any).\"{a*,\\\"b,c\\\"}\"",
        "name.eq(all).\"{1,2}\"",
        "tags.cs.\"{a,b}\"",
        "period.ov.\"[2020-01-01,2021-01-01)\"",
        "settings->colours->>0.eq.red",
        "settings->-1->>\"a b\".is.not_null",
        "\"failed to parse tree path (\"weird \"\"name\")\" (line 1, column 9) unexpected \"\"\" expecting \".\" or end of input",
        "\"größe\".lt.5",
        "\"with-dash\"->>\"x-y\".gt.a",
        "id.in.(1,2,\"a,b\",\"c\\\"d\")",
        "id.in.(\"\")",
        "done.is.true",
        "words.fts(english).\"a & b\"",
        "words.wfts.\"\\\"quoted\\\"\"",
        "a.isdistinct.5",
        "clients/projects/name.match.\"^x\"",
        "or(a.eq.1,b.is.null)",
        "not.and(a.eq.1,not.or(b.gt.2,c.in.(1,2)),d->>e.like.\"x,y\")",
        "clients/or(name.eq.\"Mi,crosoft\",id.cs.\"{1,2}\")",
        "and(a.eq.\"1 \",b.eq.\"2 \")",
        "\"failed to parse filter (noop.5)\" (line 1, column 1) unexpected \"n\" expecting \"not\" or operator (eq, gt, ...)",
        "\"failed to parse filter (eq)\" (line 1, column 1) unexpected \"e\" expecting \"not\" or operator (eq, gt, ...)",
        "\"failed to parse filter ()\" (line 1, column 1) unexpected end of input expecting \"not\" or operator (eq, gt, ...)",
        "\"failed to parse logic tree (())\" (line 1, column 4) unexpected \")\" expecting field name (* or [a..z0..9_$]), \
         negation operator (not) or logic operator (and, or)",
        "\"failed to parse logic tree ((a.eq.1)\" (line 1, column 10) unexpected end of input expecting \",\" or \")\"",
    ];
    for (result, expected) in results.iter().zip(expected) {
        assert_eq!(result, expected);
    }
    assert_eq!(results.len(), expected.len());
}

/// A small generator (xorshift): the same numbers on each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or(0)
    }
}

const PIECES: [&str; 24] = [
    "(",
    ")",
    ",",
    ".",
    "->",
    "->>",
    "\"",
    "\\",
    "{",
    "}",
    "not.",
    "and(",
    "or(",
    "in.(",
    "is.null",
    "eq.",
    "(any)",
    "fts(",
    "é",
    "\0",
    " ",
    "-",
    "::",
    "99999999999999999999",
];

fn change(text: &str, numbers: &mut Numbers) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(characters.len() + 1);
        match numbers.below(3) {
            0 => drop(characters.splice(at..at, PIECES[numbers.below(PIECES.len())].chars())),
            1 => characters.truncate(at),
            _ => drop(characters.splice(at.min(characters.len())..characters.len().min(at + 1), [])),
        }
    }
    characters.into_iter().collect()
}

#[test]
fn nothing_brings_it_down_and_what_it_reads_it_can_print() {
    let (corpus, mut numbers, mut read) = (corpus(), Numbers(0x9E37_79B9_7F4A_7C15), 0);
    for _ in 0..ROUNDS {
        let (name, value) = corpus[numbers.below(corpus.len())];
        let (name, value) = (change(name, &mut numbers), change(value, &mut numbers));
        if let Ok((_, condition)) = parse(&name, &value) {
            prints(&condition);
            read += 1;
        }
    }
    assert!(read > ROUNDS / 50, "the changes leave hardly anything to read: {read}");
}

#[test]
fn does_not_exhaust_the_stack() {
    let deep = format!("({}a.eq.1{})", "and(".repeat(100_000), ")".repeat(100_000));
    assert!(logic::parse("or", &deep).unwrap_err().details.contains("deeper"));
    let mut json = json!({ "a": { "eq": 1 } });
    for _ in 0..100 {
        json = json!({ "not": json });
    }
    assert!(structured::parse(&json).unwrap_err().details.contains("deeper"));
}

#[test]
fn json_says_the_same_as_text() {
    let table = [
        (json!({ "a": { "eq": 1 } }), "(a.eq.1)"),
        (json!({ "a": { "gt": 1, "not": { "lt": "x" } } }), "(a.gt.1,a.not.lt.x)"),
        (json!({ "a": { "in": [1, "b"] }, "b": { "is": null } }), "(a.in.(1,b),b.is.null)"),
        (json!({ "a": { "eq(any)": [1, 2] } }), "(a.eq(any).\"{\\\"1\\\",\\\"2\\\"}\")"),
        (json!({ "or": [{ "a": { "eq": true } }, { "b->>c": { "wfts": "x" } }] }), "(or(a.eq.true,b->>c.wfts.x))"),
        (json!({ "not": { "a": { "eq": 1 }, "b": { "eq": 2 } } }), "(not.and(a.eq.1,b.eq.2))"),
    ];
    for (json, text) in table {
        let (_, Condition::Group(group)) = logic::parse("and", text).unwrap() else { panic!("{text}") };
        assert_eq!(structured::parse(&json).unwrap(), group.members, "{json}");
    }
    for json in [
        json!(5),
        json!({ "a": 5 }),
        json!({ "a": { "noop": 5 } }),
        json!({ "a": { "eq": null } }),
        json!({ "or": [] }),
    ] {
        assert!(structured::parse(&json).is_err(), "{json}");
    }
}
