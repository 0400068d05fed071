//! Refusals in PostgREST's words: its codes, messages and statuses, which clients compare. It deliberately has no case for
//! failures of the host (`sql.timeout` and the like): those stay problems, and the kernel renders them.

pub(crate) mod function;
mod postgres;
pub(crate) mod relationship;

use sdk_filter::Fault;
use sdk_plugin::Problem;
use serde_json::Value;

pub(crate) use postgres::from_postgres;

/// An answer that says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    // Boxed, as every stage can return this and hardly ever does.
    pub(crate) details: Option<Value>,
    pub(crate) hint: Option<Box<str>>,
    /// Beyond those that every refusal has.
    pub(crate) headers: Vec<(String, String)>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request's or the database's fault.
    Refused(Refusal),
    /// The host's; rendered by the kernel.
    Host(Problem),
}

impl Failure {
    /// Whether the reason may be that the relation changed after it was described: it has no such column, or one of another
    /// type. A failed statement has changed nothing, so that another attempt is safe.
    pub(crate) fn may_be_stale(&self) -> bool {
        let Self::Refused(refusal) = self else { return false };
        match refusal.code.as_str() {
            "0A000" | "3F000" | "PGRST105" | "PGRST200" | "PGRST202" | "PGRST204" => true,
            "42501" => false,
            code => code.len() == 5 && (code.starts_with("22") || code.starts_with("42")),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What could not be read.
impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::new(400, "PGRST100", fault.message).details(fault.details)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Host(problem)
    }
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        let (code, message) = (code.to_owned(), message.into());
        Self { status, code, message, details: None, hint: None, headers: Vec::new() }
    }

    pub(crate) fn details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(Value::String(details.into()));
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn header(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }

    pub(crate) fn body(message: impl Into<String>) -> Self {
        Self::new(400, "PGRST102", message)
    }

    pub(crate) fn range(details: impl Into<String>) -> Self {
        Self::new(416, "PGRST103", "Requested range not satisfiable").details(details)
    }

    pub(crate) fn out_of_bounds(offset: u64, total: u64) -> Self {
        Self::range(format!("An offset of {offset} was requested, but there are only {total} rows."))
    }

    pub(crate) fn call_method(name: &str) -> Self {
        Self::new(405, "PGRST101", format!("Cannot use the {name} method on RPC"))
    }

    pub(crate) fn bad_headers() -> Self {
        let message =
            "response.headers guc must be a JSON array composed of objects with a single key and a string value";
        Self::new(500, "PGRST111", message)
    }

    pub(crate) fn bad_status() -> Self {
        Self::new(500, "PGRST112", "response.status guc must be a valid status code")
    }

    pub(crate) fn not_to_one(origin: &str, target: &str) -> Self {
        Self::new(400, "PGRST118", format!("A related order on '{target}' is not possible"))
            .details(format!("'{origin}' and '{target}' do not form a many-to-one or one-to-one relationship"))
    }

    pub(crate) fn no_aggregates() -> Self {
        Self::new(400, "PGRST123", "Use of aggregate functions is not allowed")
    }

    pub(crate) fn no_path() -> Self {
        Self::new(404, "PGRST125", "Invalid path specified in request URL")
    }

    pub(crate) fn no_description() -> Self {
        Self::new(404, "PGRST126", "Root endpoint metadata is disabled")
    }

    pub(crate) fn call_max_affected() -> Self {
        let message = "Function must return SETOF or TABLE when max-affected preference is used with handling=strict";
        Self::new(400, "PGRST128", message)
    }

    pub(crate) fn replace_by_key() -> Self {
        let message = "Filters must include all and only primary key columns with 'eq' operators";
        Self::new(405, "PGRST105", message)
    }

    pub(crate) fn schema(name: &str, exposed: &[String]) -> Self {
        Self::new(406, "PGRST106", format!("Invalid schema: {name}"))
            .hint(format!("Only the following schemas are exposed: {}", exposed.join(", ")))
    }

    pub(crate) fn media(accept: &str) -> Self {
        Self::new(406, "PGRST107", format!("None of these media types are available: {accept}"))
    }

    pub(crate) fn not_embedded(name: &str) -> Self {
        Self::new(400, "PGRST108", format!("'{name}' is not an embedded resource in this request"))
            .hint(format!("Verify that '{name}' is included in the 'select' query parameter."))
    }

    pub(crate) fn replace_window() -> Self {
        Self::new(400, "PGRST114", "limit/offset querystring parameters are not allowed for PUT")
    }

    pub(crate) fn replace_mismatch() -> Self {
        Self::new(400, "PGRST115", "Payload values do not match URL in primary key column(s)")
    }

    pub(crate) fn not_singular(rows: u64) -> Self {
        Self::new(406, "PGRST116", "Cannot coerce the result to a single JSON object")
            .details(format!("The result contains {rows} rows"))
    }

    pub(crate) fn method(name: &str) -> Self {
        Self::new(405, "PGRST117", format!("Unsupported HTTP method: {name}"))
    }

    pub(crate) fn preferences(invalid: &[String]) -> Self {
        Self::new(400, "PGRST122", "Invalid preferences given with handling=strict")
            .details(format!("Invalid preferences: {}", invalid.join(", ")))
    }

    pub(crate) fn too_many_affected(rows: u64) -> Self {
        Self::new(400, "PGRST124", "Query result exceeds max-affected preference constraint")
            .details(format!("The query affects {rows} rows"))
    }

    /// Something of the dialect that this version does not have. Never leave out silently what was asked for.
    pub(crate) fn not_implemented(what: impl Into<String>) -> Self {
        Self::new(400, "PGRST127", "Feature not implemented").details(what)
    }

    pub(crate) fn unknown_payload_column(relation: &str, column: &str) -> Self {
        let message = format!("Could not find the '{column}' column of '{relation}' in the schema cache");
        Self::new(400, "PGRST204", message)
    }

    pub(crate) fn unknown_relation(schema: &str, name: &str) -> Self {
        Self::new(404, "PGRST205", format!("Could not find the table '{schema}.{name}' in the schema cache"))
    }

    /// In the words of Postgres, which would say so had the name reached it.
    pub(crate) fn unknown_column(relation: &str, column: &str) -> Self {
        Self::new(400, "42703", format!("column {relation}.{column} does not exist"))
    }

    /// In the words of pg-safeupdate.
    pub(crate) fn unfiltered(command: &str) -> Self {
        Self::new(400, "21000", format!("{command} requires a WHERE clause"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_changed_relation_can_explain_is_worth_another_look() {
        for code in ["42P01", "42703", "42804", "42883", "22P02", "0A000", "PGRST204"] {
            assert!(Failure::from(Refusal::new(400, code, "")).may_be_stale(), "{code}");
        }
        for code in ["42501", "23505", "40001", "21000", "PGRST100", "PGRST205", "é", "ééé"] {
            assert!(!Failure::from(Refusal::new(400, code, "")).may_be_stale(), "{code}");
        }
        assert!(!Failure::from(Problem::new("sql.timeout", "")).may_be_stale());
    }
}
