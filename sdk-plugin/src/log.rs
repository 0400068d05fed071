//! Lines in the kernel's log, marked with the plugin and the request. It deliberately is not the `log` crate's backend:
//! dependencies of a plugin do not get to write into the operator's log unasked.

pub use crate::bindings::basalt::log::log::Level;
use crate::bindings::basalt::log::log::write as host_write;

/// Writes a line with fields.
pub fn write(level: Level, message: &str, fields: &[(String, String)]) {
    host_write(level, message, fields);
}

/// Writes a line for whoever debugs this plugin step by step.
pub fn trace(message: &str) {
    write(Level::Trace, message, &[]);
}

/// Writes a line for whoever debugs this plugin.
pub fn debug(message: &str) {
    write(Level::Debug, message, &[]);
}

/// Writes a line that an operator may want to know.
pub fn info(message: &str) {
    write(Level::Info, message, &[]);
}

/// Writes a line about something odd that was coped with.
pub fn warn(message: &str) {
    write(Level::Warn, message, &[]);
}

/// Writes a line about something that failed.
pub fn error(message: &str) {
    write(Level::Error, message, &[]);
}
