//! What a write sends: which members its objects have. It deliberately does not read the values: Postgres gets the body's
//! bytes straight from the host and takes them apart itself.

mod members;

use crate::refusal::{Failure, Refusal};
use crate::request::Intent;
use sdk_plugin::{Body, Problem};

/// What is read to learn the members; with `columns=` no more than the first bytes are. It is also what the host copies in
/// one call.
const LARGEST: u64 = 16 << 20;

/// The shape of a payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// One object with these members, sorted.
    Object(Vec<String>),
    /// Objects that all have these members, sorted.
    Array(Vec<String>),
    /// No object at all.
    Empty,
}

/// Looks at the body, where the action has one.
pub(crate) fn read(intent: &Intent, body: Option<&Body>) -> Result<Payload, Failure> {
    if !intent.writes_payload() {
        return Ok(Payload::Empty);
    }
    let body = body.ok_or_else(invalid)?;
    match &intent.columns {
        Some(columns) => Ok(shape(&body.read(64)?.unwrap_or_default(), columns)),
        None => Ok(parse(&body.read_all(LARGEST).map_err(too_large)?)?),
    }
}

/// Without reading it: whether it looks like an array, with the members that were named.
fn shape(start: &[u8], columns: &[String]) -> Payload {
    match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => Payload::Array(columns.to_vec()),
        _ => Payload::Object(columns.to_vec()),
    }
}

/// Learns the members of JSON text.
pub(crate) fn parse(json: &[u8]) -> Result<Payload, Refusal> {
    serde_json::from_slice(json).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Refusal::body("All object keys must match"),
        _ => invalid(),
    })
}

fn invalid() -> Refusal {
    Refusal::body("Empty or invalid json")
}

fn too_large(problem: Problem) -> Problem {
    problem.hint("Name the members to use in `columns`, and the payload is passed on without being read first.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(members: &[&str]) -> Payload {
        Payload::Object(members.iter().map(|&member| member.to_owned()).collect())
    }

    fn array(members: &[&str]) -> Payload {
        Payload::Array(members.iter().map(|&member| member.to_owned()).collect())
    }

    #[test]
    fn learns_the_members() {
        let table = [
            (r#"{"b":1,"a":{"deep":[1,2]}}"#, object(&["a", "b"])),
            (" \t\r\n{\"id\":99} \n", object(&["id"])),
            (r#"{"a":1,"a":2}"#, object(&["a"])),
            (r#"{"caf\u00e9":1}"#, object(&["café"])),
            ("{}", object(&[])),
            ("[]", Payload::Empty),
            ("[{}]", array(&[])),
            ("[{},{}]", array(&[])),
            (r#"[{"a":1,"b":2},{"b":null,"a":[]}]"#, array(&["a", "b"])),
            (r#"[{"\u0061":1},{"a":2}]"#, array(&["a"])),
            ("null", Payload::Empty),
            ("5", Payload::Empty),
            ("-1.5e3", Payload::Empty),
            ("\"x\"", Payload::Empty),
            ("true", Payload::Empty),
        ];
        for (json, expected) in table {
            assert_eq!(parse(json.as_bytes()), Ok(expected), "{json}");
        }
    }

    #[test]
    fn refuses_what_is_not_uniform() {
        let table = [
            r#"[{"a":1},{"a":1,"b":2}]"#,
            r#"[{"a":1,"b":2},{"a":1}]"#,
            r#"[{"a":1},{"b":1}]"#,
            r#"[{"a":1},{}]"#,
            "[1]",
            "[null]",
            "[[]]",
            r#"[{"a":1},2]"#,
        ];
        for json in table {
            assert_eq!(parse(json.as_bytes()).unwrap_err().message, "All object keys must match", "{json}");
        }
    }

    #[test]
    fn refuses_what_is_not_json() {
        for json in ["", " ", "}{ x = 2", "{", "[{\"a\":1}", "{\"a\":}", "{} {}", "\u{FEFF}{}", "[{\"a\":1},]"] {
            assert_eq!(parse(json.as_bytes()).unwrap_err().message, "Empty or invalid json", "{json}");
        }
        assert!(parse(b"{\"\xFF\":1}").is_err());
    }

    #[test]
    fn survives_deep_nesting() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        // Whatever it says, it says it without exhausting the stack.
        drop(parse(deep.as_bytes()));
    }

    #[test]
    fn believes_columns_without_reading_on() {
        let columns = ["id".to_owned()];
        assert_eq!(shape(b" \n[{\"x\":", &columns), array(&["id"]));
        assert_eq!(shape(b"{", &columns), object(&["id"]));
    }
}
