//! The fixture of `http`: shows what a handler sees of a request, and answers in every way that a handler can.

use sdk_plugin::{Body, Problem, Request, Response, plugin};
use serde_json::json;

plugin!(handle);

fn handle(request: Request) -> Result<Response, Problem> {
    match request.param("what").as_deref() {
        Some("echo") => Response::new(200).json(&seen(&request)),
        Some("pass") => Ok(Response::new(200).body(request.body().unwrap_or_else(|| Body::from_text("none")))),
        Some("wrap") => {
            let content = request.body().unwrap_or_else(|| Body::from_text(""));
            let parts = vec![Body::from_text("["), content, Body::from_text("]")];
            Ok(Response::new(201).body(Body::concat(parts)))
        }
        Some("read") => {
            let content = request.body().unwrap_or_else(|| Body::from_text(""));
            Ok(Response::new(200).bytes(content.read_all(8)?))
        }
        Some("hoard") => {
            let held: Vec<_> = (0..9000).map(|_| request.body()).collect();
            Ok(Response::new(200).text(held.len().to_string()))
        }
        Some("problem") => Err(Problem::new(request.query().unwrap_or_default(), "as you wish").hint("a hint")),
        Some("status") => Ok(Response::new(request.query().and_then(|text| text.parse().ok()).unwrap_or(0))),
        Some("header") => Ok(Response::new(200).header("x-evil", "a\r\nx-injected: 1")),
        Some("framing") => Ok(Response::new(200).header("content-length", "1").header("x-kept", "1").text("whole")),
        Some("answer") => Ok(answer(&request)),
        _ => Ok(Response::new(200).text("fixed")),
    }
}

/// What the request says: `answer-status`, every other header `answer-…` without the prefix, and the request's body, or
/// as many bytes as the query says.
fn answer(request: &Request) -> Response {
    let status = request.header("answer-status").and_then(|status| status.parse().ok()).unwrap_or(200);
    let mut response = Response::new(status);
    for (name, value) in request.headers() {
        if let Some(name) = name.strip_prefix("answer-").filter(|name| *name != "status") {
            response = response.header(name, value);
        }
    }
    let size = request.query().and_then(|size| size.parse().ok()).unwrap_or(10);
    match request.body() {
        Some(body) => response.body(body),
        None => response.text("x".repeat(size)),
    }
}

fn seen(request: &Request) -> serde_json::Value {
    let head = request.head();
    json!({
        "head": [head.method, head.route, head.path, head.mount, head.query, head.params],
        "named": request.headers_named(["x-twice", "apikey", "x-none", "accept"]),
        "id": request.id(),
        "method": request.method(),
        "route": request.route(),
        "path": request.path(),
        "mount": request.mount(),
        "what": request.param("what"),
        "query": request.query(),
        "headers": request.headers(),
        "credentials": [request.header("Authorization"), request.header("apikey"), request.header("cookie")],
        "accept": request.header("accept"),
        "length": request.body().and_then(|body| body.length()),
        "role": request.role(),
        "authenticated": request.authenticated(),
    })
}
