//! Saying what is being waited for.
//!
//! Only work that takes long enough to wonder about is mentioned, and only on stderr.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Nobody wonders about less.
const PATIENCE: Duration = Duration::from_secs(2);

/// Do the work; print what it is once it has taken two seconds, and how long it took when it ends.
pub(crate) fn step<T>(what: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    let start = Instant::now();
    let (done, ended) = channel::<()>();
    let result = thread::scope(|scope| {
        scope.spawn(|| announce(what, ended));
        let result = work();
        drop(done);
        result
    });
    if start.elapsed() >= PATIENCE && result.is_ok() {
        eprintln!("{what}: done in {} s", start.elapsed().as_secs());
    }
    result
}

fn announce(what: &str, ended: Receiver<()>) {
    if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
        eprintln!("{what} …");
    }
}
