//! From a method and a path to a function. It deliberately has no layers and keeps no state: what stands in front of
//! handlers is a [`Filter`](crate::Filter), and the kernel has chosen the route of the manifest before.

use std::str::FromStr;

use crate::http::Head;
use crate::pattern::{self, Found};
use crate::{Problem, Request, Response};

/// What answers: a function of the request and the parameters of its path.
pub type Answer = fn(&Request, &Params) -> Result<Response, Problem>;

/// Functions by method and path, or by the name of a route of the manifest. Of several that fit, the first answers.
///
/// ```
/// use sdk_plugin::{Params, Problem, Request, Response, Router, plugin};
///
/// plugin!(handle);
///
/// fn handle(request: Request) -> Result<Response, Problem> {
///     Router::new().get("/orders/{id}", show).route("export", export).answer(&request)
/// }
///
/// fn show(_request: &Request, params: &Params) -> Result<Response, Problem> {
///     let id: u64 = params.get("id")?;
///     Response::new(200).json(&id)
/// }
///
/// fn export(_request: &Request, _params: &Params) -> Result<Response, Problem> {
///     Ok(Response::new(204))
/// }
/// # fn main() {}
/// ```
#[derive(Debug, Default)]
pub struct Router {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// Without one, every method that the manifest lets through.
    method: Option<&'static str>,
    place: Place,
    answer: Answer,
}

#[derive(Debug)]
enum Place {
    /// Below the mount.
    Path(&'static str),
    /// A route of the manifest.
    Route(&'static str),
}

impl Router {
    /// One that knows no path.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers a method at a path below the route's mount: `/orders/{id}`, `/files/{*rest}`.
    #[must_use]
    pub fn on(mut self, method: &'static str, pattern: &'static str, answer: Answer) -> Self {
        self.entries.push(Entry { method: Some(method), place: Place::Path(pattern), answer });
        self
    }

    /// Answers GET, and HEAD, whose content the kernel leaves out.
    #[must_use]
    pub fn get(self, pattern: &'static str, answer: Answer) -> Self {
        self.on("GET", pattern, answer).on("HEAD", pattern, answer)
    }

    /// Answers POST.
    #[must_use]
    pub fn post(self, pattern: &'static str, answer: Answer) -> Self {
        self.on("POST", pattern, answer)
    }

    /// Answers PUT.
    #[must_use]
    pub fn put(self, pattern: &'static str, answer: Answer) -> Self {
        self.on("PUT", pattern, answer)
    }

    /// Answers PATCH.
    #[must_use]
    pub fn patch(self, pattern: &'static str, answer: Answer) -> Self {
        self.on("PATCH", pattern, answer)
    }

    /// Answers DELETE.
    #[must_use]
    pub fn delete(self, pattern: &'static str, answer: Answer) -> Self {
        self.on("DELETE", pattern, answer)
    }

    /// Answers everything that the kernel found the manifest's route of this name for. The parameters are those of its pattern.
    #[must_use]
    pub fn route(mut self, name: &'static str, answer: Answer) -> Self {
        self.entries.push(Entry { method: None, place: Place::Route(name), answer });
        self
    }

    /// Answers a request. A problem `http.not-found` where nothing is at its path, `http.method-not-allowed` where it has
    /// other methods.
    pub fn answer(&self, request: &Request) -> Result<Response, Problem> {
        let head = request.head();
        let path = head.path.strip_prefix(&head.mount).unwrap_or(&head.path);
        let mut allowed = Vec::new();
        for entry in &self.entries {
            let Some(found) = entry.fit(&head, path) else { continue };
            if entry.method.is_none_or(|method| method == head.method) {
                return (entry.answer)(request, &Params(found));
            }
            allowed.extend(entry.method);
        }
        Err(refusal(path, &allowed))
    }
}

fn refusal(path: &str, allowed: &[&str]) -> Problem {
    if allowed.is_empty() {
        return Problem::new("http.not-found", format!("Nothing is at {path} here"));
    }
    Problem::new("http.method-not-allowed", format!("This path answers {}", allowed.join(", ")))
}

impl Entry {
    /// The parameters, where it is for this path.
    fn fit(&self, head: &Head, path: &str) -> Option<Found> {
        match self.place {
            Place::Path(pattern) => pattern::fit(pattern, path),
            Place::Route(name) => (head.route == name).then(|| head.params.clone()),
        }
    }
}

/// The parameters of a path.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Params(Found);

impl Params {
    /// A parameter as text; empty where the pattern has none of this name.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// A parameter as a number, or whatever else can be read from text. A problem `request.invalid`, which is answered with 400,
    /// for one that cannot.
    pub fn get<T: FromStr<Err: std::fmt::Display>>(&self, name: &str) -> Result<T, Problem> {
        let text = self.text(name);
        text.parse().map_err(|fault| Problem::new("request.invalid", format!("`{text}` cannot be `{name}`: {fault}")))
    }
}
