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
    match request.route().as_str() {
        "deep" => return deep(&request),
        "fan" => return fan(&request),
        "circle" => return circle(&request),
        _ => {}
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
    match levels(request).checked_sub(1) {
        None => Ok(Response::new(200).text("bottom")),
        Some(below) => {
            let answer = Outgoing::new("GET", format!("/test/dispatch/deep/{below}")).send()?;
            Ok(Response::new(answer.status).body(answer.body))
        }
    }
}

fn levels(request: &Request) -> u32 {
    request.param("levels").and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Asks itself fifty times, one level less, and so does each of those.
fn fan(request: &Request) -> Result<Response, Problem> {
    if let Some(below) = levels(request).checked_sub(1) {
        for _ in 0..50 {
            Outgoing::new("GET", format!("/test/dispatch/fan/{below}")).send()?;
        }
    }
    Ok(Response::new(200).text("well"))
}

/// Asks the other one of two, which asks this one.
fn circle(request: &Request) -> Result<Response, Problem> {
    let other = if request.mount() == "/test/dispatch" { "/test/circle/circle" } else { "/test/dispatch/circle" };
    let answer = Outgoing::new("GET", other).send()?;
    Ok(Response::new(answer.status).body(answer.body))
}
