//! Entity tags from the host's digest of an answer, and 304 for clients that have it already. It never reads the content,
//! and deliberately keeps nothing: a tag says what was answered, not what the database holds.

mod condition;

use sdk_plugin::{Body, Filter, Problem, Reply, Request};

sdk_plugin::filter!(Etag);

struct Etag;

/// Half of a SHA-256: two answers of one URL that share it will not be met.
const DIGITS: usize = 32;

impl Filter for Etag {
    fn after(request: &Request, reply: &Reply) -> Result<(), Problem> {
        // A tag belongs to a whole representation: parts, errors and answers to writes have none.
        if request.method() != "GET" || reply.status() != 200 {
            return Ok(());
        }
        let tag = match reply.header("etag") {
            Some(tag) => tag,
            None => match reply.digest() {
                Some(digest) => tagged(reply, &digest)?,
                None => return Ok(()),
            },
        };
        let is_known = request.header("if-none-match").is_some_and(|known| condition::matches(&known, &tag));
        if is_known { not_modified(reply) } else { Ok(()) }
    }
}

fn tagged(reply: &Reply, digest: &str) -> Result<String, Problem> {
    let tag = format!("\"{}\"", &digest[..DIGITS]);
    reply.set_header("etag", &tag)?;
    Ok(tag)
}

/// Headers that describe the content go with it; what a cache needs to know stays.
fn not_modified(reply: &Reply) -> Result<(), Problem> {
    reply.set_status(304)?;
    reply.set_body(Body::from_text(""));
    for name in ["content-type", "content-encoding", "content-range"] {
        reply.remove_header(name);
    }
    Ok(())
}
