//! What every request works with. It is made once, at start, and never changes but for the drain flag.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use salvo::http::Method;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Config;
use super::cors::Policy;
use super::endpoint::{Endpoint, Match, Table};
use crate::auth::Auth;
use crate::error::{Error, Result, code};
use crate::host::Roster;
use crate::store::Store;

/// The layers below, as the HTTP layer uses them.
pub struct Context {
    /// `[server]`
    pub config: Config,
    /// `[server.cors]`
    pub cors: Policy,
    /// Proves identities.
    pub auth: Arc<Auth>,
    /// The database.
    pub store: Store,
    /// The plugins.
    pub roster: Roster,
    endpoints: Table,
    requests: Arc<Semaphore>,
    draining: AtomicBool,
}

impl Context {
    /// Joins the layers with the kernel's endpoints.
    pub fn new(
        config: Config,
        cors: Policy,
        auth: Arc<Auth>,
        store: Store,
        roster: Roster,
        endpoints: Vec<Endpoint>,
    ) -> Self {
        let requests = Arc::new(Semaphore::new(config.max_requests.get() as usize));
        let (endpoints, draining) = (Table::new(endpoints), AtomicBool::new(false));
        Self { config, cors, auth, store, roster, endpoints, requests, draining }
    }

    /// A place among the requests that are answered at once.
    ///
    /// # Errors
    /// `http.busy`, at once: who waits holds a connection and a body, and those are what runs out.
    pub fn admit(&self) -> Result<OwnedSemaphorePermit> {
        let full = |_| Error::new(&code::HTTP_BUSY, "the server has as many requests as it can answer at once");
        Arc::clone(&self.requests).try_acquire_owned().map_err(full)
    }

    /// How many places are taken.
    pub fn in_flight(&self) -> usize {
        self.config.max_requests.get() as usize - self.requests.available_permits()
    }

    /// The endpoints at a path.
    pub fn endpoints(&self, path: &str) -> Option<Match<'_>> {
        self.endpoints.find(path)
    }

    /// Says that the kernel is going to stop: `/ready` fails, so that balancers send no more.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the kernel is going to stop.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// The methods of some endpoints, for `Allow`.
pub fn allow(methods: impl Iterator<Item = Method>) -> String {
    let mut all: Vec<String> = methods.map(|method| method.to_string()).collect();
    if all.iter().any(|method| method == "GET") {
        all.push("HEAD".to_owned());
    }
    all.sort();
    all.join(", ")
}
