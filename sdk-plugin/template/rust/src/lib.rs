//! Says hello.

use sdk_plugin::{Problem, Request, Response, plugin};

plugin!(handle, log);

fn handle(request: Request) -> Result<Response, Problem> {
    Ok(Response::new(200).text(format!("hello, {}", request.param("name").unwrap_or_default())))
}
