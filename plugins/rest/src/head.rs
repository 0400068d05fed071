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
    /// Asks the host twice: for the head, and for the headers that decide.
    pub(crate) fn read(request: &Request) -> Self {
        let sdk_plugin::Head { method, mount, query, params, .. } = request.head();
        let reads = matches!(method.as_str(), "GET" | "HEAD");
        let profile = if reads { "accept-profile" } else { "content-profile" };
        let [accept, prefer, profile, range, content_type] =
            request.headers_named(["accept", "prefer", profile, "range", "content-type"]);
        Self {
            mount,
            relation: params.into_iter().next().map(|(_, value)| value).unwrap_or_default(),
            query: query.unwrap_or_default(),
            accept,
            prefer,
            profile,
            range: range.filter(|_| method == "GET"),
            content_type,
            method,
        }
    }
}
