//! The guest that is kept for every published version of the contract: each capability says `"well"`, or what is wrong.
//! It formats nothing, so that what is kept stays small.

use sdk_plugin::bindings::basalt::clock::clock as time;
use sdk_plugin::bindings::basalt::identity::identity as callers;
use sdk_plugin::bindings::basalt::random::random;
use sdk_plugin::bindings::basalt::schema::schema;
use sdk_plugin::bindings::basalt::settings::settings;
use sdk_plugin::dispatch::Outgoing;
use sdk_plugin::identity::{self, Reach};
use sdk_plugin::sql::{self, Access, Mode, Parameter, Transaction};
use sdk_plugin::{Body, Filter, Problem, Reply, Request, Response, filter, log, plugin, secret};

plugin!(handle);
filter!(Front);

struct Front;

impl Filter for Front {
    fn before(request: &Request) -> Result<Option<Response>, Problem> {
        request.set_header("x-before", "seen")?;
        Ok(None)
    }

    fn after(_: &Request, reply: &Reply) -> Result<(), Problem> {
        let seen = reply.status() == 200 && reply.digest().is_some_and(|digest| digest.len() == 64);
        reply.set_header("x-after", if seen { "seen" } else { "wrong" })
    }
}

type Check = fn(&Request) -> Result<bool, Problem>;

/// By the names of the packages, which the test compares with those of the contract.
const CHECKS: [(&str, Check); 11] = [
    ("http", http),
    ("types", types),
    ("sql", sql),
    ("schema", schema),
    ("log", log),
    ("clock", clock),
    ("random", random),
    ("settings", settings),
    ("dispatch", dispatch),
    ("secret", secret),
    ("identity", identity),
];

fn handle(request: Request) -> Result<Response, Problem> {
    if request.method() == "GET" {
        return Ok(Response::new(202).header("x-echo", "heard").text("echo"));
    }
    let results = CHECKS.iter().map(|(name, check)| match check(&request) {
        Ok(true) => ["\"", name, "\":\"well\""].concat(),
        Ok(false) => ["\"", name, "\":\"wrong\""].concat(),
        Err(problem) => ["\"", name, "\":\"", &problem.code, "\""].concat(),
    });
    let results = results.collect::<Vec<_>>().join(",");
    let parts = vec![Body::from_text("{"), Body::from_text(&results), Body::from_text("}")];
    Ok(Response::new(200).header("content-type", "application/json").body(Body::concat(parts)))
}

fn http(request: &Request) -> Result<bool, Problem> {
    let before = request.header("x-before").as_deref() == Some("seen");
    let place = request.method() == "POST" && request.route() == "main" && !request.authenticated();
    let parts = request.param("word").as_deref() == Some("word") && request.query().as_deref() == Some("a=b");
    let head = request.head();
    let same =
        head.method == "POST" && head.route == "main" && head.path == request.path() && head.mount == request.mount();
    let same = same && head.query == request.query() && head.params == [("word".to_owned(), "word".to_owned())];
    let named = request.headers_named(["x-none", "x-before"]);
    Ok(before && place && parts && same && named == [None, Some("seen".to_owned())])
}

fn types(request: &Request) -> Result<bool, Problem> {
    let Some(body) = request.body() else { return Ok(false) };
    let refused = body.read_all(1).is_err_and(|problem| problem.code == "body.too-large");
    Ok(refused
        && body.length() == Some(7)
        && body.read(3)?.as_deref() == Some(b"con")
        && body.read_all(7)? == b"content")
}

fn sql(_: &Request) -> Result<bool, Problem> {
    let rows = sql::query(Mode::Own, Access::ReadOnly, "select $1::int + 1 as n", &[Parameter::from("1")])?;
    let shape = rows.columns().first().is_some_and(|column| column.name == "n" && column.type_name == "int4");
    let transaction = sql::begin(Mode::Own, Access::ReadWrite)?;
    let null = transaction.query("select null", &[])?.value(0, 0).is_none();
    Transaction::commit(transaction)?;
    let handed_on = rows.value_body(0, 0).is_some_and(|body| body.length() == Some(1));
    let several = rows.values(0, &[0, 0]) == [Some("2".to_owned()), Some("2".to_owned())];
    Ok(shape && null && several && handed_on && rows.length() == 1 && rows.next(10) == [[Some("2".to_owned())]])
}

fn schema(_: &Request) -> Result<bool, Problem> {
    let refused = schema::relations("nobody").is_err_and(|problem| problem.code == "schema.not-granted");
    let none = schema::relation("public", "no such table")?.is_none();
    Ok(refused && none && schema::version() > 0 && schema::schemas() == ["public"])
}

fn log(_: &Request) -> Result<bool, Problem> {
    log::write(log::Level::Info, "the kept guest speaks", &[("a".to_owned(), "b".to_owned())]);
    Ok(true)
}

fn clock(_: &Request) -> Result<bool, Problem> {
    Ok(time::now() > 1_700_000_000_000_000 && time::monotonic() <= time::monotonic())
}

fn random(_: &Request) -> Result<bool, Problem> {
    Ok(random::bytes(32).len() == 32 && random::number() != random::number())
}

fn settings(_: &Request) -> Result<bool, Problem> {
    Ok(settings::get("greeting").as_deref() == Some("\"hello\"") && settings::get("unknown").is_none())
}

fn dispatch(_: &Request) -> Result<bool, Problem> {
    let answer = Outgoing::new("GET", "/test/contract/echo?a=b").header("accept", "text/plain").send()?;
    let refused = Outgoing::new("GET", "/health").send().is_err_and(|problem| problem.code == "dispatch.not-granted");
    let heard = answer.status == 202 && answer.header("x-echo") == Some("heard");
    Ok(refused && heard && answer.body.read_all(10)? == b"echo")
}

fn secret(_: &Request) -> Result<bool, Problem> {
    let refused = secret::get("other").is_err_and(|problem| problem.code == "secret.not-granted");
    Ok(refused && secret::get("kept_word")? == "quiet")
}

fn identity(_: &Request) -> Result<bool, Problem> {
    let refused = identity::sign_out(Reach::All).is_err_and(|problem| problem.code == "identity.not-granted");
    Ok(refused && callers::current().starts_with("{\"role\":\"anon\""))
}
