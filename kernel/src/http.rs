//! The wire: connections, limits, request ids, routing, and the one place that turns errors into responses.
//!
//! It contains no feature: what a path means is a plugin's business, but for the kernel's own [`endpoint`]s.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use salvo::conn::Acceptor;
use salvo::conn::tcp::TcpAcceptor;
use salvo::fuse::FuseConfig;
use salvo::server::ServerHandle;
use salvo::{Listener, Router, Server};

pub mod answer;
mod body;
mod compress;
pub mod config;
pub mod context;
pub mod cors;
mod depth;
mod drain;
pub mod endpoint;
mod header;
mod plugin;
pub mod render;
mod stream;
mod unsent;

pub use config::Config;
pub use context::Context;

use crate::error::{Error, Result, code};

/// A bound address that does not answer yet.
pub struct Bound {
    acceptor: TcpAcceptor,
    /// Where it is, with the port that the system chose for port 0.
    pub address: SocketAddr,
}

/// Takes the configured address.
///
/// # Errors
/// `config.invalid` when another process has it.
pub async fn bind(config: &Config) -> Result<Bound> {
    let failed = |fault: String| {
        Error::new(&code::CONFIG_INVALID, format!("server.address {} cannot be used: {fault}", config.address))
            .hint("another process may have the port: set [server] address, or BASALT_SERVER_ADDRESS")
    };
    let listener = salvo::conn::TcpListener::new(config.address);
    let acceptor = listener.try_bind().await.map_err(|fault| failed(fault.to_string()))?;
    let address = acceptor.inner().local_addr().map_err(|fault| failed(fault.to_string()))?;
    debug_assert!(!acceptor.holdings().is_empty());
    Ok(Bound { acceptor, address })
}

/// A server and the handle that stops it.
pub struct Running {
    server: Server<TcpAcceptor>,
    /// Stops it.
    pub handle: ServerHandle,
}

impl Bound {
    /// Makes a server of it.
    pub fn server(self, config: &Config) -> Running {
        let mut server = Server::new(self.acceptor)
            .max_connections(config.max_connections.get() as usize)
            .fuse_config(timeouts(config));
        // Hyper reads the head into one buffer; past it, it answers 431 itself, without a body.
        server.http1_mut().max_buf_size(config.max_headers.bytes().max(8 << 10) + config.max_url.bytes());
        server.http2_mut().max_header_list_size(u32::try_from(config.max_headers.0).unwrap_or(u32::MAX));
        let handle = server.handle();
        Running { server, handle }
    }
}

impl Running {
    /// Answers until it is stopped and the last answer is out.
    ///
    /// # Errors
    /// When the listening socket fails.
    pub async fn serve(self, context: Arc<Context>) -> Result<()> {
        let router = compress::around(Router::with_path("{**path}"), &context.config);
        let sweep = sweep(Arc::clone(&context));
        let router = router.goal(answer::Front(context));
        tokio::select! {
            served = self.server.try_serve(router) => served.map_err(Error::internal),
            never = sweep => never,
        }
    }
}

/// Looks for clients that take nothing, often enough that none is found much too late.
async fn sweep<T>(context: Arc<Context>) -> T {
    let patience = context.config.write_timeout.0;
    let mut ticks = tokio::time::interval((patience / 4).max(Duration::from_millis(50)));
    loop {
        ticks.tick().await;
        context.unsent.sweep(patience);
    }
}

/// A client that sends a byte a second must not hold a connection for ever.
fn timeouts(config: &Config) -> FuseConfig {
    FuseConfig::strict()
        .with_http1_header_timeout(config.header_timeout.0)
        .with_connection_idle_timeout(config.idle_timeout.0)
        .with_write_stall_timeout(config.write_timeout.0)
        // `body::read` has a stricter one, over the whole body, and answers.
        .with_request_body_timeout(None)
}
