//! Tables and views over HTTP with PostgREST's semantics: parse → plan → build → run → render. This file is the wiring and
//! deliberately nothing else: each stage is a module named after its product, and only `run` has effects on data.

mod catalogue;
mod config;
#[cfg(test)]
mod fixture;
mod head;
mod payload;
mod plan;
mod query;
mod refusal;
mod request;
mod response;
mod run;

use config::Config;
use head::Head;
use payload::Payload;
use plan::Plan;
use refusal::Failure;
use request::Intent;
use response::Context;
use run::{Answer, Check};
use sdk_plugin::schema::Relation;
use sdk_plugin::sql::Access;
use sdk_plugin::{Body, Problem, Request, Response};
use std::cell::OnceCell;
use std::rc::Rc;

sdk_plugin::plugin!(handle, log);

fn handle(request: Request) -> Result<Response, Problem> {
    match answer(&request) {
        Ok(response) => Ok(response),
        Err(Failure::Refused(refusal)) => Ok(response::refuse(&refusal)),
        Err(Failure::Host(problem)) => Err(problem),
    }
}

fn answer(request: &Request) -> Result<Response, Failure> {
    let config = config()?;
    let head = Head::read(request);
    let intent = request::parse(&head)?;
    let relation = catalogue::relation(plan::schema(&intent, &config)?, &intent.relation)?;
    let body = if intent.writes_payload() { request.body() } else { None };
    let payload = payload::read(&intent, body.as_ref())?;
    let order =
        Order { request, config: &config, head: &head, intent: &intent, body: body.as_ref(), payload: &payload };
    match order.fulfil(&relation) {
        // Once: a relation that changes faster than that has an owner who knows why.
        Err(failure) if failure.may_be_stale() => match catalogue::newer(&relation)? {
            Some(relation) => order.fulfil(&relation),
            None => Err(failure),
        },
        outcome => outcome,
    }
}

/// All that a request is about but the relation, which can change while it is answered.
struct Order<'a> {
    request: &'a Request,
    config: &'a Config,
    head: &'a Head,
    intent: &'a Intent,
    body: Option<&'a Body>,
    payload: &'a Payload,
}

impl Order<'_> {
    fn fulfil(&self, relation: &Relation) -> Result<Response, Failure> {
        let plan = plan::plan(self.intent, self.payload, relation, self.config)?;
        let answer = match query::build(&plan) {
            Some(statement) => {
                let check = Check::of(self.intent, &plan);
                run::run(&statement, access(&plan), check, self.body, || self.request.authenticated())?
            }
            None => Answer::default(),
        };
        let context = Context { intent: self.intent, relation, config: self.config, mount: &self.head.mount };
        let response = response::render(context, &plan, &answer.counts);
        Ok(match answer.body {
            Some(body) if response.status < 300 => response.body(body),
            _ => response,
        })
    }
}

fn access(plan: &Plan<'_>) -> Access {
    match plan {
        Plan::Read(_) | Plan::Describe => Access::ReadOnly,
        Plan::Insert(_) | Plan::Replace(_) | Plan::Update(_) | Plan::Delete(_) => Access::ReadWrite,
    }
}

thread_local! {
    // Settings do not change while an instance lives.
    static CONFIG: OnceCell<Rc<Config>> = const { OnceCell::new() };
}

fn config() -> Result<Rc<Config>, Problem> {
    CONFIG.with(|cell| match cell.get() {
        Some(config) => Ok(Rc::clone(config)),
        None => Config::load().map(|config| Rc::clone(cell.get_or_init(|| Rc::new(config)))),
    })
}
