//! How often somebody may do something: one limiter, which counts in this process or, for many nodes, in Redis.
//!
//! It does not know what is counted, or who: `http` says so.

mod memory;
mod rate;
mod shared;

use std::sync::Arc;

use crate::config::{Duration, Secret, section, variable};
use crate::error::Result;
use crate::telemetry;
use memory::Memory;
pub use rate::{Quota, Verdict};
use shared::Shared;

section! {
    /// How often somebody may ask. Who asks too often is answered 429, with `Retry-After`. Servers that show the key of `service_role` are not counted,
    /// nor are health checks.
    pub struct Config {
        /// Whether requests are counted. Unset: where `auth.production` is set.
        enabled: Option<bool> = none,
        /// Requests in a minute of one address (of one /64 network in IPv6) without credentials, or with wrong ones; 0 is no limit.
        address: u32 = 100,
        /// Requests in a minute of one signed-in user; 0 is no limit.
        user: u32 = 500,
        /// Requests in a minute with one API key that has no rate of its own; 0 is no limit.
        key: u32 = 1000,
        /// The Redis in which all nodes count together: `redis://:password@host:6379/0`, `rediss://` with TLS. Unset: each node
        /// counts by itself.
        redis: Option<Secret> = none,
        /// How long Redis may take to answer.
        redis_timeout: Duration = "100ms",
        /// What becomes of requests while it does not: each node counts by itself (`local`), they are answered uncounted
        /// (`allow`) or with 503 (`refuse`).
        without_redis: WithoutRedis = "local",
    }
}

/// What becomes of requests while Redis does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutRedis {
    /// Each node counts by itself.
    Local,
    /// They are not counted.
    Allow,
    /// They are refused.
    Refuse,
}

/// Counts. Cheap to clone.
#[derive(Clone)]
pub struct Limiter(Arc<Inner>);

struct Inner {
    memory: Memory,
    shared: Option<Shared>,
    without: WithoutRedis,
}

/// What environments of many nodes have in common.
const CLUSTER: [&str; 3] = ["KUBERNETES_SERVICE_HOST", "POD_NAME", "COMPOSE_PROJECT_NAME"];

impl Limiter {
    /// A limiter; it connects when it is asked first.
    ///
    /// # Errors
    /// `config.invalid` for an address of Redis that is none.
    pub fn new(config: &Config) -> Result<Self> {
        let shared = config.redis.as_ref().map(|address| Shared::new(address, config.redis_timeout.0)).transpose()?;
        if shared.is_none() && CLUSTER.iter().any(|name| variable(name).is_some()) {
            tracing::warn!("this looks like a node of many, and each counts requests by itself: set limit.redis");
        }
        Ok(Self(Arc::new(Inner { memory: Memory::default(), shared, without: config.without_redis })))
    }

    /// Counts one more for a subject, if its quota allows. None when nobody can tell and requests are to be refused.
    pub async fn take(&self, quota: &Quota, subject: &str) -> Option<Verdict> {
        let inner = &self.0;
        let Some(shared) = &inner.shared else { return Some(inner.memory.take(quota, subject)) };
        match shared.take(quota, subject).await {
            Some(verdict) => Some(verdict),
            None => {
                telemetry::rate_limit_uncounted();
                match inner.without {
                    WithoutRedis::Local => Some(inner.memory.take(quota, subject)),
                    WithoutRedis::Allow => Some(Verdict::unknown(quota)),
                    WithoutRedis::Refuse => None,
                }
            }
        }
    }
}
