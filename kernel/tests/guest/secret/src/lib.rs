//! The fixture of `secret`: one value as the host gives it, which no real plugin would say aloud.

use sdk_plugin::{Problem, Request, Response, plugin, secret};

plugin!(handle);

fn handle(request: Request) -> Result<Response, Problem> {
    let value = secret::get(&request.param("name").unwrap_or_default())?;
    Ok(Response::new(200).text(value))
}
