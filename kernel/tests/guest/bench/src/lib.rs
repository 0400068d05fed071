//! The fixture of `cargo xtask bench`: answers constants, so that all that is measured is the way to a plugin and back. It
//! answers what `kernel/examples/bench.rs` answers, and the benchmark refuses to run when they differ.

use std::sync::LazyLock;

use sdk_plugin::dispatch::Outgoing;
use sdk_plugin::{Problem, Request, Response, plugin};

plugin!(handle);

static LARGE: LazyLock<String> = LazyLock::new(|| rows(100));
static SMALL: LazyLock<String> = LazyLock::new(|| rows(1));

fn handle(request: Request) -> Result<Response, Problem> {
    if request.route() == "dispatch" {
        let answer = Outgoing::new("GET", "/test/bench/small").send()?;
        return Ok(Response::new(answer.status).body(answer.body));
    }
    let content = if request.param("size").as_deref() == Some("large") { &LARGE } else { &SMALL };
    Ok(Response::new(200).header("content-type", "application/json; charset=utf-8").text(content.as_str()))
}

/// Rows of about 100 bytes each, as JSON.
fn rows(count: usize) -> String {
    let row =
        |id: usize| format!("{{\"id\":{id:5},\"name\":\"a row of the benchmark\",\"note\":\"{}\"}}", "x".repeat(42));
    format!("[{}]", (0..count).map(row).collect::<Vec<_>>().join(","))
}
