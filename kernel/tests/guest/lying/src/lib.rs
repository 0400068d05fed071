//! Calls SQL, which its manifest does not ask for: the kernel has to refuse it before any of this runs.

use sdk_plugin::sql::{self, Access, Mode};
use sdk_plugin::{Problem, Request, Response, plugin};

plugin!(handle);

fn handle(_: Request) -> Result<Response, Problem> {
    sql::query(Mode::Caller, Access::ReadWrite, "select 1", &[])?;
    Ok(Response::new(200))
}
