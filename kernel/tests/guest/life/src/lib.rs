//! The fixture of versions: says which one it is, and which one it meets when it asks itself.

use sdk_plugin::dispatch::Outgoing;
use sdk_plugin::settings;
use sdk_plugin::{Problem, Request, Response, plugin};
use serde_json::json;

plugin!(handle);

fn handle(request: Request) -> Result<Response, Problem> {
    let (version, fault): (String, String) = (settings::get("version")?, settings::get("fault")?);
    if request.route() == "inner" {
        return Ok(Response::new(200).text(version));
    }
    match fault.as_str() {
        "trap" => panic!("on purpose"),
        // Every fourth request, as its id says, which ends in a random digit.
        "often" if request.id().ends_with(['0', '1', '2', '3']) => panic!("on purpose"),
        _ => {}
    }
    let inner = Outgoing::new("GET", "/test/life/inner").send()?;
    let inner = inner.body.read_text(100)?;
    Response::new(200).json(&json!({ "version": version, "inner": inner }))
}
