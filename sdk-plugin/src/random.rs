//! Randomness fit for secrets, from the operating system. It deliberately has no generator of its own: the seed of one
//! would be the same in every instance.

use crate::bindings::basalt::random::random;

/// A random number.
pub fn number() -> u64 {
    random::number()
}

/// Random bytes. To fill more than a few kilobytes, seed a generator with them.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    for chunk in bytes.chunks_mut(CHUNK) {
        // A chunk is at most `CHUNK` long, so its length fits.
        chunk.copy_from_slice(&random::bytes(chunk.len() as u32));
    }
    bytes
}

/// What the host gives in one call.
const CHUNK: usize = 64 << 10;
