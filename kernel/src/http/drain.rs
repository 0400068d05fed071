//! Telling a client, with its answer, to come back on another connection. Ending connections that ask nothing is the
//! server's, once the drain is over.

use salvo::http::header::CONNECTION;
use salvo::http::{HeaderValue, Version};
use salvo::{FlowCtrl, Request, Response};

/// `Connection: close`, which HTTP/2 has no place for: there it is a GOAWAY frame.
pub(super) fn say(request: &Request, response: &mut Response, flow: &FlowCtrl) {
    if request.version() < Version::HTTP_2 {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    } else {
        flow.conn().graceful_shutdown();
    }
}
