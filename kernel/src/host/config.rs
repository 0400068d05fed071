//! `[host]` and `[host.limits]`: how plugins run unless `[plugins.<id>.limits]` says otherwise.

use std::num::NonZeroU32;
use std::path::PathBuf;

use super::engine::MAX_MEMORY;
use crate::config::{Duration, Size, section};
use crate::error::{Error, Result, code};

section! {
    /// Where plugins come from and how their code is kept.
    pub struct Config {
        /// A folder with plugins (`*.wasm`) and their preset (`bundle.toml`). Unset: the plugins inside the binary.
        bundle: Option<PathBuf> = none,
        /// Plugins that run at once, in all; each holds a reserved slot of memory.
        max_instances: NonZeroU32 = 1000,
        /// Memory of all plugins together: of their instances, in use or not, and what the host holds for their calls. When it
        /// is used up, instances that wait for a call are dropped, the longest unused first; then calls are answered 503.
        memory: Size = "2GiB",
        /// A PEM file with certificates that plugins' requests to servers outside trust, beside the system's (those of
        /// `SSL_CERT_FILE` where that is set): for authorities of your own.
        fetch_roots: Option<PathBuf> = none,
        /// Memory that compiling one installed plugin may take, in a process of its own.
        compile_memory: Size = "2GiB",
        /// Time of processors that compiling one installed plugin may take, all its threads together; in whole seconds.
        compile_time: Duration = "2m",
    }
}

section! {
    /// What one call of a plugin may use. Each can be set for one plugin in `[plugins.<id>.limits]`.
    pub struct Limits {
        /// Linear memory of one instance.
        memory: Size = "64MiB",
        /// Host memory that the handles of one call may stand for: bodies and results.
        host_memory: Size = "128MiB",
        /// Computation of one call, in units of about one WebAssembly instruction; 1,000,000,000 is roughly a second.
        fuel: u64 = 2_000_000_000,
        /// Wall time of one call, waiting included.
        deadline: Duration = "10s",
        /// Calls that run at once; more wait until their deadline.
        concurrency: NonZeroU32 = 64,
        /// Bytes of one request's body.
        request: Size = "1MiB",
        /// Bytes of one response.
        response: Size = "32MiB",
        /// Calls that stream at once, a request or an answer, of those in `concurrency`; more are answered 503.
        streams: u32 = 16,
        /// How long one of them may last. `deadline` is then the longest time from one piece to the next, waiting for the client
        /// not counted.
        stream_time: Duration = "10m",
        /// Bytes of one streamed answer, and of one request's body on a route that streams.
        stream_bytes: Size = "1GiB",
        /// How long the client of a streamed answer may take nothing of it.
        stream_stall: Duration = "30s",
        /// Rows of one SQL result.
        sql_rows: u32 = 100_000,
        /// Bytes of one SQL result.
        sql_bytes: Size = "32MiB",
        /// Time that one call may spend in SQL, waiting for a connection included.
        sql_time: Duration = "10s",
        /// Statements that one call may run; opening a transaction is one.
        sql_statements: u32 = 1000,
        /// Statements and transactions of the plugin at once, over all its calls; more wait. Never more than three quarters of
        /// `database.max_connections`, so that some are left for others.
        sql_connections: NonZeroU32 = 32,
        /// Calls of other plugins that one call may make.
        dispatches: u32 = 50,
        /// Requests to servers outside that one call may make.
        fetches: u32 = 20,
        /// Bytes of these requests' bodies and of the answers', all together.
        fetch_bytes: Size = "32MiB",
        /// Bytes of one such answer's body.
        fetch_response: Size = "8MiB",
        /// Lines that one call may log; more are counted and dropped.
        log_lines: u32 = 100,
        /// Whether an instance answers many calls. `false` makes a fresh one for each call, so that nothing a plugin
        /// keeps in its memory outlives a call; that costs tens of microseconds.
        reuse: bool = true,
        /// Failures in a row (a crash, a time-out, no fuel, no memory) after which the plugin is left alone; or as many within
        /// ten seconds when they are half of its calls. 0: it never is.
        breaker_failures: u32 = 20,
        /// How long it is left alone before one call is tried.
        breaker_pause: Duration = "5s",
    }
}

/// Whether limits can be kept.
///
/// # Errors
/// `config.invalid` when a memory does not fit a slot of the pool.
pub fn check(path: &str, limits: &Limits) -> Result<()> {
    if limits.memory.bytes() <= MAX_MEMORY {
        return Ok(());
    }
    Err(Error::new(&code::CONFIG_INVALID, format!("{path}.memory is over {} MiB", MAX_MEMORY >> 20)))
}
