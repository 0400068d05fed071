//! Numbers that are the same in every run, so that a test can say what comes of them. Deliberately fit for nothing else.

use super::state;

/// `length` bytes.
pub fn bytes(length: u32) -> Vec<u8> {
    assert!(length <= 65_536, "the kernel gives at most 65,536 bytes in one call");
    std::iter::repeat_with(number).flat_map(u64::to_le_bytes).take(length as usize).collect()
}

/// SplitMix64.
pub fn number() -> u64 {
    state::wanted("random");
    let mut mixed = state::with(|state| {
        state.random = state.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.random
    });
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
