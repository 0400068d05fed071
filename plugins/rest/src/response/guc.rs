//! What functions said about the answer: `response.status` and `response.headers`. It deliberately lets them replace any header of
//! this plugin's, as they are the operator's own code.

use crate::refusal::Refusal;
use crate::run::Counts;
use sdk_plugin::Response;
use serde_json::{Map, Value};

pub(super) fn apply(mut response: Response, counts: &Counts) -> Result<Response, Refusal> {
    if let Some(status) = &counts.status {
        let status = status.trim().parse().ok().filter(|status| (200..600).contains(status));
        response.status = status.ok_or_else(Refusal::bad_status)?;
    }
    let Some(headers) = &counts.headers else { return Ok(response) };
    let headers = read(headers).ok_or_else(Refusal::bad_headers)?;
    response.headers.retain(|(name, _)| headers.iter().all(|(other, _)| other != name));
    response.headers.extend(headers);
    Ok(response)
}

/// An array of objects with one member each.
fn read(text: &str) -> Option<Vec<(String, String)>> {
    let list: Vec<Map<String, Value>> = serde_json::from_str(text).ok()?;
    let header = |object: Map<String, Value>| {
        let mut members = object.into_iter();
        match (members.next(), members.next()) {
            (Some((name, Value::String(value))), None) => Some((name.to_ascii_lowercase(), value)),
            _ => None,
        }
    };
    list.into_iter().map(header).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_place_of_what_was_said_before() {
        let headers = Some(r#"[{"Content-Type":"text/plain"},{"X-A":"1"},{"X-A":"2"}]"#.to_owned());
        let counts = Counts { headers, status: Some("418".to_owned()), ..Counts::default() };
        let response = apply(Response::new(200).header("content-type", "application/json"), &counts).unwrap();
        let headers: Vec<_> = response.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!((response.status, headers.join(", ").as_str()), (418, "content-type: text/plain, x-a: 1, x-a: 2"));
    }

    #[test]
    fn refuses_what_is_no_status_and_no_headers() {
        for status in ["", "none", "99", "600"] {
            let counts = Counts { status: Some(status.to_owned()), ..Counts::default() };
            assert_eq!(apply(Response::new(200), &counts).unwrap_err().code, "PGRST112", "{status}");
        }
        for headers in ["", "{}", "[1]", r#"[{"a":"b","c":"d"}]"#, r#"[{"a":1}]"#, "[{}]"] {
            let counts = Counts { headers: Some(headers.to_owned()), ..Counts::default() };
            assert_eq!(apply(Response::new(200), &counts).unwrap_err().code, "PGRST111", "{headers}");
        }
    }
}
