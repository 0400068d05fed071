//! A second plugin with a schema of its own and nothing else, trusted by nobody: runs what the request's body says as its
//! own login, or sleeps in it.

use sdk_plugin::sql::{self, Access, Mode, Transaction};
use sdk_plugin::{Problem, Request, Response, plugin};
use serde_json::Value;

plugin!(handle);

fn handle(request: Request) -> Result<Response, Problem> {
    match request.route().as_str() {
        "transaction" => transaction(&request.json::<Vec<String>>(1 << 20)?),
        "sleep" => query("select pg_sleep(1)"),
        _ => statement(&request),
    }
}

fn statement(request: &Request) -> Result<Response, Problem> {
    let text = request.body().map(|body| body.read_text(1 << 20)).transpose()?.unwrap_or_default();
    query(&text)
}

fn query(text: &str) -> Result<Response, Problem> {
    let rows = sql::query(Mode::Own, Access::ReadWrite, text, &[])?;
    Response::new(200).json(&rows.next(1000))
}

/// Up to the first statement that fails; what the last one returned.
fn transaction(statements: &[String]) -> Result<Response, Problem> {
    let transaction = sql::begin(Mode::Own, Access::ReadWrite)?;
    let mut rows = Value::Null;
    for text in statements {
        rows = transaction.query(text, &[])?.next(1000).into();
    }
    Transaction::commit(transaction)?;
    Response::new(200).json(&rows)
}
