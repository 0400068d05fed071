//! The fixture of migrations: the rows of a table that they made, in the plugin's own schema.

use sdk_plugin::sql::{self, Access, Mode};
use sdk_plugin::{Problem, Request, Response, plugin};

plugin!(handle);

fn handle(request: Request) -> Result<Response, Problem> {
    let table = request.param("table").unwrap_or_default().replace('"', "");
    let rows = sql::query(Mode::Own, Access::ReadOnly, &format!("select * from \"{table}\" order by 1"), &[])?;
    Response::new(200).json(&rows.next(1000))
}
