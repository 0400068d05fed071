//! Headers that the kernel itself reads and writes: ids, credentials, limits, and what protects browsers.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use salvo::Request;
use salvo::http::header::{AUTHORIZATION, HOST, SERVER, USER_AGENT};
use salvo::http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

use super::Config;
use crate::capability::http::CREDENTIALS;
use crate::error::{Error, Result, code};
use crate::identity::Origin;

/// Of what a client says it is, in characters: it is kept with the session.
const MAX_AGENT: usize = 512;

/// The request id's header.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every answer says. Ids for logs, and the least that a browser should be allowed to do with an API's answer.
const SECURITY: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    // The old filter is itself a hole; 0 turns it off where it still exists.
    ("x-xss-protection", "0"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
];

/// The client's id where it is harmless, else a new one, in the order of time.
pub(super) fn request_id(headers: &HeaderMap) -> Arc<str> {
    let sent = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    match sent.filter(|id| is_harmless(id)) {
        Some(id) => id.into(),
        None => new_id().into(),
    }
}

/// Random bits from the process: the operating system's would cost a call of it for each request, and an id is no secret.
fn new_id() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(since.as_millis() as u64, &rand::random()).into_uuid().to_string()
}

/// An id ends up in logs and in other systems' headers: it must not be able to forge a line there.
fn is_harmless(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

/// Writes the headers of every answer.
pub(super) fn finish(headers: &mut HeaderMap, id: &str) {
    for (name, value) in SECURITY {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.remove(SERVER);
}

/// Refuses a head that is over the limits.
pub(super) fn check(config: &Config, request: &Request) -> Result<()> {
    let uri = request.uri();
    let url = uri.path_and_query().map_or(0, |part| part.as_str().len());
    if url as u64 > config.max_url.0 {
        let message = format!("the URL has {url} bytes, more than the {} that are accepted", config.max_url.0);
        return Err(Error::new(&code::HTTP_URL_TOO_LONG, message));
    }
    let size: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size as u64 > config.max_headers.0 {
        let message =
            format!("the headers have {size} bytes, more than the {} that are accepted", config.max_headers.0);
        return Err(Error::new(&code::HTTP_HEADERS_TOO_LARGE, message));
    }
    // With none or two of them, a proxy and the kernel could take different hosts for the one that is meant.
    if request.version() == Version::HTTP_11 && request.headers().get_all(HOST).iter().count() != 1 {
        return Err(Error::new(&code::HTTP_INVALID, "a request has one Host"));
    }
    // Nothing has it in its name; whatever is written in C would take it for the end.
    if uri.path().contains("%00") {
        return Err(Error::new(&code::HTTP_INVALID, "the path has a NUL"));
    }
    Ok(())
}

/// The bearer token; `apikey` where there is no `Authorization`, as Supabase's clients send it.
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<&str>> {
    let invalid = || Error::new(&code::AUTH_INVALID_TOKEN, "the Authorization header is not `Bearer <token>`");
    let Some(value) = headers.get(AUTHORIZATION) else {
        return headers.get("apikey").map(|key| key.to_str().map_err(|_| invalid())).transpose();
    };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(invalid)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(invalid()) }
}

/// A method for a metric's label: clients can invent methods, and each would be a new time series.
pub(super) fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The client's address, without the port.
pub(super) fn address(request: &Request) -> String {
    request.remote_addr().clone().into_std().map_or_else(String::new, |address| address.ip().to_string())
}

/// The request as policies and the audit log see it.
pub(super) fn origin(request: &Request) -> Origin {
    let address = request.remote_addr().clone().into_std().map(|address| address.ip());
    Origin {
        method: request.method().as_str().to_owned(),
        path: request.uri().path().to_owned(),
        headers: object(request.headers()),
        address,
        agent: user_agent(request.headers()).chars().take(MAX_AGENT).collect(),
    }
}

/// As PostgREST gives them to Postgres: names in lower case, of several of one name the values with commas between. Credentials
/// are in none.
fn object(headers: &HeaderMap) -> String {
    let mut object = serde_json::Map::with_capacity(headers.keys_len());
    for name in headers.keys().filter(|name| !CREDENTIALS.contains(&name.as_str())) {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        object.insert(name.as_str().to_owned(), values.collect::<Vec<_>>().join(", ").into());
    }
    serde_json::Value::Object(object).to_string()
}

/// What the client says it is.
pub(super) fn user_agent(headers: &HeaderMap) -> &str {
    headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).expect("a value"));
        headers
    }

    #[test]
    fn only_a_harmless_request_id_is_taken_over() {
        assert_eq!(&*request_id(&headers("x-request-id", "abc-1.2_3:4")), "abc-1.2_3:4");
        for bad in ["", "a b", "a\"b", "é", &"x".repeat(129)] {
            assert_eq!(request_id(&headers("x-request-id", bad)).len(), 36, "{bad:?}");
        }
    }

    #[test]
    fn policies_see_headers_and_no_credential() {
        let mut all = headers("authorization", "Bearer abc");
        for (name, value) in
            [("Cookie", "a=b"), ("apikey", "k"), ("X-Tenant", "a\"b"), ("x-many", "1"), ("x-many", "2")]
        {
            all.append(HeaderName::from_bytes(name.as_bytes()).expect("a name"), HeaderValue::from_static(value));
        }
        assert_eq!(object(&all), r#"{"x-tenant":"a\"b","x-many":"1, 2"}"#);
    }

    #[test]
    fn credentials_come_from_either_header_and_must_be_well_formed() {
        assert_eq!(bearer(&HeaderMap::new()).expect("none"), None);
        assert_eq!(bearer(&headers("authorization", "bearer abc")).expect("ok"), Some("abc"));
        assert_eq!(bearer(&headers("apikey", "abc")).expect("ok"), Some("abc"));
        for bad in ["Basic abc", "abc", ""] {
            assert_eq!(bearer(&headers("authorization", bad)).expect_err(bad).code, "auth.invalid-token");
        }
    }
}
