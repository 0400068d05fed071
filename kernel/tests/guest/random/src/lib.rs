//! The fixture of `random`: as many bytes as it is asked for, and a number; and what ordinary crates get.

use sdk_plugin::bindings::basalt::random::random;
use sdk_plugin::{Problem, Request, Response, plugin};
use serde_json::json;

plugin!(handle);
sdk_plugin::random!();

fn handle(request: Request) -> Result<Response, Problem> {
    let length = request.param("length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let bytes = random::bytes(length);
    Response::new(200).json(&json!({ "bytes": bytes, "number": random::number().to_string(), "crates": crates()? }))
}

/// Sixteen bytes by each version of `getrandom`.
fn crates() -> Result<[[u8; 16]; 3], Problem> {
    let failed = |fault: String| Problem::new("internal", fault);
    let mut bytes = [[0; 16]; 3];
    let [second, third, fourth] = &mut bytes;
    getrandom_02::getrandom(second).map_err(|fault| failed(fault.to_string()))?;
    getrandom_03::fill(third).map_err(|fault| failed(fault.to_string()))?;
    getrandom_04::fill(fourth).map_err(|fault| failed(fault.to_string()))?;
    Ok(bytes)
}
