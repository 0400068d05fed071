//! The log, kept for the test and printed for whoever reads its output. It deliberately drops nothing.

use super::{Line, state};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Every step.
    Trace,
    /// For whoever debugs this plugin.
    Debug,
    /// What an operator may want to know.
    Info,
    /// Something odd that was coped with.
    Warn,
    /// Something that failed.
    Error,
}

/// Writes a line: a message, and fields by name.
pub fn write(level: Level, message: &str, fields: &[(String, String)]) {
    state::wanted("log");
    eprintln!("{level:?}: {message} {fields:?}");
    let line = Line { level, message: message.to_owned(), fields: fields.to_vec() };
    state::with(|state| state.log.push(line));
}
