//! What a request sends: which members its objects have. It deliberately does not read the values of JSON: Postgres gets the
//! body's bytes straight from the host and takes them apart itself.

mod csv;
mod members;

use crate::refusal::{Failure, Refusal};
use crate::request::media::Media;
use crate::request::{Action, Intent, parameter};
use members::Members;
use sdk_plugin::{Body, Problem};

/// What is read to learn the members; with `columns=` no more than the first bytes are. It is also what the host copies in
/// one call.
const LARGEST: u64 = 16 << 20;

/// A payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) form: Form,
    /// The members that are used, sorted.
    pub(crate) members: Vec<String>,
    pub(crate) content: Content,
    /// The fields of a form, where they are arguments.
    pub(crate) fields: Option<Vec<(String, String)>>,
}

/// Whether it is one object or many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    Object,
    Array,
    /// No object at all.
    #[default]
    Empty,
}

/// What Postgres gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Content {
    /// The request's body as it is.
    #[default]
    Body,
    /// JSON made of it.
    Json(String),
}

/// Looks at the body, where the action has one.
pub(crate) fn read(intent: &Intent, body: Option<&Body>) -> Result<Payload, Failure> {
    let calls = intent.action == Action::Call;
    match &intent.content {
        _ if !intent.has_payload() => Ok(Payload::default()),
        Media::Json => json(intent, body),
        Media::Csv => Ok(csv(&bytes(body)?)?),
        Media::Form => Ok(form(&bytes(body)?, calls)?),
        Media::Text | Media::Xml | Media::Bytes if calls => Ok(Payload::default()),
        other => Err(Refusal::body(format!("Content-Type not acceptable: {}", other.name())).into()),
    }
}

fn json(intent: &Intent, body: Option<&Body>) -> Result<Payload, Failure> {
    let columns = intent.query.columns.as_ref().filter(|_| intent.action != Action::Replace);
    let Some(body) = body else {
        // A function without arguments needs no body.
        let nothing = || of(Members::Object(Vec::new()), Content::Json("{}".to_owned()));
        return if intent.action == Action::Call { Ok(nothing()) } else { Err(invalid().into()) };
    };
    match columns {
        Some(columns) => Ok(of(shape(&body.read(64)?.unwrap_or_default(), columns), Content::Body)),
        None => Ok(of(parse(&bytes(Some(body))?)?, Content::Body)),
    }
}

fn of(members: Members, content: Content) -> Payload {
    let (form, members) = match members {
        Members::Object(members) => (Form::Object, members),
        Members::Array(members) => (Form::Array, members),
        Members::Empty => (Form::Empty, Vec::new()),
    };
    Payload { form, members, content, fields: None }
}

fn bytes(body: Option<&Body>) -> Result<Vec<u8>, Failure> {
    Ok(body.map_or(Ok(Vec::new()), |body| body.read_all(LARGEST).map_err(too_large))?)
}

fn csv(bytes: &[u8]) -> Result<Payload, Refusal> {
    let json = csv::to_json(bytes)?;
    Ok(of(parse(json.as_bytes()).map_err(|_| uneven())?, Content::Json(json)))
}

fn uneven() -> Refusal {
    Refusal::body("All lines must have same number of fields")
}

/// The fields of a form: members of one object, or arguments.
fn form(bytes: &[u8], calls: bool) -> Result<Payload, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| invalid())?;
    let fields: Vec<(String, String)> = parameter::split(text)
        .into_iter()
        .map(|(name, value)| (name.into_owned(), value.unwrap_or_default().into_owned()))
        .collect();
    let mut members: Vec<_> = fields.iter().map(|(name, _)| name.clone()).collect();
    members.sort_unstable();
    members.dedup();
    if calls {
        return Ok(Payload { form: Form::Object, members, content: Content::Body, fields: Some(fields) });
    }
    let object: serde_json::Map<_, _> = fields.into_iter().map(|(name, value)| (name, value.into())).collect();
    let content = Content::Json(serde_json::Value::from(object).to_string());
    Ok(Payload { form: Form::Object, members, content, fields: None })
}

/// Without reading it: whether it looks like an array, with the members that were named.
fn shape(start: &[u8], columns: &[String]) -> Members {
    let mut columns = columns.to_vec();
    columns.sort_unstable();
    columns.dedup();
    match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => Members::Array(columns),
        _ => Members::Object(columns),
    }
}

/// Learns the members of JSON text.
fn parse(json: &[u8]) -> Result<Members, Refusal> {
    serde_json::from_slice(json).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Refusal::body("All object keys must match"),
        _ => invalid(),
    })
}

/// A payload of JSON, for the tests of the stages behind this one.
#[cfg(test)]
pub(crate) fn of_json(json: &str) -> Result<Payload, Refusal> {
    Ok(of(parse(json.as_bytes())?, Content::Body))
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

    fn object(members: &[&str]) -> Members {
        Members::Object(members.iter().map(|&member| member.to_owned()).collect())
    }

    fn array(members: &[&str]) -> Members {
        Members::Array(members.iter().map(|&member| member.to_owned()).collect())
    }

    #[test]
    fn learns_the_members() {
        let table = [
            (r#"{"b":1,"a":{"deep":[1,2]}}"#, object(&["a", "b"])),
            (" \t\r\n{\"id\":99} \n", object(&["id"])),
            (r#"{"a":1,"a":2}"#, object(&["a"])),
            (r#"{"caf\u00e9":1}"#, object(&["café"])),
            ("{}", object(&[])),
            ("[]", Members::Empty),
            ("[{}]", array(&[])),
            ("[{},{}]", array(&[])),
            (r#"[{"a":1,"b":2},{"b":null,"a":[]}]"#, array(&["a", "b"])),
            (r#"[{"\u0061":1},{"a":2}]"#, array(&["a"])),
            ("null", Members::Empty),
            ("5", Members::Empty),
            ("-1.5e3", Members::Empty),
            ("\"x\"", Members::Empty),
            ("true", Members::Empty),
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
