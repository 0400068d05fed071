//! A second filter, further out: shows the order in which filters see a request and its answer.

use sdk_plugin::{Filter, Problem, Reply, Request, Response, filter};

filter!(Fixture);

struct Fixture;

impl Filter for Fixture {
    fn before(request: &Request) -> Result<Option<Response>, Problem> {
        let mark = request.header("x-mark").unwrap_or_default();
        request.set_header("x-mark", &format!("{mark}outer-"))?;
        Ok(None)
    }

    fn after(_: &Request, reply: &Reply) -> Result<(), Problem> {
        let mark = reply.header("x-back").unwrap_or_default();
        reply.set_header("x-back", &format!("{mark}-outer"))
    }
}
