//! A Postgres of the instance's own, for whoever configured none: under the data directory, on a private Unix socket.
//!
//! One kernel at a time (a lock), one server at a time: a server that outlived its kernel is taken over. It tunes
//! nothing beyond what a shared machine asks for; `postgresql.conf` is the operator's.

mod find;
mod initialise;
mod place;
mod process;
mod supervise;

use std::fs::{File, TryLockError};
use std::path::Path;

use super::session::Session;
use super::wire::Address;
use super::{Config, key};
use crate::error::{Error, Result, code};
use place::Place;
use supervise::Supervisor;

pub(crate) const LOCK: &str = "lock";
pub(crate) const PASSWORD: &str = "postgres.password";

/// The server's superuser and its database, as every tool expects them.
const USER: &str = "postgres";

/// The port only names the socket.
const PORT: u16 = 5432;

/// The embedded server, while it runs.
pub(crate) struct Embedded {
    admin: Address,
    supervisor: Supervisor,
}

/// What it takes to run the server.
struct Server {
    place: Place,
    programs: find::Programs,
    admin: Address,
    connections: u32,
    /// Held for as long as the server is ours.
    _lock: File,
}

impl Embedded {
    /// Takes the data directory, and starts its server or takes over the one that runs.
    pub(crate) async fn start(config: &Config, data_dir: &Path) -> Result<Self> {
        let lock = lock(data_dir)?;
        let place = Place::choose(data_dir)?;
        let admin = address(&place, &key::secret_file(&data_dir.join(PASSWORD))?);
        let programs = find::find(config.bin_dir.as_deref(), place.version()?)?;
        // Beyond the pool: the control connection, the catalogue's, `basalt sql`, backups.
        let connections = config.max_connections + 20;
        let server = Server { place, programs, admin: admin.clone(), connections, _lock: lock };
        initialise::initialise(&server).await?;
        let supervisor = Supervisor::start(server).await?;
        Ok(Self { admin, supervisor })
    }

    /// The superuser's login.
    pub(crate) fn admin(&self) -> Address {
        self.admin.clone()
    }

    /// Ends the server cleanly.
    pub(crate) async fn stop(&self) {
        self.supervisor.stop().await;
    }
}

/// The login of the server of this data directory, if it runs.
pub(crate) async fn running(data_dir: &Path) -> Option<Address> {
    let password = std::fs::read_to_string(data_dir.join(PASSWORD)).ok()?;
    let admin = address(&Place::existing(data_dir)?, &password);
    Session::open(&admin).await.ok()?.close().await;
    Some(admin)
}

/// What would run the server of this data directory, for `basalt doctor`.
pub(crate) fn programs(config: &Config, data_dir: &Path) -> Result<u32> {
    find::find(config.bin_dir.as_deref(), place::version(data_dir)?).map(|programs| programs.version)
}

/// Whether the data directory has a database.
pub(crate) fn has_data(data_dir: &Path) -> bool {
    place::version(data_dir).is_ok_and(|version| version.is_some())
}

fn address(place: &Place, password: &str) -> Address {
    Address::local(place.sockets.clone(), PORT, USER, USER, password)
}

fn lock(data_dir: &Path) -> Result<File> {
    let path = data_dir.join(LOCK);
    let opened = std::fs::create_dir_all(data_dir).and_then(|()| File::create(&path));
    let file = opened.map_err(|fault| broken(format!("{} cannot be written: {fault}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let message = format!("another kernel uses the data directory {}", data_dir.display());
            Err(Error::new(&code::STORE_LOCKED, message).hint("stop it, or give this one another `data_dir`"))
        }
        Err(TryLockError::Error(fault)) => Err(broken(format!("{} cannot be locked: {fault}", path.display()))),
    }
}

fn broken(message: impl Into<String>) -> Error {
    Error::new(&code::STORE_EMBEDDED, message)
}
