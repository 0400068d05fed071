//! Randomness from the operating system. It keeps no generator of its own: nothing here can be seeded or predicted.

use rand::TryRng;
use wasmtime::component::{HasSelf, Linker};

use super::Call;
use super::bindings::basalt::random::random::{Host, add_to_linker};

/// Enough for any key; a guest that wants more pays one call for each 64 KiB.
const MAX_BYTES: u32 = 64 << 10;

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}

impl Host for Call {
    fn bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        wasmtime::ensure!(length <= MAX_BYTES, "random bytes are given out 64 KiB at a time at most");
        let mut bytes = vec![0; length as usize];
        rand::rngs::SysRng.try_fill_bytes(&mut bytes)?;
        Ok(bytes)
    }

    fn number(&mut self) -> wasmtime::Result<u64> {
        Ok(rand::rngs::SysRng.try_next_u64()?)
    }
}
