//! One request in a component that answers by `wasi:http`, as any runtime of WASI would ask it. Limits, instances and
//! failures are [`super::call`]'s.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tokio::task::unconstrained;

use super::call::absent;
use super::instance::Instance;
use crate::capability::http::{Request, Response};
use crate::capability::wasi;
use crate::error::Result;

/// Has the guest answer. It writes while its answer is taken, and is done when its function returns: what it left open
/// stays so.
pub(super) async fn handle(
    instance: &mut Instance,
    request: Request,
    max_bytes: u64,
) -> wasmtime::Result<Result<Response>> {
    let Instance { store, exports, .. } = instance;
    let guest = exports.stock.as_ref().ok_or_else(absent)?;
    let request = wasi::admit(store.data_mut(), request)?;
    let (place, answer) = wasi::expect(store.data_mut())?;
    // All that waits is taken, however long the guest ran before.
    let mut answer = pin!(unconstrained(wasi::collect(store.data(), answer, max_bytes)));
    let mut taken = None;
    {
        let mut call = pin!(guest.call_handle(&mut *store, request, place));
        poll_fn(|context| {
            if taken.is_none()
                && let Poll::Ready(answer) = answer.as_mut().poll(context)
            {
                taken = Some(answer);
            }
            call.as_mut().poll(context)
        })
        .await?;
    }
    if taken.is_none() {
        taken = poll_fn(|context| match answer.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending => Poll::Ready(None),
        })
        .await;
    }
    Ok(taken.unwrap_or_else(|| Err(wasi::unfinished())))
}
