//! Lines in the kernel's log, marked with the plugin and the request. It does not store them: where lines go is
//! `telemetry`'s business.

mod recent;

use std::borrow::Cow;

use wasmtime::component::{HasSelf, Linker};

use super::Call;
use super::bindings::basalt::log::log::{Host, Level, add_to_linker};

pub use recent::{Line, Recent};

/// A longer message is cut: a guest could otherwise fill a disk with one call.
const MAX_MESSAGE: usize = 8 << 10;
const MAX_FIELDS: usize = 32;
const MAX_FIELD: usize = 1 << 10;

/// What a call has logged.
#[derive(Debug, Default)]
pub struct State {
    written: u32,
    dropped: u32,
}

impl State {
    pub(super) fn written(&self) -> u32 {
        self.written
    }

    /// One line that says how many were dropped, so that the gap is seen.
    pub(super) fn report_dropped(&self, plugin: &str) {
        if self.dropped > 0 {
            tracing::warn!(plugin, dropped = self.dropped, "the plugin logged more lines than one call may");
        }
    }
}

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}

impl Host for Call {
    fn write(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        if self.log.written >= self.fixed.log_lines {
            self.log.dropped = self.log.dropped.saturating_add(1);
            return Ok(());
        }
        self.log.written += 1;
        let request = self.scope.as_ref().map(|scope| scope.request_id.as_ref()).unwrap_or_default();
        let (message, fields) = (plain(cut(&message, MAX_MESSAGE)), render(&fields));
        self.fixed.recent.push(name(level), &message, request, &fields);
        emit(level, &self.fixed.plugin, request, &message, &fields);
        Ok(())
    }
}

/// Fields as one JSON object: their names are the guest's, so they cannot be fields of the line itself.
fn render(fields: &[(String, String)]) -> String {
    let object: serde_json::Map<_, _> = fields
        .iter()
        .take(MAX_FIELDS)
        .map(|(name, value)| (cut(name, MAX_FIELD).to_owned(), cut(value, MAX_FIELD).into()))
        .collect();
    serde_json::Value::Object(object).to_string()
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Trace => "trace",
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

fn emit(level: Level, plugin: &str, request_id: &str, message: &str, fields: &str) {
    // `tracing` wants levels at compile time.
    match level {
        Level::Trace => tracing::trace!(target: "plugin", plugin, request_id, fields, "{message}"),
        Level::Debug => tracing::debug!(target: "plugin", plugin, request_id, fields, "{message}"),
        Level::Info => tracing::info!(target: "plugin", plugin, request_id, fields, "{message}"),
        Level::Warn => tracing::warn!(target: "plugin", plugin, request_id, fields, "{message}"),
        Level::Error => tracing::error!(target: "plugin", plugin, request_id, fields, "{message}"),
    }
}

/// A message on one line: a line break in it could pass for a line of the kernel's.
fn plain(message: &str) -> Cow<'_, str> {
    if message.chars().any(char::is_control) { message.escape_debug().to_string().into() } else { message.into() }
}

fn cut(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("", 8), "");
    }

    #[test]
    fn a_message_stays_on_its_line() {
        assert_eq!(plain("a\nb\x1b[2J"), "a\\nb\\u{1b}[2J");
        assert_eq!(plain("it's \"é\""), "it's \"é\"");
    }

    #[test]
    fn only_the_first_fields_are_kept() {
        let fields = vec![("k".repeat(2000), "v".to_owned()); 40];
        assert!(render(&fields).len() < 2 * MAX_FIELD, "equal names are one field");
    }
}
