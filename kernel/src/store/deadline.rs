//! Ends statements that nobody waits for any more.
//!
//! Dropping a future does not stop a query, and a plugin can `set statement_timeout = 0`; so a connection of the admin's
//! cancels it, and ends its process when that does not help. A session that was aimed at is closed, never used again: a
//! late signal would hit the next statement. It does not watch clocks: each statement's own call does.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::session::Session;
use super::wire::Address;
use super::{Login, Parameter};
use crate::error::Result;

/// How long a cancelled statement may take to end, and how long the control connection may take to say that it was told.
const GRACE: Duration = Duration::from_secs(1);

/// The control connection.
#[derive(Clone)]
pub(crate) struct Control {
    admin: Address,
    session: Arc<Mutex<Option<Session>>>,
}

impl Control {
    pub(crate) fn new(admin: Address, session: Session) -> Self {
        Self { admin, session: Arc::new(Mutex::new(Some(session))) }
    }

    /// Stops what a session is doing and closes it.
    pub(crate) async fn end(&self, mut session: Session, address: &Address) {
        let (process, secret) = (session.greeting.process, session.greeting.secret);
        if !self.signal("select pg_cancel_backend($1)", process).await {
            // Works without the admin, who may be out of connections or lack the privilege.
            let _ = timeout(GRACE, address.cancel(process, secret)).await;
        }
        if timeout(GRACE, session.settle()).await.is_err()
            && !self.signal("select pg_terminate_backend($1)", process).await
        {
            tracing::warn!(process, "a statement could be neither cancelled nor ended");
        }
        session.close().await;
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<()> {
        self.ask("select 1", &[]).await.map(drop)
    }

    /// Gives a login its password back. Whether that worked.
    pub(crate) async fn mend(&self, login: &Login) -> bool {
        let Some(sql) = login.mending() else { return false };
        tracing::warn!(login = login.name(), "the login has another password than the kernel gave it: setting it");
        matches!(timeout(GRACE, self.ask(&sql, &[])).await, Ok(Ok(_)))
    }

    pub(crate) async fn close(&self) {
        if let Some(session) = self.session.lock().await.take() {
            session.close().await;
        }
    }

    async fn signal(&self, sql: &str, process: i32) -> bool {
        let process = [Parameter::Text(process.to_string())];
        let asked = timeout(GRACE, self.ask(sql, &process)).await;
        matches!(asked, Ok(Ok(answer)) if answer.as_deref() == Some("t"))
    }

    /// The first value of a statement's result, over the connection that is open or a new one.
    pub(crate) async fn ask(&self, sql: &str, parameters: &[Parameter]) -> Result<Option<String>> {
        let mut kept = self.session.lock().await;
        // Taken out, so that a call which is dropped half-way does not leave half an answer for the next.
        let mut open = kept.take();
        let mut session = match open.take_if(|session| !session.has_ended()) {
            Some(session) => session,
            None => Session::open(&self.admin).await?,
        };
        let answer = session.ask(sql, parameters).await?;
        *kept = Some(session);
        let first = answer
            .rows
            .first()
            .and_then(|row| super::rows::Values::new(row).next().flatten().map(|range| row.slice(range)));
        Ok(first.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}
