//! render: what the kernel gave, or a refusal, → Response. Objects of the kernel are sent as they are; nothing here deliberately
//! adds to who somebody is.

pub(crate) mod dialect;
pub(crate) mod qr;
pub(crate) mod session;

use sdk_plugin::{Problem, Response};
use serde_json::{Map, Value, json};

use crate::refusal::Refusal;
use dialect::Dialect;

/// JSON text of the kernel. Nobody keeps it: most of it opens doors.
pub(crate) fn document(status: u16, text: impl Into<String>) -> Response {
    let response = Response::new(status).header("content-type", "application/json; charset=utf-8");
    response.header("cache-control", "no-store").text(text)
}

/// JSON that was made here.
pub(crate) fn object(status: u16, value: &Value) -> Response {
    document(status, value.to_string())
}

/// Nothing more to say.
pub(crate) fn nothing() -> Response {
    Response::new(204).header("cache-control", "no-store")
}

/// The members of an object of the kernel, to add some.
pub(crate) fn open(text: &str) -> Result<Map<String, Value>, Problem> {
    serde_json::from_str(text).map_err(|fault| Problem::new("internal", fault.to_string()))
}

/// The answer that says no.
pub(crate) fn refuse(refusal: &Refusal, dialect: Dialect, request_id: &str) -> Response {
    let mut body = match dialect {
        Dialect::First => json!({ "code": refusal.status, "error_code": refusal.code, "msg": refusal.message }),
        Dialect::Current { .. } => json!({ "code": refusal.code, "message": refusal.message }),
    };
    let details: Value =
        refusal.details.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    body["details"] = details;
    body["hint"] = json!(refusal.hint);
    body["request_id"] = json!(request_id);
    if refusal.code == "weak_password" {
        body["weak_password"] = json!({ "reasons": refusal.reasons });
    }
    let mut response = object(refusal.status, &body);
    if let Some(seconds) = refusal.retry_after {
        response = response.header("retry-after", seconds.to_string());
    }
    match refusal.status {
        401 => response.header("www-authenticate", "Bearer"),
        _ => response,
    }
}

#[cfg(test)]
mod tests;
