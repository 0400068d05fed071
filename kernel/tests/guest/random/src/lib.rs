//! The fixture of `random`: as many bytes as it is asked for, and a number.

use sdk_plugin::bindings::basalt::random::random;
use sdk_plugin::{Problem, Request, Response, plugin};
use serde_json::json;

plugin!(handle);

fn handle(request: Request) -> Result<Response, Problem> {
    let length = request.param("length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let bytes = random::bytes(length);
    Response::new(200).json(&json!({ "bytes": bytes, "number": random::number().to_string() }))
}
