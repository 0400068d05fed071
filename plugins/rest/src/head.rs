//! What this plugin looks at of an HTTP request, as plain data, so that parsing is pure. It deliberately leaves the body in
//! the host: see `payload.rs`.

use sdk_plugin::Request;

/// The parts of the request that decide what is wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// The name of the manifest's route.
    pub(crate) route: String,
    pub(crate) mount: String,
    /// The relation or the function.
    pub(crate) name: String,
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
        let sdk_plugin::Head { method, mount, query, params, route, .. } = request.head();
        let writes = matches!(method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE");
        let profile = if writes { "content-profile" } else { "accept-profile" };
        let [accept, prefer, profile, range, content_type] =
            request.headers_named(["accept", "prefer", profile, "range", "content-type"]);
        Self {
            mount,
            route,
            name: params.into_iter().next().map(|(_, value)| value).unwrap_or_default(),
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
