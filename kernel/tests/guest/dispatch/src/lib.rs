//! The fixture of `dispatch`: asks what it is told to, and tells what it got.

use sdk_plugin::dispatch::Outgoing;
use sdk_plugin::{Body, Problem, Request, Response, plugin};
use serde::Deserialize;
use serde_json::{Value, json};

plugin!(handle);

#[derive(Deserialize)]
struct Order {
    method: String,
    target: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<String>,
    /// How often to ask.
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

fn handle(request: Request) -> Result<Response, Problem> {
    if request.route() == "deep" {
        return deep(&request);
    }
    let order: Order = request.json(100_000)?;
    let answers: Vec<_> = (0..order.times).map(|_| ask(&order)).collect();
    Response::new(200).json(answers.last().unwrap_or(&Value::Null))
}

fn ask(order: &Order) -> Value {
    let mut outgoing = Outgoing::new(&order.method, &order.target);
    for (name, value) in &order.headers {
        outgoing = outgoing.header(name, value);
    }
    if let Some(body) = &order.body {
        outgoing = outgoing.body(Body::from_text(body));
    }
    match outgoing.send() {
        Ok(answer) => json!({
            "status": answer.status,
            "headers": answer.headers,
            "body": answer.body.read_text(1_000_000).unwrap_or_default(),
        }),
        Err(problem) => json!({ "problem": problem.code, "message": problem.message }),
    }
}

/// Asks itself, one level less, and hands on what comes back.
fn deep(request: &Request) -> Result<Response, Problem> {
    let levels: u32 = request.param("levels").and_then(|text| text.parse().ok()).unwrap_or(0);
    match levels.checked_sub(1) {
        None => Ok(Response::new(200).text("bottom")),
        Some(below) => {
            let answer = Outgoing::new("GET", format!("/test/dispatch/deep/{below}")).send()?;
            Ok(Response::new(answer.status).body(answer.body))
        }
    }
}
