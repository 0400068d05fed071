//! The fixture of `fetch`: asks what it is told to, and tells what it got.

use sdk_plugin::fetch::Outgoing;
use sdk_plugin::{Body, Problem, Request, Response, plugin};
use serde::Deserialize;
use serde_json::{Value, json};

plugin!(handle);

#[derive(Deserialize)]
struct Order {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<String>,
    timeout: Option<u32>,
    #[serde(default)]
    follow: bool,
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

fn handle(request: Request) -> Result<Response, Problem> {
    let order: Order = request.json(100_000)?;
    let answers: Vec<_> = (0..order.times).map(|_| ask(&order)).collect();
    Response::new(200).json(answers.last().unwrap_or(&Value::Null))
}

fn ask(order: &Order) -> Value {
    let mut outgoing = Outgoing::new(&order.method, &order.url);
    for (name, value) in &order.headers {
        outgoing = outgoing.header(name, value);
    }
    if let Some(body) = &order.body {
        outgoing = outgoing.body(Body::from_text(body));
    }
    outgoing.timeout_ms = order.timeout;
    match if order.follow { outgoing.follow() } else { outgoing.send() } {
        Ok(answer) => json!({
            "status": answer.status,
            "headers": answer.headers,
            "length": answer.body.length(),
            "body": answer.body.read_text(1_000_000).unwrap_or_default(),
        }),
        Err(problem) => json!({ "problem": problem.code, "message": problem.message }),
    }
}
