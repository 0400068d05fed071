//! The fixture of `clock`: both clocks, twice.

use std::time::UNIX_EPOCH;

use sdk_plugin::{Problem, Request, Response, clock, plugin};
use serde_json::json;

plugin!(handle);

fn handle(_: Request) -> Result<Response, Problem> {
    let now = clock::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (first, second) = (clock::monotonic(), clock::monotonic());
    Response::new(200).json(&json!({ "now": now, "forward": second >= first }))
}
