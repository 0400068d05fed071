//! The settings of the database. It opens nothing and checks nothing that needs a server.

use std::path::PathBuf;

use crate::config::{Duration, Secret, section};

section! {
    /// Where the data are. Without `admin` the kernel runs a Postgres of its own under `data_dir`.
    ///
    /// Connection strings are libpq's, as URL or as `key=value`. `sslmode=prefer`, the default, encrypts when the server
    /// offers it and believes any certificate, like libpq; `require`, `verify-ca` and `verify-full` all verify the
    /// certificate and the name, against the system's roots and `tls_roots`.
    pub struct Config {
        /// The login that owns the database: runs migrations, makes logins, cancels overdue statements. It need not be a
        /// superuser: `CREATEROLE` and `CREATE` on the database are enough; `basalt doctor` prints the SQL for a DBA.
        admin: Option<Secret> = none,
        /// The login of requests, a `NOINHERIT` member of the roles that requests may take. Made by the kernel when unset.
        authenticator: Option<Secret> = none,
        /// A PEM file of certificate authorities to trust besides the system's.
        tls_roots: Option<PathBuf> = none,
        /// The first part of the names of the logins that the kernel makes. Logins belong to the server, not to the
        /// database: two instances with databases on one server need two prefixes.
        role_prefix: String = "basalt",
        /// The most connections of all logins together.
        max_connections: u32 = 50,
        /// The most connections of one plugin's own login, so that no plugin can take them all.
        max_plugin_connections: u32 = 10,
        /// The connections of the request login that are kept open.
        min_connections: u32 = 10,
        /// The age at which a connection is replaced.
        max_lifetime: Duration = "1h",
        /// The time after which an unused connection above the minimum is closed.
        idle_timeout: Duration = "10m",
        /// The longest wait for a free connection.
        acquire_timeout: Duration = "5s",
        /// The longest that one migration of a plugin may take, waiting for locks included.
        migration_timeout: Duration = "60s",
        /// How long a start waits for the server to answer.
        connect_timeout: Duration = "60s",
        /// The directory of the server's programs (`initdb`, `postgres`) for the embedded server. Found when unset.
        bin_dir: Option<PathBuf> = none,
    }
}

/// Whether the section can be worked with.
///
/// # Errors
/// `config.invalid` when there could be no connection.
pub fn check(config: &Config) -> crate::error::Result<()> {
    for (key, count) in
        [("max_connections", config.max_connections), ("max_plugin_connections", config.max_plugin_connections)]
    {
        if count == 0 {
            let message = format!("database.{key} has to be at least 1");
            return Err(crate::error::Error::new(&crate::error::code::CONFIG_INVALID, message));
        }
    }
    Ok(())
}
