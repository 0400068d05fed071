//! `[server]`: where the kernel listens and what it accepts from a client before any plugin sees it.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use crate::config::{Duration, Size, section};

section! {
    /// Where the kernel listens and what it accepts.
    pub struct Config {
        /// Address and port; port 0 lets the system choose.
        address: SocketAddr = "127.0.0.1:8080",
        /// The address that clients use, when it is not `address`: behind a proxy, say.
        base_url: Option<String> = none,
        /// The longest URL.
        max_url: Size = "8KiB",
        /// The largest head of a request, the URL not counted.
        max_headers: Size = "16KiB",
        /// Connections at once; more wait to be accepted.
        max_connections: NonZeroU32 = 10_000,
        /// How long a client may take to send the head of a request.
        header_timeout: Duration = "10s",
        /// How long a client may take to send the body of a request.
        body_timeout: Duration = "30s",
        /// How long a connection may be silent.
        idle_timeout: Duration = "75s",
        /// How long running requests may take to finish when the kernel is told to stop.
        drain_timeout: Duration = "30s",
    }
}
