//! Connections to exactly the addresses that were looked at. It speaks no HTTP and no TLS: both are put on top of it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use hyper_util::rt::TokioIo;
use salvo::http::uri::Uri;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;

use super::Grant;
use super::host::{Host, Target, target};

/// How long resolving a name and connecting to one of its addresses may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Addresses of one name that are tried.
const ATTEMPTS: usize = 4;
/// Names that are looked up at once, by all plugins: each holds a thread, which others need for files.
static LOOKUPS: Semaphore = Semaphore::const_new(32);

/// Finds the addresses of a name.
pub(super) type Resolve = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Opens connections, as far as a grant allows.
#[derive(Clone)]
pub(super) struct Connector {
    grant: Arc<Grant>,
    resolve: Resolve,
}

/// Why no connection was tried: a name stands for an address that the grant does not allow.
#[derive(Debug)]
pub(super) struct Refused {
    target: String,
    address: Option<IpAddr>,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is not granted: it stands for {:?}", self.target, self.address)
    }
}

impl std::error::Error for Refused {}

/// As the system resolves names.
pub(super) fn system() -> Resolve {
    Arc::new(|name| lookup(name).boxed())
}

async fn lookup(name: String) -> io::Result<Vec<IpAddr>> {
    let place = LOOKUPS.acquire().await.map_err(io::Error::other)?;
    // The place is the thread's, which goes on when nobody waits any more.
    let find = move || {
        let _place = place;
        let found = std::net::ToSocketAddrs::to_socket_addrs(&(name.as_str(), 0))?;
        Ok(found.map(|address| address.ip()).collect())
    };
    tokio::task::spawn_blocking(find).await.map_err(io::Error::other)?
}

impl Connector {
    pub(super) fn new(grant: Arc<Grant>, resolve: Resolve) -> Self {
        Self { grant, resolve }
    }

    async fn connect(self, uri: Uri) -> io::Result<TokioIo<TcpStream>> {
        let until = Instant::now() + PATIENCE;
        let target = target(&uri.to_string()).map_err(io::Error::other)?.0;
        let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no connection in time");
        let addresses = timeout_at(until, self.addresses(&target)).await.map_err(late)??;
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        let tried = addresses.len().min(ATTEMPTS);
        for (at, address) in addresses.into_iter().take(ATTEMPTS).enumerate() {
            // What is left is shared, so that one address that is silent does not use up the time of the others.
            let share = until.saturating_duration_since(Instant::now()) / u32::try_from(tried - at).unwrap_or(1);
            let stream = TcpStream::connect(SocketAddr::new(address, target.port));
            match timeout_at(Instant::now() + share, stream).await.map_err(late).flatten() {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    return Ok(TokioIo::new(stream));
                }
                Err(fault) => failure = fault,
            }
        }
        Err(failure)
    }

    /// The addresses of a server. One that is not allowed spoils all: an answer that mixes them is made to deceive.
    pub(super) async fn addresses(&self, target: &Target) -> io::Result<Vec<IpAddr>> {
        let refused = |address| io::Error::other(Refused { target: target.to_string(), address });
        let patterns: Vec<_> = self.grant.hosts.iter().filter(|pattern| pattern.names(target)).collect();
        if patterns.is_empty() {
            return Err(refused(None));
        }
        let addresses = match &target.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => (self.resolve)(name.clone()).await?,
        };
        let is_foreign = |address: &&IpAddr| !patterns.iter().any(|pattern| pattern.allows(**address));
        match addresses.iter().find(is_foreign) {
            Some(address) => Err(refused(Some(*address))),
            None => Ok(addresses),
        }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        self.clone().connect(uri).boxed()
    }
}
