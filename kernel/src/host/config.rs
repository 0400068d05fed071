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
        /// Rows of one SQL result.
        sql_rows: u32 = 100_000,
        /// Bytes of one SQL result.
        sql_bytes: Size = "32MiB",
        /// Lines that one call may log; more are counted and dropped.
        log_lines: u32 = 100,
        /// Requests that one call may send to other routes of this instance.
        dispatches: u32 = 50,
        /// Whether an instance answers many calls. `false` makes a fresh one for each call, so that nothing a plugin
        /// keeps in its memory outlives a call; that costs tens of microseconds.
        reuse: bool = true,
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
