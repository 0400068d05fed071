//! The machine's time, or the one that a test sets. It deliberately does not run once it is set.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime};

use super::state;

/// Microseconds since the Unix epoch.
pub fn now() -> i64 {
    state::wanted("clock");
    let now = state::with(|state| state.now).unwrap_or_else(SystemTime::now);
    match now.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => after.as_micros() as i64,
        Err(before) => -(before.duration().as_micros() as i64),
    }
}

/// Nanoseconds since some moment in the past.
pub fn monotonic() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    state::wanted("clock");
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64
}
