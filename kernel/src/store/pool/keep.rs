//! Housekeeping: connections that are too old or unused for too long are closed, a minimum is kept open.

use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Pool, Pooled, Shared};
use crate::store::Config;
use crate::store::login::Login;

/// Often enough that a minimum is soon open again after a restart of the server.
const PAUSE: Duration = Duration::from_secs(2);

impl Pool {
    /// Keeps house for as long as the pool exists, with a minimum of open connections for `login`.
    pub(crate) fn keep(&self, login: Login) {
        let config = &self.0.config;
        let least = config.min_connections.min(config.max_connections) as usize;
        let weak = std::sync::Arc::downgrade(&self.0);
        tokio::spawn(async move {
            while round(&weak, &login, least).await {
                tokio::time::sleep(PAUSE).await;
            }
        });
    }

    async fn warm(&self, login: &Login, least: usize) {
        while login.0.open.load(Ordering::Relaxed) < least {
            let Ok(permits) = self.permits(login).await else { return };
            // The failure is not news: calls report it, and so does `/ready`.
            if self.connect(login, permits).await.is_err() {
                return;
            }
        }
    }
}

async fn round(weak: &Weak<Shared>, login: &Login, least: usize) -> bool {
    let Some(shared) = weak.upgrade().filter(|shared| !shared.permits.is_closed()) else { return false };
    shared.expire(login, least);
    Pool(shared).warm(login, least).await;
    true
}

impl Shared {
    fn expire(&self, kept: &Login, least: usize) {
        let mut expired = Vec::new();
        for shelf in self.idle.lock().values_mut() {
            let least = if shelf.login.name() == kept.name() { least } else { 0 };
            let open = shelf.login.0.open.load(Ordering::Relaxed);
            let spare = open.saturating_sub(least);
            let (gone, stay): (Vec<_>, Vec<_>) = std::mem::take(&mut shelf.idle)
                .into_iter()
                .partition(|pooled| is_old(pooled, &self.config) || (is_unused(pooled, &self.config) && spare > 0));
            shelf.idle = stay;
            expired.extend(gone);
        }
        // Outside of the lock: to close takes a while.
        for pooled in expired {
            self.runtime.spawn(pooled.session.close());
        }
    }
}

/// Up to a tenth earlier, by the number of its process: those that were opened together do not all end together.
fn is_old(pooled: &Pooled, config: &Config) -> bool {
    let lifetime = config.max_lifetime.0;
    let early = lifetime / 100 * (pooled.session.greeting.process.unsigned_abs() % 10);
    pooled.session.born.elapsed() + early > lifetime
}

fn is_unused(pooled: &Pooled, config: &Config) -> bool {
    Instant::now().duration_since(pooled.since) > config.idle_timeout.0
}
