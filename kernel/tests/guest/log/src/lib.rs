//! The fixture of `log`: writes as many lines as it is asked for.

use sdk_plugin::log::{self, Level};
use sdk_plugin::{Problem, Request, Response, plugin};

plugin!(handle);

fn handle(request: Request) -> Result<Response, Problem> {
    let lines: u32 = request.param("lines").and_then(|text| text.parse().ok()).unwrap_or(0);
    for line in 0..lines {
        log::write(Level::Info, &format!("line {line} of a fixture"), &[("colour".to_owned(), "green".to_owned())]);
    }
    Ok(Response::new(204))
}
