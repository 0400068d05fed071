//! Handles that are not ours, not any more, or too many. It reaches below the SDK, which does none of this.

#![expect(unsafe_code, reason = "a handle is forged where the types would not allow it")]

use std::cell::RefCell;

use sdk_plugin::Body;

/// Keeps a million handles.
pub(crate) fn hoard() {
    let kept: Vec<_> = (0..1_000_000).map(|_| Body::from_text("")).collect();
    std::hint::black_box(kept);
}

/// Uses a number that was never given out.
pub(crate) fn forge() {
    // SAFETY: a handle is a number; that the host refuses this one is what is tested.
    let forged = unsafe { Body::from_handle(4242) };
    std::hint::black_box(forged.length());
}

/// Uses a handle after it was given back.
pub(crate) fn revive() {
    let body = Body::from_text("gone");
    let number = body.handle();
    drop(body);
    // SAFETY: as in `forge`.
    let revived = unsafe { Body::from_handle(number) };
    std::hint::black_box(revived.length());
}

thread_local! {
    static KEPT: RefCell<Option<Body>> = const { RefCell::new(None) };
}

/// Keeps a handle for the next call, and says whether there is one from an earlier call.
pub(crate) fn keep() -> &'static str {
    match KEPT.with(|kept| kept.replace(Some(Body::from_text("kept")))) {
        Some(_) => "kept",
        None => "nothing",
    }
}
