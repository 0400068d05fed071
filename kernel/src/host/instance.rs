//! Instances of one plugin, kept for reuse: who may run, who is idle, who is retired.
//!
//! It does not run calls; [`super::call`] does.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use prometheus::IntGauge;
use rand::RngExt;
use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::Store;

use super::config::Limits;
use crate::capability::memory::{Idle, Total};
use crate::capability::wasi::incoming_handler;
use crate::capability::{Call, filter, handler};
use crate::error::{Error, Result, code};
use crate::telemetry;

/// An instance is retired after a number of calls drawn from this range, so that what a leaking plugin holds stays
/// bounded and not all instances retire at once.
const CALLS: std::ops::Range<u32> = 50_000..100_000;

/// An instance that nobody needed for this long gives its memory back.
const IDLE: Duration = Duration::from_secs(60);

/// An instance and its memory.
pub struct Instance {
    /// Where it lives.
    pub store: Store<Call>,
    /// What it exports.
    pub(super) exports: Exports,
    calls_left: u32,
    idle_since: Instant,
    _live: Live,
}

/// One instance in the counts of those that live, in use or not: of its plugin, and of this version of it.
pub struct Live(IntGauge, Arc<AtomicUsize>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.dec();
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What an instance exports.
pub(super) struct Exports {
    pub(super) handler: Option<handler::Guest>,
    pub(super) filter: Option<filter::Guest>,
    pub(super) stock: Option<incoming_handler::Guest>,
}

/// The instances of a plugin.
pub struct Pool {
    permits: Semaphore,
    concurrency: usize,
    /// The most recently used one is last and is taken first: its memory is warm, and the others can become idle.
    idle: Mutex<Vec<Instance>>,
    reuse: bool,
    live: IntGauge,
    own: Arc<AtomicUsize>,
}

impl Instance {
    /// A new instance.
    pub(super) fn new(store: Store<Call>, exports: Exports, live: Live) -> Self {
        let calls_left = rand::rng().random_range(CALLS);
        Self { store, exports, calls_left, idle_since: Instant::now(), _live: live }
    }
}

impl Pool {
    /// An empty pool for the plugin of this id. Who needs memory may have its idle instances.
    pub fn new(plugin: &str, limits: &Limits, total: &Total) -> Arc<Self> {
        let concurrency = limits.concurrency.get() as usize;
        let permits = Semaphore::new(concurrency);
        let live = telemetry::PLUGIN_LIVE.with_label_values(&[plugin]);
        let (idle, own) = Default::default();
        let pool = Arc::new(Self { permits, concurrency, idle, reuse: limits.reuse, live, own });
        let weak: Weak<Self> = Arc::downgrade(&pool);
        total.offer(weak);
        pool
    }

    /// Counts an instance that is being made.
    pub fn count(&self) -> Live {
        self.live.inc();
        self.own.fetch_add(1, Ordering::Relaxed);
        Live(self.live.clone(), Arc::clone(&self.own))
    }

    /// The right to run one call.
    ///
    /// # Errors
    /// `plugin.busy` when none became free before the deadline.
    pub async fn permit(&self, deadline: tokio::time::Instant) -> Result<SemaphorePermit<'_>> {
        // Nearly always there is one, and then no clock has to be asked.
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        match tokio::time::timeout_at(deadline, self.permits.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Error::new(&code::PLUGIN_BUSY, "all instances of the plugin stayed busy")
                .hint("try again later; an operator can raise the plugin's limit `concurrency`")),
        }
    }

    /// Whether a call is running.
    pub fn is_busy(&self) -> bool {
        self.permits.available_permits() < self.concurrency
    }

    /// An idle instance, if there is one.
    pub fn take(&self) -> Option<Instance> {
        self.idle.lock().pop()
    }

    /// Keeps an instance whose call ended well, unless it is spent.
    pub fn give_back(&self, mut instance: Instance) {
        instance.calls_left -= 1;
        if self.reuse && instance.calls_left > 0 {
            instance.idle_since = Instant::now();
            self.idle.lock().push(instance);
        }
    }

    /// Takes out the instances that were idle for long.
    pub fn sweep(&self) -> Vec<Instance> {
        let mut idle = self.idle.lock();
        let keep = idle.iter().position(|instance| instance.idle_since.elapsed() < IDLE).unwrap_or(idle.len());
        idle.drain(..keep).collect()
    }

    /// How many instances there are, in use or not.
    pub fn live(&self) -> usize {
        self.own.load(Ordering::Relaxed)
    }

    /// How many instances wait for a call.
    pub fn idle(&self) -> usize {
        self.idle.lock().len()
    }
}

impl Idle for Pool {
    fn oldest(&self) -> Option<Instant> {
        self.idle.lock().first().map(|instance| instance.idle_since)
    }

    fn evict(&self) -> bool {
        let evicted = {
            let mut idle = self.idle.lock();
            (!idle.is_empty()).then(|| idle.remove(0))
        };
        // Outside of the lock: giving memory back takes a while.
        evicted.is_some()
    }
}
