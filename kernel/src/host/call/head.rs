//! A call of a plugin that can stream: it may have given the head of its answer before it ends, and then goes on by itself.
//!
//! It does not see the content, which goes from the guest to whoever reads.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Done, Plugin, Task};
use crate::capability::http::Request;
use crate::error::Result;

/// Has the plugin answer, and comes back with the head of the answer where that is first.
///
/// # Errors
/// As for any call. A failure after the head is its reader's.
pub(super) async fn call(plugin: &Arc<Plugin>, request: Request) -> Result<Done> {
    let (head, mut given) = oneshot::channel();
    let own = Arc::clone(plugin);
    let mut work = Box::pin(async move { own.counted(Task::Handle(request), Some(head)).await });
    tokio::select! {
        biased;
        // First: of what failed at once nothing was sent yet, and its failure is the better answer.
        done = &mut work => done.map(|done| given.try_recv().map_or(done, Done::Handled)),
        Ok(answer) = &mut given => {
            // Whoever reads the answer ends the call by going away; who asked for it has nothing to wait for any more.
            tokio::spawn(work);
            Ok(Done::Handled(answer))
        }
    }
}
