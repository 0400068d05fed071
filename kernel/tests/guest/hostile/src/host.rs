//! Attacks on the host's memory rather than on the guest's own. It holds little itself.

use sdk_plugin::Body;

/// 8 MB each.
pub(crate) fn pieces(count: u32) -> Body {
    let piece = vec![b'x'; 8 << 20];
    Body::concat((0..count).map(|_| Body::new(&piece)).collect())
}

/// As many bytes as the host will keep.
pub(crate) fn hoard_bytes() {
    let piece = vec![0; 8 << 20];
    let mut kept = Vec::new();
    loop {
        kept.push(Body::new(&piece));
    }
}

/// One handle on more and more pieces of nothing.
pub(crate) fn hoard_parts() {
    let mut whole = Body::from_text("");
    loop {
        let pieces = (0..9000).map(|_| Body::from_text(""));
        whole = Body::concat(std::iter::once(whole).chain(pieces).collect());
    }
}
