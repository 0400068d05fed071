//! Postgres: the server (ours or the operator's), its logins, the pool, transactions, migrations and the catalogue.
//!
//! Everything that reaches the database goes through here. It knows no plugins beyond their names, and no HTTP.

mod catalogue;
mod config;
mod deadline;
mod embedded;
mod fault;
pub mod identity;
mod key;
mod login;
mod migrate;
mod notice;
mod operator;
pub mod plugin;
mod pool;
mod privilege;
mod rows;
pub mod secret;
mod session;
mod survey;
mod tx;
mod visit;
mod wire;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use catalogue::{Catalogue, Relation};
pub use config::{Config, check};
pub(crate) use embedded::{LOCK as EMBEDDED_LOCK, PASSWORD as PASSWORD_FILE, has_data as has_embedded_data};
pub use key::InstanceKey;
pub(crate) use key::{FILE as KEY_FILE, secret_file};
pub use login::{Login, Reach, TableName, Verb};
pub use migrate::Migrated;
pub use pool::Stats;
pub use rows::{Column, Parameter, Rows};
pub use session::{ResultSet, Script};
pub use survey::{Facts, Survey, survey};
pub use tx::{Access, Actor, Limits, Transaction};
pub use visit::Desk;

use crate::error::{Error, Result, code};
use catalogue::Watch;
use deadline::Control;
use embedded::Embedded;
use notice::Notice;
use pool::Pool;
use session::Session;
use wire::Address;

/// The first pause between attempts to reach a server that starts; it doubles up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LAST_PAUSE: Duration = Duration::from_secs(2);

/// The database of an instance. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    config: Config,
    key: InstanceKey,
    admin: Address,
    authenticator: Login,
    keeper: Login,
    control: Control,
    pool: Pool,
    watch: Watch,
    notice: Notice,
    embedded: Option<Embedded>,
}

impl Store {
    /// Starts or reaches the server, migrates it, and reads the catalogue.
    pub async fn open(config: &Config, data_dir: &Path, key: &InstanceKey) -> Result<Self> {
        let (admin, embedded) = match &config.admin {
            Some(text) => (Address::parse(text.expose(), config.tls_roots.as_ref())?, None),
            None => {
                let embedded = Embedded::start(config, data_dir).await?;
                (embedded.admin(), Some(embedded))
            }
        };
        match Self::assemble(config, key, admin).await {
            Ok(parts) => Ok(Self(Arc::new(Inner { embedded, ..parts }))),
            Err(error) => {
                if let Some(embedded) = embedded {
                    embedded.stop().await;
                }
                Err(error)
            }
        }
    }

    async fn assemble(config: &Config, key: &InstanceKey, admin: Address) -> Result<Inner> {
        let mut session = reach(&admin, config.connect_timeout.0).await?;
        privilege::check_version(&session)?;
        migrate::migrate(&mut session, &admin).await?;
        let watching = Session::open(&admin).await?;
        let (authenticator, keeper, watch, notice) = tokio::try_join!(
            login::authenticator(&admin, config, key),
            login::keeper(&admin, config, key),
            Watch::start(admin.clone(), watching),
            Notice::start(admin.clone())
        )?;
        let control = Control::new(admin.clone(), session);
        let pool = Pool::new(config, control.clone());
        pool.keep(authenticator.clone());
        let (config, key) = (config.clone(), key.clone());
        Ok(Inner { config, key, admin, authenticator, keeper, control, pool, watch, notice, embedded: None })
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<()> {
        let overdue = || Error::new(&code::SQL_UNAVAILABLE, "the database does not answer");
        tokio::time::timeout(LAST_PAUSE, self.0.control.ping()).await.unwrap_or_else(|_| Err(overdue()))
    }

    /// The snapshot of the catalogue.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.0.watch.current()
    }

    /// A snapshot of the catalogue that shows this relation as it is now.
    pub async fn recheck(&self, schema: &str, name: &str) -> Arc<Catalogue> {
        self.0.watch.recheck(schema, name).await
    }

