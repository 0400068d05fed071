//! What this plugin looks at of an HTTP request, as plain data, so that parsing is pure. It deliberately leaves the body in
//! the host: see `payload.rs`.

use sdk_plugin::Request;

/// The parts of the request that decide what is wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) mount: String,
    pub(crate) relation: String,
    /// Without the `?`, still percent-encoded.
    pub(crate) query: String,
    pub(crate) accept: Option<String>,
    pub(crate) prefer: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) range: Option<String>,
    pub(crate) content_type: Option<String>,
}

impl Head {
    /// Asks the host for each part that the method makes use of, and for nothing else: every part is one host call.
    pub(crate) fn read(request: &Request) -> Self {
        let method = request.method();
        let reads = matches!(method.as_str(), "GET" | "HEAD");
        Self {
            mount: request.mount(),
            relation: request.param("table").unwrap_or_default(),
            query: request.query().unwrap_or_default(),
            accept: request.header("accept"),
            prefer: request.header("prefer"),
            profile: request.header(if reads { "accept-profile" } else { "content-profile" }),
            range: if method == "GET" { request.header("range") } else { None },
            content_type: if reads { None } else { request.header("content-type") },
            method,
        }
    }
}
