//! Lines in the kernel's log, marked with the plugin and the request. It does not store them: where lines go is
//! `telemetry`'s business.

mod recent;

use std::borrow::Cow;
use std::sync::Arc;

use parking_lot::Mutex;
use wasmtime::component::{HasSelf, Linker};

use super::bindings::basalt::log::log::{Host, add_to_linker};
use super::{Call, Fixed};

pub(super) use super::bindings::basalt::log::log::Level;

pub use recent::{Line, Recent};

/// A longer message is cut: a guest could otherwise fill a disk with one call.
const MAX_MESSAGE: usize = 8 << 10;
const MAX_FIELDS: usize = 32;
const MAX_FIELD: usize = 1 << 10;

/// Writes an instance's lines, each marked with the request of the call that runs. Shared with the streams that a guest
/// may hold on its standard output.
#[derive(Clone)]
pub struct Pen(Arc<Shared>);

struct Shared {
    fixed: Arc<Fixed>,
    state: Mutex<State>,
}

/// What a call has logged.
#[derive(Default)]
struct State {
    request: Option<Arc<str>>,
    written: u32,
    dropped: u32,
    /// Of standard output and error: the beginning of a line.
    begun: [Vec<u8>; 2],
}

/// Which of a program's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Output,
    Error,
}

impl Stream {
    fn level(self) -> Level {
        match self {
            Self::Output => Level::Info,
            Self::Error => Level::Warn,
        }
    }
}

impl Pen {
    pub(super) fn new(fixed: Arc<Fixed>) -> Self {
        Self(Arc::new(Shared { fixed, state: Mutex::default() }))
    }

    /// Enters the call of a request.
    pub(super) fn begin(&self, request: &Arc<str>) {
        *self.0.state.lock() = State { request: Some(Arc::clone(request)), ..State::default() };
    }

    /// Leaves the call: what it began to write is written, and how many lines were dropped is said, so that the gap is seen.
    pub(super) fn end(&self) {
        let mut state = self.0.state.lock();
        for stream in [Stream::Output, Stream::Error] {
            let begun = std::mem::take(&mut state.begun[stream as usize]);
            self.0.line(&mut state, stream, &begun);
        }
        let State { dropped, .. } = std::mem::take(&mut *state);
        if dropped > 0 {
            let plugin = &self.0.fixed.plugin;
            tracing::warn!(plugin, dropped, "the plugin logged more lines than one call may");
        }
    }

    pub(super) fn written(&self) -> u32 {
        self.0.state.lock().written
    }

    /// One line, as far as the call may still write.
    pub(super) fn write(&self, level: Level, message: &str, fields: &[(String, String)]) {
        self.0.write(&mut self.0.state.lock(), level, message, fields);
    }

    /// Bytes of a stream: each line of it is a line here.
    pub(super) fn print(&self, stream: Stream, bytes: &[u8]) {
        let mut state = self.0.state.lock();
        let mut begun = std::mem::take(&mut state.begun[stream as usize]);
        let mut rest = bytes;
        while !rest.is_empty() {
            let part = &rest[..rest.len().min(MAX_MESSAGE - begun.len())];
            let end = part.iter().position(|byte| *byte == b'\n').map_or(part.len(), |at| at + 1);
            begun.extend_from_slice(&part[..end]);
            rest = &rest[end..];
            // One without an end is written in pieces.
            if begun.ends_with(b"\n") || begun.len() == MAX_MESSAGE {
                self.0.line(&mut state, stream, &begun);
                begun.clear();
            }
        }
        state.begun[stream as usize] = begun;
    }
}

impl Shared {
    fn line(&self, state: &mut State, stream: Stream, line: &[u8]) {
        let line = line.trim_ascii_end();
        if !line.is_empty() {
            self.write(state, stream.level(), &String::from_utf8_lossy(line), &[]);
        }
    }

    fn write(&self, state: &mut State, level: Level, message: &str, fields: &[(String, String)]) {
        if state.written >= self.fixed.log_lines {
            state.dropped = state.dropped.saturating_add(1);
            return;
        }
        state.written += 1;
        let request = state.request.as_deref().unwrap_or_default();
        let (message, fields) = (plain(cut(message, MAX_MESSAGE)), render(fields));
        self.fixed.recent.push(name(level), &message, request, &fields);
        emit(level, &self.fixed.plugin, request, &message, &fields);
    }
}

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}

impl Host for Call {
    fn write(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        self.log.write(level, &message, &fields);
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
