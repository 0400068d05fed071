//! When the snapshot is read again: told by an event trigger where there is one, by looking twice a second where not, and
//! when somebody asks for a relation that changed. It reads one at a time and keeps what it had while it cannot.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Ask, BATCH};
use crate::error::{Error, Result, code};
use crate::store::catalogue::{Catalogue, check, read};
use crate::store::session::Session;
use crate::store::wire::Address;
use crate::telemetry;

/// DDL comes in bursts: a migration is one change, not thirty.
const DEBOUNCE: Duration = Duration::from_millis(20);

/// Between two readings, and at least as long as the last one took. Everybody who can log in can notify, so this bounds
/// what a flood of notices costs.
const REST: Duration = Duration::from_millis(100);

/// Half of the second within which DDL has to be seen.
const POLL: Duration = Duration::from_millis(500);

/// After a reading failed, as it does when a view is locked.
const RETRY: Duration = Duration::from_secs(1);

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
  union all select 'p' || sum(hashtextextended(oid::text || ':' || xmin::text, 0)) from pg_proc where oid >= 16384
  union all select 'x' || sum(hashtextextended(oid::text || ':' || xmin::text, 0)) from pg_cast where oid >= 16384
  union all select 'e' || sum(hashtextextended(oid::text || ':' || xmin::text, 0)) from pg_enum
  union all select 'n' || sum(hashtextextended(oid::text || ':' || xmin::text, 0)) from pg_namespace
  union all select 'd' || sum(hashtextextended(objoid::text || '.' || objsubid::text || ':' || xmin::text, 0))
    from pg_description where objoid >= 16384) parts";

/// The task that keeps the snapshot.
pub(super) struct Watcher {
    admin: Address,
    current: Arc<ArcSwap<Catalogue>>,
    asked: mpsc::Receiver<Ask>,
    /// Whether an event trigger tells of changes.
    told: bool,
    /// The last fingerprint, where none does, and when the next is taken.
    seen: Option<String>,
    look: Instant,
    /// Those who wait for the next reading, when that is, and what it must not be before.
    waiting: Vec<oneshot::Sender<()>>,
    due: Option<Instant>,
    rested: Instant,
}

/// What happened first.
enum Event {
    Told,
    Look,
    Due,
    Asked(Ask),
}

impl Watcher {
    pub(super) fn new(
        admin: Address,
        current: Arc<ArcSwap<Catalogue>>,
        asked: mpsc::Receiver<Ask>,
        told: bool,
    ) -> Self {
        let now = Instant::now();
        Self { admin, current, asked, told, seen: None, look: now, waiting: Vec::new(), due: None, rested: now }
    }

    pub(super) async fn run(mut self, session: Session) {
        let mut session = Some(session);
        loop {
            if let Some(mut open) = session.take()
                && let Err(error) = self.watch(&mut open).await
            {
                tracing::warn!(%error, "the connection that watches the catalogue was lost");
            }
            self.waiting.clear();
            self.refuse_for(RECONNECT).await;
            session = self.reconnect().await.ok();
        }
    }

    /// Nobody waits for a database that is away.
    async fn refuse_for(&mut self, pause: Duration) {
        let refuse = async { while self.asked.recv().await.is_some() {} };
        tokio::select! {
            () = sleep(pause) => {}
            // The last who could ask is gone, and the task will be ended.
            () = refuse => sleep(pause).await,
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
            match self.next(session).await? {
                Event::Told => self.plan(DEBOUNCE),
                Event::Look => self.look(session).await?,
                Event::Due => self.read(session).await,
                Event::Asked(ask) => self.answer(session, ask).await,
            }
            if session.is_lost() {
                return Err(away());
            }
        }
    }

    async fn next(&mut self, session: &mut Session) -> Result<Event> {
        tokio::select! {
            told = session.listen(), if self.told => told.map(|_| Event::Told),
            () = sleep_until(self.look), if !self.told => Ok(Event::Look),
            () = sleep_until(self.due.unwrap_or(self.rested)), if self.due.is_some() => Ok(Event::Due),
            asked = self.asked.recv() => asked.map(Event::Asked).ok_or_else(away),
        }
    }

    /// One reading serves all who wanted one before it.
    fn plan(&mut self, pause: Duration) {
        let at = (Instant::now() + pause).max(self.rested);
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    async fn look(&mut self, session: &mut Session) -> Result<()> {
        telemetry::catalogue_work("fingerprint");
        let found = session.execute(FINGERPRINT).await?;
        let found = found.first().and_then(|result| result.rows.first()).and_then(|row| row[0].clone());
        if self.seen != found {
            self.plan(Duration::ZERO);
        }
        self.seen = found;
        self.look = Instant::now() + POLL;
        Ok(())
    }

    async fn read(&mut self, session: &mut Session) {
        self.due = None;
        let began = Instant::now();
        let outcome = self.reload(session).await;
        self.rested = Instant::now() + REST.max(began.elapsed());
        if let Err(error) = outcome {
            tracing::warn!(%error, "the catalogue could not be read; the old snapshot stays");
            self.plan(RETRY);
        }
        for waiting in self.waiting.drain(..) {
            // Whoever asked may have gone.
            let _ = waiting.send(());
        }
    }

    /// Answers all who ask at this moment, but for those whose relation has to be read first.
    async fn answer(&mut self, session: &mut Session, first: Ask) {
        let mut asks = vec![first];
        while let Some(ask) = (asks.len() < BATCH).then(|| self.asked.try_recv().ok()).flatten() {
            asks.push(ask);
        }
        let names: Vec<_> = asks.iter().map(|ask| &ask.name).collect();
        let changed = match check::changed(session, &self.current.load(), &names).await {
            Ok(changed) => changed,
            Err(error) => return tracing::warn!(%error, "the catalogue cannot be compared with the database"),
        };
        for (ask, changed) in asks.into_iter().zip(changed) {
            if changed {
                self.waiting.push(ask.answer);
            } else {
                let _ = ask.answer.send(());
            }
        }
        if !self.waiting.is_empty() {
            self.plan(Duration::ZERO);
        }
    }

    /// The version stays when nothing changed that is shown; the stamps may have.
    async fn reload(&mut self, session: &mut Session) -> Result<()> {
        let old = self.current.load_full();
        let mut new = read(session, old.version() + 1).await?;
        if new.is_same(&old) {
            new.version = old.version();
        }
        self.current.store(Arc::new(new));
        Ok(())
    }
}

fn away() -> Error {
    Error::new(&code::SQL_UNAVAILABLE, "the database cannot be reached")
}

/// Whether there is a trigger to listen to; listens then.
pub(super) async fn listen(session: &mut Session) -> Result<bool> {
    let has_trigger = !session.ask(HAS_TRIGGER, &[]).await?.rows.is_empty();
    if has_trigger {
        session.execute("listen basalt_ddl").await?;
    }
    Ok(has_trigger)
}
