//! What Postgres refused, with the status that PostgREST gives to its SQLSTATE. It deliberately does not look at which
//! statement was refused: the SQLSTATE and, in a few cases, the message decide.

use super::{Failure, Refusal};
use sdk_plugin::Problem;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Turns a problem of the `sql` capability into a refusal, unless it is the host's own.
pub(crate) fn from_postgres(problem: Problem, authenticated: bool) -> Failure {
    let Some(state) = problem.sqlstate() else { return Failure::Host(problem) };
    let detail = problem.details.as_deref().and_then(detail_of);
    if state == "PGRST" {
        return Failure::Refused(raised(&problem.message, detail.as_deref()));
    }
    let status = status(state, &problem.message, authenticated);
    let mut refusal = Refusal::new(status, state, problem.message.as_str());
    if status == 401 {
        refusal.headers.push(("www-authenticate".to_owned(), "Bearer".to_owned()));
    }
    (refusal.details, refusal.hint) = (detail.map(Into::into), problem.hint.map(String::into_boxed_str));
    Failure::Refused(refusal)
}

/// The `DETAIL` among what the host tells of a Postgres error.
fn detail_of(details: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Details {
        detail: Option<String>,
    }
    serde_json::from_str::<Details>(details).ok()?.detail
}

fn status(state: &str, message: &str, authenticated: bool) -> u16 {
    match state {
        "23503" | "23505" => 409,
        "25006" => 405,
        "21000" if message.ends_with("requires a WHERE clause") => 400,
        "21000" => 500,
        "22023" if message.starts_with("role") && message.ends_with("does not exist") => 401,
        "42883" if message.starts_with("function xmlagg(") => 406,
        "42883" | "42P01" => 404,
        "42P17" | "53400" => 500,
        "42501" => {
            if authenticated {
                403
            } else {
                401
            }
        }
        "57P01" => 503,
        "P0001" => 400,
        _ => status_of_class(state),
    }
}

fn status_of_class(state: &str) -> u16 {
    match state.get(..2).unwrap_or_default() {
        "08" | "53" => 503,
        "0L" | "0P" | "28" => 403,
        "09" | "25" | "2D" | "38" | "39" | "3B" | "40" | "54" | "55" | "57" | "58" | "F0" | "HV" | "P0" | "XX" => 500,
        "PT" => state[2..].parse().ok().filter(|status| (200..600).contains(status)).unwrap_or(500),
        _ => 400,
    }
}

/// `RAISE SQLSTATE 'PGRST'`: the function chooses the whole answer, as JSON in the message and the detail.
fn raised(message: &str, detail: Option<&str>) -> Refusal {
    #[derive(Deserialize)]
    struct Message {
        code: String,
        message: String,
        details: Option<String>,
        hint: Option<String>,
    }
    #[derive(Deserialize)]
    struct Detail {
        status: u16,
        headers: BTreeMap<String, String>,
    }
    let Ok(body) = serde_json::from_str::<Message>(message) else {
        return not_raised(format!("Invalid JSON value for MESSAGE: '{message}'")).hint(MESSAGE_HINT);
    };
    let Some(detail) = detail else {
        return not_raised("DETAIL is missing in the RAISE statement".to_owned()).hint(DETAIL_HINT);
    };
    let Ok(head) = serde_json::from_str::<Detail>(detail) else {
        return not_raised(format!("Invalid JSON value for DETAIL: '{detail}'")).hint(DETAIL_HINT);
    };
    let mut refusal = Refusal::new(head.status, &body.code, body.message);
    (refusal.details, refusal.hint) = (body.details.map(Into::into), body.hint.map(String::into_boxed_str));
    refusal.headers = head.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    refusal
}

const MESSAGE_HINT: &str =
    "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.";
const DETAIL_HINT: &str =
    "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.";

fn not_raised(details: String) -> Refusal {
    Refusal::new(500, "PGRST121", "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error").details(details)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_each_sqlstate_its_status() {
        let table = [
            ("23505", 409),
            ("23503", 409),
            ("23502", 400),
            ("25006", 405),
            ("42501", 401),
            ("42P01", 404),
            ("42883", 404),
            ("42703", 400),
            ("P0001", 400),
            ("P0002", 500),
            ("22P02", 400),
            ("08006", 503),
            ("53300", 503),
            ("53400", 500),
            ("57014", 500),
            ("57P01", 503),
            ("40001", 500),
            ("54001", 500),
            ("28000", 403),
            ("PT402", 402),
            ("PT999", 500),
            ("PTxyz", 500),
            ("XX000", 500),
            ("21000", 500),
        ]; // rustfmt::skip would hide that this is a table
        for (state, expected) in table {
            assert_eq!(status(state, "", false), expected, "{state}");
        }
        assert_eq!(status("42501", "", true), 403);
        assert_eq!(status("21000", "DELETE requires a WHERE clause", true), 400);
        assert_eq!(status("22023", "role \"x\" does not exist", true), 401);
    }

    #[test]
    fn keeps_the_words_of_postgres() {
        let problem = Problem::new("23505", "duplicate key")
            .details(r#"{"detail":"Key (k)=(x) already exists.","table":"t"}"#)
            .hint("another");
        let Failure::Refused(refusal) = from_postgres(problem, true) else { panic!("not a refusal") };
        assert_eq!(refusal.details, Some("Key (k)=(x) already exists.".into()));
        assert_eq!(refusal.hint.as_deref(), Some("another"));
    }

    #[test]
    fn asks_the_anonymous_for_credentials() {
        let Failure::Refused(refusal) = from_postgres(Problem::new("42501", "permission denied"), false) else {
            panic!("not a refusal")
        };
        assert_eq!(refusal.headers, [("www-authenticate".to_owned(), "Bearer".to_owned())]);
    }

    #[test]
    fn leaves_failures_of_the_host_to_the_kernel() {
        for code in ["sql.timeout", "sql.busy", "sql.unavailable", "sql.too-large"] {
            assert!(matches!(from_postgres(Problem::new(code, ""), true), Failure::Host(_)), "{code}");
        }
    }

    #[test]
    fn lets_a_function_choose_the_whole_answer() {
        let raised = raised(
            r#"{"code":"123","message":"ABC","details":"DEF","hint":"XYZ"}"#,
            Some(r#"{"status":332,"headers":{"X-Header":"str"}}"#),
        );
        assert_eq!((raised.status, raised.code.as_str()), (332, "123"));
        assert_eq!(raised.headers, [("x-header".to_owned(), "str".to_owned())]);
        assert_eq!(super::raised("{", None).code, "PGRST121");
    }
}
