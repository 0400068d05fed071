//! The kernel's own operations: one file each, and the table of them. No feature is here.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use salvo::http::Method;

use super::Context;
use super::answer::Reply;
use crate::error::Result;
use crate::identity::Identity;

mod health;
mod metrics;
mod ready;

/// What answers: the context, the caller unless the endpoint is public, and the query string.
pub type Handle =
    Arc<dyn Fn(Arc<Context>, Option<Arc<Identity>>, Option<String>) -> BoxFuture<'static, Result<Reply>> + Send + Sync>;

/// An operation of the kernel.
#[derive(Clone)]
pub struct Endpoint {
    /// Its method.
    pub method: Method,
    /// Its path.
    pub path: &'static str,
    /// Whether it answers without looking at credentials.
    pub public: bool,
    /// What answers.
    pub handle: Handle,
}

impl Endpoint {
    /// An endpoint that answers GET without credentials.
    pub fn public<F>(path: &'static str, answer: impl Fn(Arc<Context>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        let handle: Handle = Arc::new(move |context, _, _| Box::pin(answer(context)));
        Self { method: Method::GET, path, public: true, handle }
    }
}

/// Every endpoint of the kernel.
pub fn all() -> Vec<Endpoint> {
    vec![
        Endpoint::public("/health", health::answer),
        Endpoint::public("/ready", ready::answer),
        Endpoint::public("/metrics", metrics::answer),
    ]
}
