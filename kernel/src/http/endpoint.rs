//! The kernel's own operations: one file each, and the table of them. No feature is here.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use percent_encoding::percent_decode_str;
use salvo::http::Method;

use super::Context;
use super::answer::Reply;
use crate::auth::seal::MAX_VALUE;
use crate::error::Result;
use crate::host::route::decoded;
use crate::identity::Identity;
use crate::store::plugin::MAX_FILE;

mod api_key;
mod health;
mod jwks;
mod metrics;
mod plugin;
mod ready;
mod secret;

/// Of a body that is a few words of JSON.
const SMALL: usize = 4 << 10;

/// All below it is the kernel's: no plugin answers there, so that none is ever sent an operator key.
const RESERVED: &str = "/api/v1/admin";

/// Who may use an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody: credentials are not looked at.
    Public,
    /// Everybody; whoever has a token is known.
    Caller,
    /// Who has an operator key.
    Operator,
}

/// One request to an endpoint.
pub struct Call {
    /// What every request works with.
    pub context: Arc<Context>,
    /// Who is calling; present where the access is [`Access::Caller`].
    pub identity: Option<Arc<Identity>>,
    /// A short name of the operator key; present where the access is [`Access::Operator`].
    pub operator: Option<String>,
    /// The parameters of the path, decoded.
    pub params: Vec<(String, String)>,
    /// The query string.
    pub query: Option<String>,
    /// The content; read only where the endpoint takes one.
    pub body: Option<Bytes>,
}

impl Call {
    /// A parameter of the path; empty when the path has none of this name.
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// A parameter of the query, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.query.as_deref()?;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.into_iter().find(|(key, _)| *key == name)?.1.replace('+', " ");
        Some(percent_decode_str(&value).decode_utf8_lossy().into_owned())
    }

    /// Who acts, for logs that outlive the request.
    pub fn actor(&self) -> &str {
        let subject = self.identity.as_ref().and_then(|identity| identity.subject.as_deref());
        self.operator.as_deref().or(subject).unwrap_or("anonymous")
    }
}

/// What answers.
pub type Handle = Arc<dyn Fn(Call) -> BoxFuture<'static, Result<Reply>> + Send + Sync>;

/// An operation of the kernel.
#[derive(Clone)]
pub struct Endpoint {
    /// Its method; GET answers HEAD too.
    pub method: Method,
    /// Its path, with `{parameters}`.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    /// The most bytes of its body; with 0 no body is read.
    pub max_body: usize,
    /// What answers.
    pub handle: Handle,
}

impl Endpoint {
    /// An endpoint that reads no body.
    pub fn new<F>(
        method: Method,
        path: &'static str,
        access: Access,
        answer: impl Fn(Call) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        let handle: Handle = Arc::new(move |call| Box::pin(answer(call)));
        Self { method, path, access, max_body: 0, handle }
    }

    /// An endpoint that answers GET without credentials.
    pub fn public<F>(path: &'static str, answer: impl Fn(Call) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        Self::new(Method::GET, path, Access::Public, answer)
    }

    /// Takes a body of so many bytes.
    #[must_use]
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }
}

