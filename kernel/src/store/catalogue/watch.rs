//! Keeps the snapshot fresh: told by an event trigger where there is one, by looking twice a second where not.
//!
//! One task reads, whoever asks: a storm of DDL costs one reading at a time, and the old snapshot serves meanwhile.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::{Catalogue, read};
use crate::error::{Error, Result, code};
use crate::store::session::Session;
use crate::store::wire::Address;

/// DDL comes in bursts: a migration is one change, not thirty.
const DEBOUNCE: Duration = Duration::from_millis(20);

/// Between two readings. Everybody who can log in can notify, so this bounds what a flood of notices costs.
const REST: Duration = Duration::from_millis(100);

/// Half of the second within which DDL has to be seen.
const POLL: Duration = Duration::from_millis(500);

/// After the connection was lost.
const RECONNECT: Duration = Duration::from_millis(500);

const HAS_TRIGGER: &str = "select 1 from pg_event_trigger where evtname = 'basalt_ddl' and evtenabled <> 'D'";

/// Changes with every row of the catalogue that a snapshot shows, at the cost of reading them once.
const FINGERPRINT: &str = "select md5(string_agg(part, ',' order by part)) from (
  select 'c' || sum(hashtextextended(oid::text || ':' || xmin::text, 0)) as part from pg_class where oid >= 16384
  union all select 'a' || sum(hashtextextended(attrelid::text || '.' || attnum::text || ':' || xmin::text, 0))
    from pg_attribute where attrelid >= 16384 and attnum > 0
  union all select 'k' || sum(hashtextextended(oid::text || ':' || xmin::text, 0)) from pg_constraint where oid >= 16384
  union all select 't' || sum(hashtextextended(oid::text || ':' || xmin::text, 0)) from pg_type where oid >= 16384
  union all select 'e' || sum(hashtextextended(oid::text || ':' || xmin::text, 0)) from pg_enum
  union all select 'n' || sum(hashtextextended(oid::text || ':' || xmin::text, 0)) from pg_namespace
  union all select 'd' || sum(hashtextextended(objoid::text || '.' || objsubid::text || ':' || xmin::text, 0))
    from pg_description where objoid >= 16384) parts";

type Asked = oneshot::Sender<Result<()>>;

/// The snapshot and the task that keeps it.
pub(crate) struct Watch {
    current: Arc<ArcSwap<Catalogue>>,
    ask: mpsc::Sender<Asked>,
    task: tokio::task::JoinHandle<()>,
}

impl Watch {
    /// Reads the first snapshot and watches from then on, on this session.
    pub(crate) async fn start(admin: Address, mut session: Session) -> Result<Self> {
        let told = listen(&mut session).await?;
        let current = Arc::new(ArcSwap::from_pointee(read(&mut session, 1).await?));
        // One who waits is enough: others that ask at the same time wait to be let in.
        let (ask, asked) = mpsc::channel(16);
        let watcher = Watcher { admin, current: current.clone(), asked, told, seen: None };
        let task = tokio::spawn(watcher.run(Some(session)));
        Ok(Self { current, ask, task })
    }

    pub(crate) fn current(&self) -> Arc<Catalogue> {
        self.current.load_full()
    }

    /// Reads again now.
    pub(crate) async fn refresh(&self) -> Result<()> {
        let closed = || Error::new(&code::SQL_UNAVAILABLE, "the database is being closed");
        let (answer, answered) = oneshot::channel();
        self.ask.send(answer).await.map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
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

struct Watcher {
    admin: Address,
    current: Arc<ArcSwap<Catalogue>>,
    asked: mpsc::Receiver<Asked>,
    /// Whether an event trigger tells of changes.
    told: bool,
    /// The last fingerprint, where none does.
    seen: Option<String>,
}

impl Watcher {
    async fn run(mut self, mut session: Option<Session>) {
        loop {
            if let Some(mut open) = session.take()
                && let Err(error) = self.watch(&mut open).await
            {
                tracing::warn!(%error, "the connection that watches the catalogue was lost");
            }
            sleep(RECONNECT).await;
            session = self.reconnect().await.ok();
        }
    }

    /// What happened meanwhile nobody told: read again.
    async fn reconnect(&mut self) -> Result<Session> {
        let mut session = Session::open(&self.admin).await?;
        self.told = listen(&mut session).await?;
        self.reload(&mut session).await?;
        Ok(session)
    }

    async fn watch(&mut self, session: &mut Session) -> Result<()> {
        loop {
            let (changed, asked) = self.wait(session).await?;
            if !changed && asked.is_none() {
                continue;
            }
            sleep(DEBOUNCE).await;
            let read = self.reload(session).await;
            if let Err(error) = &read {
                tracing::warn!(%error, "the catalogue could not be read; the old snapshot stays");
            }
            if let Some(asked) = asked {
                // Whoever asked may have gone.
                let _ = asked.send(read);
            }
            if session.is_lost() {
                return Err(Error::new(&code::SQL_UNAVAILABLE, "the database cannot be reached"));
            }
            sleep(REST).await;
        }
    }

    /// Waits for a change or somebody who asks, whichever is first.
    async fn wait(&mut self, session: &mut Session) -> Result<(bool, Option<Asked>)> {
        if self.told {
            return tokio::select! {
                heard = session.listen() => heard.map(|()| (true, None)),
                asked = self.asked.recv() => Ok((false, asked)),
            };
        }
        match timeout(POLL, self.asked.recv()).await {
            Ok(asked) => Ok((false, asked)),
            Err(_) => Ok((self.has_new_fingerprint(session).await?, None)),
        }
    }

    async fn has_new_fingerprint(&mut self, session: &mut Session) -> Result<bool> {
        let found = session.execute(FINGERPRINT).await?;
        let found = found.first().and_then(|result| result.rows.first()).and_then(|row| row[0].clone());
        let is_new = self.seen != found;
        self.seen = found;
        Ok(is_new)
    }

    async fn reload(&mut self, session: &mut Session) -> Result<()> {
        let old = self.current.load_full();
        let new = read(session, old.version() + 1).await?;
        if !new.is_same(&old) {
            self.current.store(Arc::new(new));
        }
        Ok(())
    }
}

/// Whether there is a trigger to listen to; listens then.
async fn listen(session: &mut Session) -> Result<bool> {
    let has_trigger = !session.ask(HAS_TRIGGER, &[]).await?.rows.is_empty();
    if has_trigger {
        session.execute("listen basalt_ddl").await?;
    }
    Ok(has_trigger)
}
