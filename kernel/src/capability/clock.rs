//! What time it is. It offers no timers: a guest that waits would hold its instance.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use wasmtime::component::{HasSelf, Linker};

use super::Call;
use super::bindings::basalt::clock::clock::{Host, add_to_linker};

/// Where the monotonic clock starts; its absolute value says nothing about the machine.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}

impl Host for Call {
    fn now(&mut self) -> wasmtime::Result<i64> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn monotonic(&mut self) -> wasmtime::Result<u64> {
        Ok(u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}
