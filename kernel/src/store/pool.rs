//! Open connections, kept by login under one limit for all of them together.
//!
//! A permit is the right to have a connection in use; idle ones are closed, the longest unused first, when another login
//! needs their place. It starts no transactions.

mod keep;
mod lease;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use super::deadline::Control;
use super::login::Login;
use super::session::Session;
use super::{Config, fault};
use crate::error::{Error, Result, code};
pub(crate) use lease::{Lease, Overdue};

const WRONG_PASSWORD: &str = "28P01";

/// The pool.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

struct Shared {
    config: Config,
    permits: Arc<Semaphore>,
    idle: Mutex<HashMap<String, Shelf>>,
    open: Arc<AtomicUsize>,
    control: Control,
    runtime: tokio::runtime::Handle,
}

/// The idle connections of a login, the last used at the end: it is the next to be used, so that the others can expire.
struct Shelf {
    login: Login,
    idle: Vec<Pooled>,
}

/// A connection that counts.
struct Pooled {
    session: Session,
    since: Instant,
    _slots: [Slot; 2],
}

/// One open connection in a count.
struct Slot(Arc<AtomicUsize>);

impl Slot {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The connections of one login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// The login.
    pub login: String,
    /// Open, in use or not.
    pub open: usize,
    /// Open and not in use.
    pub idle: usize,
    /// Calls that wait for one.
    pub waiting: usize,
}

impl Pool {
    pub(crate) fn new(config: &Config, control: Control) -> Self {
        Self(Arc::new(Shared {
            config: config.clone(),
            permits: Arc::new(Semaphore::new(config.max_connections as usize)),
            idle: Mutex::default(),
            open: Arc::default(),
            control,
            runtime: tokio::runtime::Handle::current(),
        }))
    }

    /// A connection of this login, until `deadline` at the latest.
    pub(crate) async fn acquire(&self, login: &Login, deadline: Instant) -> Result<Lease> {
        let patience = Instant::now() + self.0.config.acquire_timeout.0;
        let until = patience.min(deadline);
        let busy = || Error::new(&code::SQL_BUSY, "no database connection became free in time");
        timeout_at(until.into(), self.take(login)).await.unwrap_or_else(|_| Err(busy()))
    }

    async fn take(&self, login: &Login) -> Result<Lease> {
        let permits = self.permits(login).await?;
        match self.0.unshelve(login) {
            Some(pooled) => Ok(Lease::new(self.0.clone(), login.clone(), pooled, permits, true)),
            None => self.connect(login, permits).await,
        }
    }

    async fn permits(&self, login: &Login) -> Result<[OwnedSemaphorePermit; 2]> {
        let _waiting = Slot::new(&login.0.waiting);
        let closed = |_| Error::new(&code::SQL_UNAVAILABLE, "the database is being closed");
        // The login's own limit first: a plugin that waits for its own connections must not hold places of the others.
        let own = login.0.gate.clone().acquire_owned().await.map_err(closed)?;
        Ok([own, self.0.permits.clone().acquire_owned().await.map_err(closed)?])
    }

    async fn connect(&self, login: &Login, permits: [OwnedSemaphorePermit; 2]) -> Result<Lease> {
        self.0.make_room();
        self.0.shelf(&mut self.0.idle.lock(), login);
        let slots = [Slot::new(&self.0.open), Slot::new(&login.0.open)];
        let session = self.open(login).await.map_err(unusable)?;
        let pooled = Pooled { session, since: Instant::now(), _slots: slots };
        Ok(Lease::new(self.0.clone(), login.clone(), pooled, permits, false))
    }

    /// A connection that the pool does not count.
    pub(crate) async fn open(&self, login: &Login) -> Result<Session> {
        match Session::open(&login.0.address).await {
            Err(error) if error.code == WRONG_PASSWORD && self.0.control.mend(login).await => {
                Session::open(&login.0.address).await
            }
            opened => opened,
        }
    }

    /// The connections by login.
    pub(crate) fn stats(&self) -> Vec<Stats> {
        let shelves = self.0.idle.lock();
        let stats = shelves.values().map(|shelf| Stats {
            login: shelf.login.name().to_owned(),
            open: shelf.login.0.open.load(Ordering::Relaxed),
            idle: shelf.idle.len(),
            waiting: shelf.login.0.waiting.load(Ordering::Relaxed),
        });
        stats.collect()
    }

    /// Refuses new leases and closes what is idle.
    pub(crate) async fn close(&self) {
        self.0.permits.close();
        let shelves = std::mem::take(&mut *self.0.idle.lock());
        for pooled in shelves.into_values().flat_map(|shelf| shelf.idle) {
            pooled.session.close().await;
        }
    }
}

impl Shared {
    /// The login's last used connection; dead ones are dropped on the way.
    fn unshelve(&self, login: &Login) -> Option<Pooled> {
        loop {
            let mut pooled = self.idle.lock().get_mut(login.name())?.idle.pop()?;
            if !pooled.session.has_ended() {
                return Some(pooled);
            }
        }
    }

    fn shelve(&self, login: &Login, mut pooled: Pooled) {
        if self.permits.is_closed() {
            return;
        }
        pooled.since = Instant::now();
        self.shelf(&mut self.idle.lock(), login).idle.push(pooled);
    }

    /// The login's shelf, made when it connects for the first time, so that all logins are in the statistics.
    fn shelf<'a>(&self, shelves: &'a mut HashMap<String, Shelf>, login: &Login) -> &'a mut Shelf {
        let new = || Shelf { login: login.clone(), idle: Vec::new() };
        shelves.entry(login.name().to_owned()).or_insert_with(new)
    }

    /// Closes an idle connection when the limit is reached. There is one then: whoever connects holds a permit, so fewer
    /// than the limit are in use.
    fn make_room(&self) {
        if self.open.load(Ordering::Relaxed) < self.config.max_connections as usize {
            return;
        }
        let mut shelves = self.idle.lock();
        let oldest =
            shelves.values_mut().filter(|shelf| !shelf.idle.is_empty()).min_by_key(|shelf| shelf.idle[0].since);
        let evicted = oldest.map(|shelf| shelf.idle.remove(0));
        drop(shelves);
        if let Some(pooled) = evicted {
            self.runtime.spawn(pooled.session.close());
        }
    }
}

/// Why a connection cannot be had, in a caller's words; what the server said is for the log.
fn unusable(error: Error) -> Error {
    match &*error.code {
        "sql.unavailable" => error,
        "53300" => Error::new(&code::SQL_BUSY, "the database has no connection left").source(error),
        _ => fault::refused("the login failed").source(error),
    }
}
