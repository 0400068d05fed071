//! A filter that does what the request's header `x-filter` says, and otherwise marks what passes.

use sdk_plugin::{Body, Filter, Problem, Reply, Request, Response, filter};

filter!(Fixture);

struct Fixture;

impl Filter for Fixture {
    fn before(request: &Request) -> Result<Option<Response>, Problem> {
        match request.header("x-filter").as_deref() {
            Some("answer") => return Ok(Some(Response::new(203).text("from the filter"))),
            Some("problem") => return Err(Problem::new("shop.closed", "not today")),
            Some("trap") => {
                request.set_header("x-mark", "left by a filter that failed")?;
                panic!("on purpose")
            }
            Some("query") => request.set_query(Some("changed=1"))?,
            Some("forge") => request.set_header("Authorization", "Bearer forged")?,
            Some("read") => {
                let read = request.body().map(|body| body.read_all(100));
                let code = read.and_then(Result::err).map(|problem| problem.code).unwrap_or_default();
                request.set_query(Some(&code))?;
            }
            Some("split") => request.set_header("x-split", "a\r\nb: c")?,
            _ => {}
        }
        let mark = request.header("x-mark").unwrap_or_default();
        request.set_header("x-mark", &format!("{mark}inner"))?;
        Ok(None)
    }

    fn after(request: &Request, reply: &Reply) -> Result<(), Problem> {
        match request.header("x-filter").as_deref() {
            Some("trap-after") => panic!("on purpose"),
            Some("replace") => reply.set_body(Body::from_text("replaced")),
            Some("wrap") => {
                let parts = vec![Body::from_text("<"), reply.body(), Body::from_text(">")];
                reply.set_body(Body::concat(parts));
            }
            Some("status") => reply.set_status(299)?,
            Some("bad-status") => reply.set_status(99)?,
            _ => {}
        }
        let mark = reply.header("x-back").unwrap_or_default();
        reply.set_header("x-back", &format!("{mark}inner"))?;
        reply.set_header("x-digest", &reply.digest().unwrap_or_default())?;
        reply.remove_header("x-kept");
        Ok(())
    }
}
