//! The snapshot that everybody shares, and how to make sure that it is no older than a question about it.
//!
//! One task reads, whoever asks, and the old snapshot serves meanwhile. It does not say when to read: `watcher` does.

mod watcher;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

pub(crate) use super::check::What;

use super::check::Name;
use super::{Catalogue, read};
use crate::error::Result;
use crate::store::session::Session;
use crate::store::wire::Address;
use watcher::Watcher;

/// A database that does not answer by then answers nobody: what was known last is all there is to say.
const PATIENCE: Duration = Duration::from_secs(2);

/// Questions that are answered together.
const BATCH: usize = 64;

/// Somebody who wants to know a relation as it is now. Told when the snapshot shows it.
struct Ask {
    name: Name,
    answer: oneshot::Sender<()>,
}

/// The snapshot and the task that keeps it.
pub(crate) struct Watch {
    current: Arc<ArcSwap<Catalogue>>,
    ask: mpsc::Sender<Ask>,
    task: tokio::task::JoinHandle<()>,
}

impl Watch {
    /// Reads the first snapshot and watches from then on, on this session.
    pub(crate) async fn start(admin: Address, mut session: Session) -> Result<Self> {
        let told = watcher::listen(&mut session).await?;
        let current = Arc::new(ArcSwap::from_pointee(read(&mut session, 1).await?));
        let (ask, asked) = mpsc::channel(BATCH);
        let watcher = Watcher::new(admin, Arc::clone(&current), asked, told);
        Ok(Self { current, ask, task: tokio::spawn(watcher.run(session)) })
    }

    pub(crate) fn current(&self) -> Arc<Catalogue> {
        self.current.load_full()
    }

    /// A snapshot that shows this relation or function as it is now.
    ///
    /// Any number of questions cost one small query at a time, and a reading only where something did change: names that
    /// do not exist can be asked for without end.
    pub(crate) async fn recheck(&self, what: What, schema: &str, name: &str) -> Arc<Catalogue> {
        if let Some(name) = Name::new(what, schema, name)
            && timeout(PATIENCE, self.check(name)).await.is_err()
        {
            tracing::warn!("the database does not say whether the catalogue changed");
        }
        self.current()
    }

    async fn check(&self, name: Name) {
        let (answer, answered) = oneshot::channel();
        if self.ask.send(Ask { name, answer }).await.is_ok() {
            // Dropped without an answer when the database is away.
            let _ = answered.await;
        }
    }

    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
