//! Tables, views and functions over HTTP with PostgREST's semantics: parse → plan → build → run → render. This file is the
//! wiring and deliberately nothing else: each stage is a module named after its product, and only `run` has effects on data.

mod catalogue;
mod config;
#[cfg(test)]
mod fixture;
mod fuzzy;
mod head;
mod openapi;
mod payload;
mod plan;
mod query;
mod refusal;
mod request;
mod response;
mod run;
mod timing;

use catalogue::{Catalogue, Host};
use config::Config;
use head::Head;
use payload::Payload;
use plan::Plan;
use refusal::Failure;
use request::{Intent, Target};
use response::Context;
use run::{Answer, Run};
use sdk_plugin::{Body, Problem, Request, Response};
use std::cell::OnceCell;
use std::rc::Rc;
use timing::Timing;

sdk_plugin::plugin!(handle, log);

fn handle(request: Request) -> Result<Response, Problem> {
    let config = config()?;
    match answer(&request, &config) {
        Ok(response) => Ok(response),
        Err(Failure::Refused(refusal)) => Ok(response::refuse(&refusal, config.verbose_errors)),
        Err(Failure::Host(problem)) => Err(problem),
    }
}

fn answer(request: &Request, config: &Config) -> Result<Response, Failure> {
    let mut timing = Timing::start(config.server_timing);
    let head = Head::read(request);
    let intent = request::parse(&head, config)?;
    let body = if intent.has_payload() { request.body() } else { None };
    let payload = payload::read(&intent, body.as_ref())?;
    timing.note("parse");
    let order = Order { request, config, head: &head, intent: &intent, body: body.as_ref(), payload: &payload };
    let response = match order.fulfil(&mut timing) {
        // Once: a relation that changes faster than that has an owner who knows why.
        Err(failure) if failure.may_be_stale() && order.is_stale()? => order.fulfil(&mut timing)?,
        outcome => outcome?,
    };
    Ok(timing.header(response))
}

/// All that a request is about but the catalogue, which can change while it is answered.
struct Order<'a> {
    request: &'a Request,
    config: &'a Config,
    head: &'a Head,
    intent: &'a Intent,
    body: Option<&'a Body>,
    payload: &'a Payload,
}

impl Order<'_> {
    fn fulfil(&self, timing: &mut Timing) -> Result<Response, Failure> {
        let catalogue = Host::open();
        let context = plan::Context { catalogue: &catalogue, config: self.config, intent: self.intent };
        let plan = plan::plan(&context, self.payload)?;
        timing.note("plan");
        if let Plan::Root = plan {
            return openapi::answer(&context, self.request, self.head);
        }
        let answer = match query::build(&plan) {
            Some(work) => self.run(&plan).run(&work)?,
            None => Answer::default(),
        };
        timing.note("transaction");
        let context = Context { intent: self.intent, mount: &self.head.mount };
        let response = response::render(context, &plan, &answer.counts)?;
        timing.note("response");
        Ok(match answer.body {
            Some(body) if has_body(&plan, response.status) => response.body(body),
            _ => response,
        })
    }

    fn run<'a>(&'a self, plan: &'a Plan) -> Run<'a> {
        let Self { request, config, intent, body, payload, .. } = *self;
        Run { request, config, intent, plan, body, content: &payload.content }
    }

    /// Whether the relation is another by now.
    fn is_stale(&self) -> Result<bool, Failure> {
        let Target::Relation(name) = &self.intent.target else { return Ok(false) };
        match Host::open().relation(&self.intent.schema, name)? {
            Some(relation) => Host::is_newer(&relation),
            None => Ok(false),
        }
    }
}

/// A write that was not to be shown, and a function that returns nothing, have none, whatever status somebody chose.
fn has_body(plan: &Plan, status: u16) -> bool {
    let shown = match plan {
        Plan::Write(write) => write.shape.handler != plan::media::Handler::Nothing || status == 200,
        Plan::Call(call) => call.returns != plan::call::Returns::Void,
        _ => true,
    };
    shown && status != 204
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
