//! What time it is. It deliberately does not sleep: a plugin's time is its caller's time.

use crate::bindings::basalt::clock::clock;
use std::time::{Duration, SystemTime};

/// The time of day, to the microsecond. `SystemTime::now` panics in a plugin; this does not.
pub fn now() -> SystemTime {
    let micros = clock::now();
    let distance = Duration::from_micros(micros.unsigned_abs());
    if micros < 0 { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance }
}

/// The time since some moment in the past; never goes backwards. Subtract two of them to measure.
pub fn monotonic() -> Duration {
    Duration::from_nanos(clock::monotonic())
}
