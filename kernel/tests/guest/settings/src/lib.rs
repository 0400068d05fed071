//! The fixture of `settings`: one setting as the host gives it.

use sdk_plugin::bindings::basalt::settings::settings;
use sdk_plugin::{Problem, Request, Response, plugin};

plugin!(handle);

fn handle(request: Request) -> Result<Response, Problem> {
    Ok(match settings::get(&request.param("key").unwrap_or_default()) {
        Some(json) => Response::new(200).header("content-type", "application/json").text(json),
        None => Response::new(404),
    })
}
