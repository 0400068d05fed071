//! Counting in Redis, for all nodes together: one script, which Redis runs alone, by its own clock. What becomes of requests while it
//! does not answer is not its business.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Script};
use tokio::sync::OnceCell;

use super::rate::{Quota, Verdict};
use crate::config::Secret;
use crate::error::{Error, Result, code};

/// [`Quota::decide`] in Lua. Numbers are written out, because Lua would round one of sixteen digits.
const SCRIPT: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local used_up = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now)
local next = used_up + interval
local wait = math.max(next - now - burst, 0)
if wait > 0 then return { wait, used_up - now } end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return { 0, next - now }
";

/// What keys begin with, for those who share a Redis.
const PREFIX: &str = "basalt:limit:";

/// For so long nobody asks a Redis that did not answer: each request would wait for it.
const REST: Duration = Duration::from_secs(1);

/// A Redis.
pub(super) struct Shared {
    client: Client,
    timeout: Duration,
    script: Script,
    connection: OnceCell<ConnectionManager>,
    started: Instant,
    /// Milliseconds after the start until which nobody asks.
    rests_until: AtomicU64,
}

impl Shared {
    /// Connects when it is asked.
    pub(super) fn new(address: &Secret, timeout: Duration) -> Result<Self> {
        let client = Client::open(address.expose()).map_err(|fault| {
            Error::new(&code::CONFIG_INVALID, "limit.redis is no address like \"redis://:password@host:6379/0\"")
                .source(fault)
        })?;
        Ok(Self {
            client,
            timeout,
            script: Script::new(SCRIPT),
            connection: OnceCell::new(),
            started: Instant::now(),
            rests_until: AtomicU64::new(0),
        })
    }

    /// None while it does not answer.
    pub(super) async fn take(&self, quota: &Quota, subject: &str) -> Option<Verdict> {
        if self.elapsed() < self.rests_until.load(Ordering::Relaxed) {
            return None;
        }
        match tokio::time::timeout(self.timeout, self.ask(quota, subject)).await {
            Ok(Ok((wait, reset))) => Some(quota.verdict(wait, reset)),
            Ok(Err(fault)) => self.rest(&fault.to_string()),
            Err(_) => self.rest("it did not answer in time"),
        }
    }

    async fn ask(&self, quota: &Quota, subject: &str) -> redis::RedisResult<(u64, u64)> {
        let mut connection = self.connection().await?;
        let mut call = self.script.key(format!("{PREFIX}{}:{subject}", quota.name));
        call.arg(quota.interval()).arg(quota.burst()).invoke_async(&mut connection).await
    }

    async fn connection(&self) -> redis::RedisResult<ConnectionManager> {
        let open = || async {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(self.timeout))
                .set_response_timeout(Some(self.timeout))
                .set_number_of_retries(0);
            ConnectionManager::new_lazy_with_config(self.client.clone(), config)
        };
        self.connection.get_or_try_init(open).await.cloned()
    }

    fn rest(&self, why: &str) -> Option<Verdict> {
        let until = self.elapsed() + millis(REST);
        // One line for each rest, not for each request that was under way.
        if self.rests_until.fetch_max(until, Ordering::Relaxed) < self.elapsed() {
            tracing::warn!(why, "Redis does not count requests");
        }
        None
    }

    fn elapsed(&self) -> u64 {
        millis(self.started.elapsed())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
