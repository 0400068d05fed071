//! A second plugin with a schema of its own: runs the request's body as its own login.

use sdk_plugin::sql::{self, Access, Mode};
use sdk_plugin::{Problem, Request, Response, plugin};

plugin!(handle);

fn handle(request: Request) -> Result<Response, Problem> {
    let text = request.body().map(|body| body.read_text(1 << 20)).transpose()?.unwrap_or_default();
    let rows = sql::query(Mode::Own, Access::ReadWrite, &text, &[])?;
    Response::new(200).json(&rows.next(1000))
}
