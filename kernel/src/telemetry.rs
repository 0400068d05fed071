//! Logs and metrics. The names of metrics are a closed list here; nothing above makes one of its own.

mod metric;

pub use metric::{
    DB_CONNECTIONS, HOST_MEMORY, HTTP_STREAMS, HTTP_UNSENT, PLUGIN_INSTANCES, PLUGIN_LIVE, PluginMetric,
    REQUESTS_IN_FLIGHT, catalogue_work, http_request, http_stream_ended, http_streamed, render as render_metrics,
    start as start_uptime,
};

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use crate::config::section;
use crate::error::{Error, Result, code};

section! {
    /// The log, on standard error.
    pub struct Config {
        /// `pretty` for people, `json` for machines.
        format: Format = "pretty",
        /// The least severe level written: `error`, `warn`, `info`, `debug`, `trace`; by module: `info,plugin=debug`.
        level: String = "info",
    }
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Whether the section can be worked with.
///
/// # Errors
/// `config.invalid` when the level cannot be read.
pub fn check(config: &Config) -> Result<()> {
    filter(config).map(drop)
}

fn filter(config: &Config) -> Result<EnvFilter> {
    EnvFilter::builder()
        .parse(&config.level)
        .map_err(|fault| Error::new(&code::CONFIG_INVALID, format!("log.level: {fault}")))
}

/// Starts the log. Once per process; a second call changes nothing.
///
/// # Errors
/// `config.invalid` when the level cannot be read.
pub fn start(config: &Config) -> Result<()> {
    let filter = filter(config)?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match config.format {
        Format::Json => log.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
        Format::Pretty => log.with_target(false).with_ansi(is_terminal()).try_init(),
    };
    drop(started);
    Ok(())
}

fn is_terminal() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal()
}