    /// A number that changes when plugins were installed, changed or removed, on whichever node.
    pub fn plugins_changed(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.notice.plugins()
    }

    /// The connections by login.
    pub fn stats(&self) -> Vec<Stats> {
        self.0.pool.stats()
    }

    /// Runs a script as the admin: for the operator at the command line, never for a request.
    pub async fn execute_script(&self, sql: &str) -> Result<Script> {
        execute_script(self.admin(), sql).await
    }

    /// The kernel's migrations and whether they have run.
    pub async fn migrations(&self) -> Result<Vec<Migrated>> {
        let mut session = Session::open(self.admin()).await?;
        let list = migrate::list(&mut session).await;
        session.close().await;
        list
    }

    /// Closes the connections, and stops the server when it is ours.
    pub async fn close(&self) {
        self.0.watch.stop();
        self.0.notice.stop();
        self.0.pool.close().await;
        self.0.control.close().await;
        if let Some(embedded) = &self.0.embedded {
            embedded.stop().await;
        }
    }

    /// How many connections at once somebody may use who asks for so many: at most three quarters of all.
    pub fn share(&self, wanted: u32) -> usize {
        let all = self.config().max_connections;
        wanted.min((all - all / 4).max(1)) as usize
    }

    fn config(&self) -> &Config {
        &self.0.config
    }

    /// The key of the instance.
    pub fn key(&self) -> &InstanceKey {
        &self.0.key
    }

    fn control(&self) -> &Control {
        &self.0.control
    }

    fn notice(&self) -> &Notice {
        &self.0.notice
    }

    fn admin(&self) -> &Address {
        &self.0.admin
    }

    fn authenticator(&self) -> &Login {
        &self.0.authenticator
    }

    fn keeper(&self) -> &Login {
        &self.0.keeper
    }

    fn pool(&self) -> &Pool {
        &self.0.pool
    }
}

/// Runs a script as the admin of an instance that another process may be serving: `basalt sql`.
///
/// Without `database.admin` it uses the embedded server of the data directory, started for the purpose if nobody runs it.
pub async fn run_script(config: &Config, data_dir: &Path, sql: &str) -> Result<Script> {
    if let Some(text) = &config.admin {
        return execute_script(&Address::parse(text.expose(), config.tls_roots.as_ref())?, sql).await;
    }
    if let Some(admin) = embedded::running(data_dir).await {
        return execute_script(&admin, sql).await;
    }
    let embedded = Embedded::start(config, data_dir).await?;
    let script = execute_script(&embedded.admin(), sql).await;
    embedded.stop().await;
    script
}

async fn execute_script(admin: &Address, sql: &str) -> Result<Script> {
    let mut session = Session::open(admin).await?;
    let script = session.script(sql).await;
    session.close().await;
    script
}

/// Logs in to a server that may still be starting.
async fn reach(admin: &Address, patience: Duration) -> Result<Session> {
    let until = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    loop {
        match Session::open(admin).await {
            Ok(session) => return Ok(session),
            Err(error) if !is_passing(&error) || Instant::now() + pause > until => return Err(unreachable(error)),
            Err(error) => tracing::info!(%error, "waiting for the database"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Unreachable, starting, stopping or full: waiting may help. A wrong password or certificate stays wrong.
fn is_passing(error: &Error) -> bool {
    let network = error.source.as_ref().and_then(|source| source.downcast_ref::<std::io::Error>());
    if network.is_some_and(|fault| fault.kind() == std::io::ErrorKind::InvalidData) {
        return false;
    }
    error.code == code::SQL_UNAVAILABLE.name || error.code.starts_with("57P") || error.code == "53300"
}

fn unreachable(error: Error) -> Error {
    let message = format!("the database of `database.admin` cannot be used: {}", error.message);
    Error::new(&code::STORE_UNREACHABLE, message)
        .hint("is `database.admin` right, and is the server running?")
        .source(error)
}
