//! The fixture of `sql`: runs what the request's body says, so that the tests hold the statements.

use sdk_plugin::sql::{self, Access, Mode, Options, Parameter, Rows, Transaction};
use sdk_plugin::{Body, Problem, Request, Response, plugin};
use serde::Deserialize;
use serde_json::{Value, json};

plugin!(handle);

#[derive(Deserialize)]
struct Order {
    mode: String,
    #[serde(default)]
    read_only: bool,
    /// `one`: each in a transaction of its own; `commit`, `rollback`, `leave`: all in one that ends so; `strict`: like
    /// `commit`, up to the first that fails; `body`, `raw`: the first with bodies as parameters, its first value being
    /// the answer.
    end: String,
    statements: Vec<(String, Vec<Option<String>>)>,
    /// What each transaction starts with.
    #[serde(default)]
    settings: Vec<(String, String)>,
    #[serde(default)]
    before: Vec<String>,
}

impl Order {
    fn options(&self) -> Options {
        Options { settings: self.settings.clone(), before: self.before.clone() }
    }
}

fn handle(request: Request) -> Result<Response, Problem> {
    let order: Order = request.json(1 << 20)?;
    let mode = match order.mode.as_str() {
        "own" => Mode::Own,
        "caller" => Mode::Caller,
        _ => Mode::Service,
    };
    let access = if order.read_only { Access::ReadOnly } else { Access::ReadWrite };
    if order.end == "body" || order.end == "raw" {
        return body(mode, access, &order);
    }
    let results = if order.end == "one" { each(mode, access, &order) } else { all(mode, access, &order) }?;
    Response::new(200).json(&results)
}

fn body(mode: Mode, access: Access, order: &Order) -> Result<Response, Problem> {
    let (text, parameters) = &order.statements[0];
    let parameters: Vec<_> = parameters.iter().map(|text| Body::from_text(text.as_deref().unwrap_or(""))).collect();
    let kind = if order.end == "raw" { Parameter::Raw } else { Parameter::Body };
    let handles: Vec<_> = parameters.iter().map(kind).collect();
    let rows = sql::query(mode, access, text, &handles)?;
    let first = if order.end == "raw" { rows.value_content(0, 0) } else { rows.value_body(0, 0) };
    Ok(match first {
        Some(body) => Response::new(200).body(body),
        None => Response::new(204),
    })
}

fn each(mode: Mode, access: Access, order: &Order) -> Result<Vec<Value>, Problem> {
    let run = |(text, values): &(String, Vec<Option<String>>)| {
        sql::query_with(mode, access, &order.options(), text, &parameters(values)).map(|rows| show(&rows))
    };
    order.statements.iter().map(run).collect()
}

fn all(mode: Mode, access: Access, order: &Order) -> Result<Vec<Value>, Problem> {
    let transaction = sql::begin_with(mode, access, &order.options())?;
    let mut results = Vec::new();
    for (text, values) in &order.statements {
        match transaction.query(text, &parameters(values)) {
            Ok(rows) => results.push(show(&rows)),
            Err(problem) if order.end == "strict" => return Err(problem),
            Err(problem) => results.push(json!({ "code": problem.code, "message": problem.message })),
        }
    }
    match order.end.as_str() {
        "commit" | "strict" => Transaction::commit(transaction)?,
        "rollback" => Transaction::rollback(transaction)?,
        _ => {}
    }
    Ok(results)
}

fn parameters(values: &[Option<String>]) -> Vec<Parameter<'_>> {
    values.iter().map(|value| value.clone().map_or(Parameter::Null, Parameter::Text)).collect()
}

fn show(rows: &Rows) -> Value {
    let columns: Vec<_> = rows.columns().into_iter().map(|column| (column.name, column.type_name)).collect();
    let last_first: Vec<_> = (0..columns.len() as u32).rev().collect();
    let first_row = (rows.length() > 0).then(|| rows.values(0, &last_first));
    json!({ "backwards": first_row, "columns": columns, "rows": rows.next(1000), "affected": rows.affected() })
}
