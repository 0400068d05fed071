//! The one place that knows which HTTP status an error has, and what its body looks like.

use bytes::Bytes;
use salvo::http::header::{ACCEPT, ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use salvo::http::{HeaderMap, HeaderValue, ResBody, StatusCode};
use serde_json::{Value, json};

use super::answer::Reply;
use crate::error::{Error, Kind, code};

const PROBLEM_JSON: &str = "application/problem+json";

/// The status of a kind of failure.
pub fn status(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Denied => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::UriTooLong => StatusCode::URI_TOO_LONG,
        Kind::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Kind::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Plugin | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Seconds: as many as the error says, else the least there is.
fn retry_after(error: &Error) -> HeaderValue {
    let said = error.details.as_ref().and_then(|details| details.get("retry_after")?.as_u64());
    HeaderValue::from(said.unwrap_or(1))
}

/// An error as the caller sees it; its cause goes to the log.
pub fn error(error: &Error, request_id: &str, request: &HeaderMap) -> Reply {
    let status = status(error.kind);
    if let Some(source) = &error.source {
        tracing::warn!(request_id, code = %error.code, cause = format!("{source:#}"), "{}", error.message);
    }
    let wanted = accepts_problem(request);
    let body = if wanted { problem(error, status, request_id) } else { plain(error, request_id) };
    let mut reply = json(status, &body);
    if wanted {
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    }
    match error.kind {
        Kind::Unauthenticated => reply.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        Kind::Unavailable | Kind::TooMany => reply.headers.insert(RETRY_AFTER, retry_after(error)),
        _ => None,
    };
    reply
}

/// The refusal of a method, with those that are allowed.
pub fn method_not_allowed(allowed: &str, request_id: &str, request: &HeaderMap) -> Reply {
    let refusal = Error::new(&code::HTTP_METHOD, format!("this path answers {allowed}"));
    let mut reply = error(&refusal, request_id, request);
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        reply.headers.insert(ALLOW, allowed);
    }
    reply
}

/// A JSON answer.
pub fn json(status: StatusCode, body: &Value) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    Reply { status, headers, body: ResBody::Once(Bytes::from(body.to_string())) }
}

fn plain(error: &Error, request_id: &str) -> Value {
    json!({
        "code": error.code,
        "message": error.message,
        "details": error.details,
        "hint": error.hint,
        "request_id": request_id,
    })
}

/// RFC 9457, with the members of the plain form.
fn problem(error: &Error, status: StatusCode, request_id: &str) -> Value {
    json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "detail": error.message,
        "instance": format!("urn:request:{request_id}"),
        "code": error.code,
        "message": error.message,
        "details": error.details,
        "hint": error.hint,
        "request_id": request_id,
    })
}

fn accepts_problem(request: &HeaderMap) -> bool {
    let accepted = request.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|part| part.trim().starts_with(PROBLEM_JSON))
}

/// `docs/errors.md`.
pub fn manual() -> String {
    let mut out = String::from(include_str!("errors.md"));
    for code in code::ALL {
        out.push_str(&format!("| `{}` | {} | {} |\n", code.name, status(code.kind).as_u16(), code.meaning));
    }
    out
}
