//! The admin's short errands: a session for one task, of a kernel or of a command beside it.
//!
//! Nothing that a plugin or a request has a part in runs here.

use std::ops::{Deref, DerefMut};
use std::path::Path;

use super::embedded::{self, Embedded};
use super::session::Session;
use super::wire::Address;
use super::{Config, Store, migrate};
use crate::error::Result;

/// A session of the admin's. It says good-bye when it is dropped, which ends an open transaction too.
pub(crate) struct Visit(Option<Session>);

impl Store {
    pub(super) async fn visit(&self) -> Result<Visit> {
        Session::open(self.admin()).await.map(|session| Visit(Some(session)))
    }
}

impl Deref for Visit {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.0.as_ref().expect("held until dropped")
    }
}

impl DerefMut for Visit {
    fn deref_mut(&mut self) -> &mut Session {
        self.0.as_mut().expect("held until dropped")
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(session) = self.0.take().filter(|session| !session.is_busy())
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(session.close());
        }
    }
}

/// The database of an instance that another process may be serving, for commands.
///
/// Without `database.admin` it is the embedded server's, started for the purpose if nobody runs it.
pub struct Desk {
    pub(super) session: Session,
    embedded: Option<Embedded>,
}

impl Desk {
    /// Opens it, and brings its tables up to this version.
    ///
    /// # Errors
    /// When the server cannot be reached or started, or lacks a privilege.
    pub async fn open(config: &Config, data_dir: &Path) -> Result<Self> {
        let (admin, embedded) = match &config.admin {
            Some(text) => (Address::parse(text.expose(), config.tls_roots.as_ref())?, None),
            None => match embedded::running(data_dir).await {
                Some(admin) => (admin, None),
                None => {
                    let embedded = Embedded::start(config, data_dir).await?;
                    (embedded.admin(), Some(embedded))
                }
            },
        };
        match open(&admin).await {
            Ok(session) => Ok(Self { session, embedded }),
            Err(error) => {
                stop(embedded).await;
                Err(error)
            }
        }
    }

    /// Closes the session, and stops the server when it was started for it.
    pub async fn close(self) {
        self.session.close().await;
        stop(self.embedded).await;
    }
}

async fn open(admin: &Address) -> Result<Session> {
    let mut session = Session::open(admin).await?;
    migrate::migrate(&mut session, admin).await?;
    Ok(session)
}

async fn stop(embedded: Option<Embedded>) {
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
}
