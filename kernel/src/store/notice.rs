//! Notices that plugins, secrets, operator keys or what identities rest on changed, on whichever node: told by a trigger, and by looking now and then
//! where the telling gets lost, as it does behind a pooler.
//!
//! Everybody who can log in can notify, so a notice only makes it look. It does not say what a change means.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::identity::Known;
use super::secret::Cache;
use super::session::Session;
use super::wire::Address;
use crate::error::{Error, Result, code};

/// Between two looks: bounds what a flood of notices costs.
const REST: Duration = Duration::from_millis(100);

/// Where nobody tells.
const POLL: Duration = Duration::from_millis(500);

/// A database that does not answer by then is away.
const PATIENCE: Duration = Duration::from_secs(2);

/// After the connection was lost.
const RECONNECT: Duration = Duration::from_millis(500);

/// A plugin's revision and a secret's row change with everything that happens to them.
const LOOK: &str = "select \
  (select string_agg(id || ':' || revision, ',' order by id) from basalt.plugin), \
  (select string_agg(name || ':' || xmin, ',' order by name) from basalt.secret), \
  (select string_agg(encode(digest, 'hex'), ',' order by digest) from basalt.operator_key)";

/// How the tables look; each is `None` while its table is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    plugins: Option<String>,
    secrets: Option<String>,
    keys: Option<String>,
}

/// What was seen last, and the task that looks.
pub(crate) struct Notice {
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

struct Shared {
    admin: Address,
    seen: watch::Sender<Seen>,
    /// Counts the changes of plugins.
    plugins: watch::Sender<u64>,
    secrets: Arc<Cache>,
    identity: Known,
    wanted: Notify,
}

impl Notice {
    /// Looks, and watches from then on.
    pub(crate) async fn start(admin: Address) -> Result<Self> {
        let (seen, plugins) = (watch::Sender::default(), watch::Sender::default());
        let (secrets, identity, wanted) = Default::default();
        let shared = Arc::new(Shared { admin, seen, plugins, secrets, identity, wanted });
        let session = shared.open().await?;
        let task = tokio::spawn(Arc::clone(&shared).run(session));
        Ok(Self { shared, task })
    }

    /// A number that changes when plugins did.
    pub(crate) fn plugins(&self) -> watch::Receiver<u64> {
        self.shared.plugins.subscribe()
    }

    /// The digests of the operator keys, in hexadecimal.
    pub(crate) fn keys(&self) -> Vec<String> {
        let seen = self.shared.seen.borrow();
        seen.keys.iter().flat_map(|keys| keys.split(',')).map(str::to_owned).collect()
    }

    /// A key that this kernel added counts at once.
    pub(crate) fn add_key(&self, digits: &str) {
        self.shared.seen.send_modify(|seen| match &mut seen.keys {
            Some(keys) => keys.push_str(&format!(",{digits}")),
            None => seen.keys = Some(digits.to_owned()),
        });
    }

    pub(crate) fn secrets(&self) -> &Cache {
        &self.shared.secrets
    }

    pub(crate) fn identity(&self) -> &Known {
        &self.shared.identity
    }

    /// Look now: this kernel itself changed something.
    pub(crate) fn look(&self) {
        self.shared.wanted.notify_one();
    }

    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Notice {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn run(self: Arc<Self>, session: Session) {
        let mut session = Some(session);
        loop {
            if let Some(mut open) = session.take()
                && let Err(error) = self.watch(&mut open).await
            {
                tracing::warn!(%error, "the connection that watches for changes was lost");
            }
            // What nobody watches over may be out of date.
            self.secrets.distrust();
            self.identity.distrust();
            sleep(RECONNECT).await;
            session = self.open().await.ok();
        }
    }

    async fn open(&self) -> Result<Session> {
        let mut session = Session::open(&self.admin).await?;
        session.execute("listen basalt_plugin").await?;
        self.look(&mut session).await?;
        self.secrets.trust();
        self.identity.trust();
        Ok(session)
    }

    async fn watch(&self, session: &mut Session) -> Result<()> {
        loop {
            let rested = Instant::now() + REST;
            tokio::select! {
                told = session.listen() => told?,
                () = self.wanted.notified() => {}
                () = sleep(POLL) => {}
            }
            sleep_until(rested).await;
            self.look(session).await?;
        }
    }

    async fn look(&self, session: &mut Session) -> Result<()> {
        let away = |_| Error::new(&code::SQL_UNAVAILABLE, "the database does not answer");
        let answer = timeout(PATIENCE, session.ask(LOOK, &[])).await.map_err(away)??;
        timeout(PATIENCE, self.identity.look(session)).await.map_err(away)??;
        let mut row = answer.texts().next().unwrap_or_default().into_iter();
        let mut next = || row.next().flatten();
        let now = Seen { plugins: next(), secrets: next(), keys: next() };
        let before = self.seen.send_replace(now.clone());
        if now.secrets != before.secrets {
            self.secrets.clear();
        }
        if now.plugins != before.plugins {
            self.plugins.send_modify(|count| *count += 1);
        }
        Ok(())
    }
}
