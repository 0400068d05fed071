//! `[server]`: where the kernel listens and what it accepts from a client before any plugin sees it.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use crate::config::{Duration, Size, section};
use crate::error::{Error, Result, code};

section! {
    /// Where the kernel listens and what it accepts.
    pub struct Config {
        /// Address and port; port 0 lets the system choose.
        address: SocketAddr = "127.0.0.1:8080",
        /// The longest URL.
        max_url: Size = "8KiB",
        /// The largest head of a request, the URL not counted.
        max_headers: Size = "16KiB",
        /// Connections at once; more wait to be accepted.
        max_connections: NonZeroU32 = 10_000,
        /// Requests to plugins at once, in all; more are answered 503. A connection can carry many.
        max_requests: NonZeroU32 = 1024,
        /// Bytes of answers that clients have not taken yet, over all connections. An answer may have half of what is left; one that
        /// is larger is answered 503 in its place.
        max_unsent: Size = "512MiB",
        /// Levels of nesting in a request's JSON.
        max_json_depth: u32 = 64,
        /// How long a client may take to send the head of a request.
        header_timeout: Duration = "10s",
        /// How long a client may take to send the body of a request.
        body_timeout: Duration = "30s",
        /// How long a client may take no byte of an answer.
        write_timeout: Duration = "30s",
        /// How long a connection may be silent; has to be more than the longest deadline of a plugin.
        idle_timeout: Duration = "75s",
        /// How long the kernel goes on as before when it is told to stop, but for `/ready`, which fails: as long as it
        /// takes your balancer to notice.
        drain_delay: Duration = "0s",
        /// How long running requests may take to finish when the kernel is told to stop.
        drain_timeout: Duration = "30s",
        /// Whether answers of text are compressed, with brotli or gzip, for clients that accept it.
        compression: bool = true,
        /// The smallest answer that is compressed.
        compression_threshold: Size = "1KiB",
    }
}

/// What a head may have at most; each connection reserves it.
const MAX_HEAD: u64 = 1 << 20;

/// Whether the section can be worked with.
///
/// # Errors
/// `config.invalid` for a head that would take too much of every connection's memory.
pub fn check(config: &Config) -> Result<()> {
    for (key, size) in [("max_url", config.max_url), ("max_headers", config.max_headers)] {
        if size.0 > MAX_HEAD {
            return Err(Error::new(&code::CONFIG_INVALID, format!("server.{key} is over 1 MiB")));
        }
    }
    Ok(())
}
