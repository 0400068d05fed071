//! A connection in use, and what must happen before another may use it. It does not decide what runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{timeout, timeout_at};

use super::{Pooled, Shared};
use crate::error::Result;
use crate::store::login::Login;
use crate::store::session::{Answer, Cap, Failure, Session, Status, Step};

/// For cleaning, which takes well under a millisecond; a server that vanished must not keep the permit.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection that this call alone uses. Dropping it gives it back, or ends what still runs on it.
pub(crate) struct Lease {
    shared: Arc<Shared>,
    login: Login,
    /// Gone only while it is dropped.
    held: Option<(Pooled, [OwnedSemaphorePermit; 2])>,
    /// It was idle before, and the server may have gone since.
    pub(crate) reused: bool,
    /// Something may outlive the transaction: settings, temporary tables, locks.
    pub(crate) tainted: bool,
}

/// The deadline passed.
#[derive(Debug)]
pub(crate) struct Overdue;

impl Lease {
    pub(super) fn new(
        shared: Arc<Shared>,
        login: Login,
        pooled: Pooled,
        permits: [OwnedSemaphorePermit; 2],
        reused: bool,
    ) -> Self {
        let tainted = !login.is_trusted();
        Self { shared, login, held: Some((pooled, permits)), reused, tainted }
    }

    /// Runs a batch until the deadline. When that passes, the statement is cancelled as soon as the lease is dropped.
    pub(crate) async fn run(
        &mut self,
        steps: &[Step<'_>],
        main: usize,
        cap: Cap,
        deadline: Instant,
    ) -> Result<Result<Answer, Failure>, Overdue> {
        timeout_at(deadline.into(), self.session().run(steps, main, cap)).await.map_err(|_| Overdue)
    }

    pub(crate) fn session(&mut self) -> &mut Session {
        &mut self.held.as_mut().expect("held until dropped").0.session
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some((pooled, permits)) = self.held.take() else { return };
        let (shared, login) = (self.shared.clone(), self.login.clone());
        let session = &pooled.session;
        if session.is_lost() {
            return;
        }
        if session.is_busy() {
            let Pooled { session, _slots: slots, .. } = pooled;
            shared.runtime.clone().spawn(async move {
                shared.control.end(session, &login.0.address).await;
                drop((slots, permits));
            });
        } else if self.tainted || session.status() != Status::Idle {
            let tainted = self.tainted;
            shared.runtime.clone().spawn(async move { clean(&shared, &login, pooled, tainted, permits).await });
        } else {
            shared.shelve(&login, pooled);
        }
    }
}

/// Makes a connection as good as new, off the path of the call that used it. The permit is held meanwhile: the
/// connection is not idle yet.
async fn clean(shared: &Shared, login: &Login, mut pooled: Pooled, tainted: bool, permits: [OwnedSemaphorePermit; 2]) {
    match timeout(PATIENCE, reset(&mut pooled.session, tainted)).await {
        Ok(Ok(())) => shared.shelve(login, pooled),
        Ok(Err(error)) => tracing::warn!(%error, login = login.name(), "a connection could not be cleaned: closing it"),
        Err(_) => tracing::warn!(login = login.name(), "a connection was not cleaned in time: closing it"),
    }
    drop(permits);
}

async fn reset(session: &mut Session, tainted: bool) -> Result<()> {
    if session.status() != Status::Idle {
        session.execute("rollback").await?;
    }
    if tainted {
        session.execute("discard all").await?;
    }
    Ok(())
}