/// Every endpoint of the kernel.
pub fn all() -> Vec<Endpoint> {
    use Access::{Caller, Operator};
    vec![
        Endpoint::public("/health", health::answer),
        Endpoint::public("/ready", ready::answer),
        Endpoint::public("/metrics", metrics::answer),
        Endpoint::public("/.well-known/jwks.json", jwks::answer),
        Endpoint::new(Method::GET, "/api/v1/api-keys", Caller, api_key::list),
        Endpoint::new(Method::POST, "/api/v1/api-keys", Caller, api_key::make).max_body(SMALL),
        Endpoint::new(Method::GET, "/api/v1/api-keys/{id}", Caller, api_key::find),
        Endpoint::new(Method::PATCH, "/api/v1/api-keys/{id}", Caller, api_key::change).max_body(SMALL),
        Endpoint::new(Method::DELETE, "/api/v1/api-keys/{id}", Caller, api_key::delete),
        Endpoint::new(Method::POST, "/api/v1/api-keys/{id}/revoke", Caller, api_key::revoke).max_body(SMALL),
        Endpoint::new(Method::POST, "/api/v1/api-keys/{id}/rotate", Caller, api_key::rotate).max_body(SMALL),
        Endpoint::new(Method::GET, "/api/v1/admin/plugins", Operator, plugin::list),
        Endpoint::new(Method::POST, "/api/v1/admin/plugins", Operator, plugin::change::install).max_body(MAX_FILE),
        Endpoint::new(Method::GET, "/api/v1/admin/plugins/{id}", Operator, plugin::inspect),
        Endpoint::new(Method::PATCH, "/api/v1/admin/plugins/{id}", Operator, plugin::change::switch).max_body(SMALL),
        Endpoint::new(Method::DELETE, "/api/v1/admin/plugins/{id}", Operator, plugin::change::remove),
        Endpoint::new(Method::POST, "/api/v1/admin/plugins/{id}/rollback", Operator, plugin::change::roll_back),
        Endpoint::new(Method::POST, "/api/v1/admin/plugins/{id}/promote", Operator, plugin::change::promote),
        Endpoint::new(Method::GET, "/api/v1/admin/plugins/{id}/log", Operator, plugin::log),
        Endpoint::new(Method::GET, "/api/v1/admin/secrets", Operator, secret::list),
        Endpoint::new(Method::PUT, "/api/v1/admin/secrets/{name}", Operator, secret::set).max_body(MAX_VALUE),
        Endpoint::new(Method::DELETE, "/api/v1/admin/secrets/{name}", Operator, secret::remove),
    ]
}

/// Whether a path is the kernel's even where no endpoint answers.
pub(super) fn is_reserved(path: &str) -> bool {
    path.strip_prefix(RESERVED).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The endpoints at one path, and what the path says.
pub struct Match<'a> {
    /// One for each method.
    pub endpoints: &'a [Endpoint],
    /// The parameters of the path, decoded.
    pub params: Vec<(String, String)>,
}

/// All endpoints by their paths.
#[derive(Default)]
pub struct Table(matchit::Router<Vec<Endpoint>>);

impl Table {
    /// Of several at one path and method the first counts.
    ///
    /// # Panics
    /// When two paths cannot be told apart: they are written in the source, not in a configuration.
    pub fn new(endpoints: Vec<Endpoint>) -> Self {
        let mut by_path: Vec<(&'static str, Vec<Endpoint>)> = Vec::new();
        for endpoint in endpoints {
            match by_path.iter_mut().find(|(path, _)| *path == endpoint.path) {
                Some((_, list)) => list.push(endpoint),
                None => by_path.push((endpoint.path, vec![endpoint])),
            }
        }
        let mut router = matchit::Router::new();
        for (path, endpoints) in by_path {
            router.insert(path, endpoints).expect("paths that can be told apart");
        }
        Self(router)
    }

    /// What answers at a path. Parameters that are no UTF-8 once decoded match nothing.
    pub fn find(&self, path: &str) -> Option<Match<'_>> {
        let found = self.0.at(path).ok()?;
        Some(Match { endpoints: found.value, params: decoded(&found.params)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What answers without credentials is written down, so that adding to it is a decision that somebody reads.
    #[test]
    fn every_endpoint_and_its_access_is_written_down() {
        let lines: String = all()
            .iter()
            .map(|endpoint| {
                let access = format!("{:?}", endpoint.access).to_lowercase();
                format!("{access:<8} {:<6} {}\n", endpoint.method.as_str(), endpoint.path)
            })
            .collect();
        assert_eq!(lines, include_str!("endpoint/access.txt"), "is that meant? then put it into access.txt");
    }

    #[test]
    fn what_is_below_the_admins_path_is_the_operators_and_reserved() {
        for endpoint in all() {
            assert_eq!(is_reserved(endpoint.path), endpoint.access == Access::Operator, "{}", endpoint.path);
        }
        assert!(is_reserved("/api/v1/admin") && is_reserved("/api/v1/admin/x/y") && !is_reserved("/api/v1/administer"));
    }

    #[test]
    fn a_path_gives_its_parameters() {
        let table = Table::new(all());
        let found = table.find("/api/v1/admin/secrets/a%62").expect("found");
        assert_eq!(found.params, [("name".to_owned(), "ab".to_owned())]);
        assert_eq!(found.endpoints.len(), 2);
        assert!(table.find("/api/v1/admin/secrets/%ff").is_none() && table.find("/health/x").is_none());
    }
}
