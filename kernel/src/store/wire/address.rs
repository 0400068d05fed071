//! Where a server is and who logs in: a libpq connection string, and the opening of its socket.
//!
//! It does not try again: whoever connects knows how long that is worth.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use postgres_protocol::message::frontend;
use rustix::net::sockopt;
use tokio::net::{TcpStream, UnixStream};
use tokio_postgres::config::{Host, SslMode};

use super::{Stream, Wire, tls};
use crate::error::{Error, Result, code};

/// Longer than a healthy server takes over any network; libpq's default would be for ever.
const PATIENCE: Duration = Duration::from_secs(10);

/// A login on a server.
#[derive(Clone)]
pub(crate) struct Address {
    config: tokio_postgres::Config,
    tls: tls::Policy,
    /// Parameters of the session that `RESET` and `DISCARD` go back to.
    pub(crate) settings: Vec<(String, String)>,
}

impl Address {
    /// Reads a libpq URL or `key=value` string; the fault never shows it, for it holds a password.
    pub(crate) fn parse(text: &str, roots: Option<&PathBuf>) -> Result<Self> {
        // The parser knows no `verify-…`; here every mode from `require` on verifies.
        let text =
            text.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
        let config: tokio_postgres::Config = text.parse().map_err(|fault| {
            Error::new(&code::CONFIG_INVALID, format!("the database's connection string is not valid: {fault}"))
        })?;
        let tls = tls::Policy::new(config.get_ssl_mode(), roots)?;
        Ok(Self { config, tls, settings: Vec::new() })
    }

    /// A server on a Unix socket.
    pub(crate) fn local(directory: PathBuf, port: u16, database: &str, user: &str, password: &str) -> Self {
        let mut config = tokio_postgres::Config::new();
        config.host_path(directory).port(port).dbname(database).user(user).password(password);
        config.ssl_mode(SslMode::Disable);
        Self { config, tls: tls::Policy::Off, settings: Vec::new() }
    }

    /// Another login on the same server and database.
    pub(crate) fn login(&self, user: &str, password: &str) -> Self {
        let mut other = self.clone();
        other.config.user(user).password(password).dbname(self.database());
        other
    }

    pub(crate) fn user(&self) -> &str {
        self.config.get_user().unwrap_or("postgres")
    }

    pub(crate) fn password(&self) -> Option<&[u8]> {
        self.config.get_password()
    }

    pub(crate) fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_else(|| self.user())
    }

    /// Where the server is, for people: `db.example.com:5432`.
    pub(crate) fn place(&self) -> String {
        let hosts = self.config.get_hosts().iter().enumerate().map(|(at, host)| match host {
            Host::Unix(directory) => format!("{}/.s.PGSQL.{}", directory.display(), self.port(at)),
            Host::Tcp(name) => format!("{name}:{}", self.port(at)),
        });
        hosts.collect::<Vec<_>>().join(", ")
    }

    /// A socket to the first of the hosts that answers, encrypted as the policy says.
    pub(crate) async fn dial(&self) -> io::Result<Wire> {
        let mut last = io::Error::new(io::ErrorKind::InvalidInput, "the connection string names no host");
        for (at, host) in self.config.get_hosts().iter().enumerate() {
            match self.dial_host(host, self.port(at)).await {
                Ok(stream) => return Ok(Wire::new(stream)),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    fn port(&self, at: usize) -> u16 {
        let ports = self.config.get_ports();
        ports.get(at).or(ports.first()).copied().unwrap_or(5432)
    }

    async fn dial_host(&self, host: &Host, port: u16) -> io::Result<Box<dyn Stream>> {
        let patience = self.config.get_connect_timeout().copied().unwrap_or(PATIENCE);
        let dialled = async {
            match host {
                Host::Unix(directory) => {
                    let path = directory.join(format!(".s.PGSQL.{port}"));
                    Ok(Box::new(UnixStream::connect(path).await?) as Box<dyn Stream>)
                }
                Host::Tcp(name) => {
                    let stream = TcpStream::connect((name.as_str(), port)).await?;
                    stream.set_nodelay(true)?;
                    keep_alive(&stream)?;
                    self.tls.secure(stream, name).await
                }
            }
        };
        tokio::time::timeout(patience, dialled).await?
    }

    /// Asks the server to stop what a session is doing, over a connection of its own.
    pub(crate) async fn cancel(&self, process: i32, secret: i32) -> io::Result<()> {
        let mut wire = self.dial().await?;
        frontend::cancel_request(process, secret, &mut wire.outbox);
        wire.flush().await
    }
}

/// A server that vanishes without a word is noticed within a minute, by the connection that only listens too.
fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, Duration::from_secs(30))?;
    sockopt::set_tcp_keepintvl(stream, Duration::from_secs(10))?;
    sockopt::set_tcp_keepcnt(stream, 3)?;
    Ok(())
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{:?}/{}", self.user(), self.config.get_hosts(), self.database())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_login_keeps_the_database() {
        let address = Address::parse("postgres://boss:x@db.example:6000/shop", None).expect("valid");
        let other = address.login("clerk", "y");
        assert_eq!((other.user(), other.database(), other.port(0)), ("clerk", "shop", 6000));
    }

    #[test]
    fn the_database_without_a_name_is_the_first_logins() {
        let address = Address::parse("host=/tmp user=boss", None).expect("valid");
        assert_eq!(address.login("clerk", "y").database(), "boss");
    }

    #[test]
    fn every_mode_of_libpq_is_read_and_no_fault_shows_the_password() {
        for mode in ["disable", "prefer", "require", "verify-ca", "verify-full"] {
            Address::parse(&format!("postgres://u:p@h/d?sslmode={mode}"), None).expect("valid");
        }
        let fault = Address::parse("postgres://u:hunter2@h:port/d", None).expect_err("no port");
        assert!(!fault.to_string().contains("hunter2"), "{fault}");
    }
}
