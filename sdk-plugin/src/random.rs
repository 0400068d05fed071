//! Randomness fit for secrets, from the operating system. It deliberately has no generator of its own: the seed of one
//! would be the same in every instance.

use std::hash::{BuildHasher, DefaultHasher, Hasher as _};

use crate::bindings::basalt::random::random;

/// A random number.
pub fn number() -> u64 {
    random::number()
}

/// Random bytes. To fill more than a few kilobytes, seed a generator with them.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// Fills a buffer with random bytes.
pub fn fill(bytes: &mut [u8]) {
    for chunk in bytes.chunks_mut(CHUNK) {
        // A chunk is at most `CHUNK` long, so its length fits.
        chunk.copy_from_slice(&random::bytes(chunk.len() as u32));
    }
}

/// What the host gives in one call.
const CHUNK: usize = 64 << 10;

/// A hasher for maps whose keys callers choose: `HashMap<String, u32, Keyed>`. The one that maps have without saying so is seeded alike
/// in every plugin, so that somebody could send keys that all collide.
#[derive(Debug, Clone)]
pub struct Keyed(u64);

impl Default for Keyed {
    fn default() -> Self {
        Self(number())
    }
}

impl BuildHasher for Keyed {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(self.0);
        hasher
    }
}

/// Has `getrandom` (0.2 with its feature `custom`, 0.3, 0.4) and all that stands on it ask the host: `rand`, `uuid`, `ahash` ….
/// Once, at the top of the plugin's crate; its manifest then has to want `random`. `basalt plugin build` sets the flag that
/// `getrandom` wants: `--cfg getrandom_backend="custom"`.
#[macro_export]
macro_rules! random {
    () => {
        // The names and the shapes are `getrandom`'s.
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code)]
        const _: () = {
            #[unsafe(no_mangle)]
            unsafe extern "Rust" fn __getrandom_v03_custom(
                start: *mut u8,
                length: usize,
            ) -> ::core::result::Result<(), ::core::num::NonZeroI32> {
                $crate::random::fill(unsafe { ::core::slice::from_raw_parts_mut(start, length) });
                Ok(())
            }

            #[unsafe(no_mangle)]
            unsafe extern "Rust" fn __getrandom_custom(start: *mut u8, length: usize) -> u32 {
                $crate::random::fill(unsafe { ::core::slice::from_raw_parts_mut(start, length) });
                0
            }
        };
    };
}
