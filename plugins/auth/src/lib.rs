//! Login flows with GoTrue's wire shapes: parse → flow → render. This file is the wiring and deliberately nothing else: what
//! strangers send is read in `request`, the flows ask the kernel's `identity` capability, and answers are made in `response`.

mod call;
mod config;
mod flow;
mod refusal;
mod request;
mod response;
mod route;

use std::cell::OnceCell;
use std::rc::Rc;

use call::Call;
use config::Config;
use refusal::Failure;
use sdk_plugin::{Problem, Request, Response};

sdk_plugin::plugin!(handle, log);

fn handle(request: Request) -> Result<Response, Problem> {
    let call = Call::new(&request, config()?);
    match route::answer(&call) {
        Ok(response) => Ok(response),
        Err(Failure::Refused(refusal)) => {
            let dialect = call.dialect();
            Ok(dialect.mark(response::refuse(&refusal, dialect, &request.id())))
        }
        Err(Failure::Host(problem)) => Err(problem),
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
