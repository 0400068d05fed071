//! When a call is ended. It can be put off, as a stream does with each piece, and brought forward, as when its client leaves.
//!
//! It ends nothing: `host` waits for it, and looks at it when it finds a guest computing.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

/// The alarm of one instance, set anew for each call.
#[derive(Debug)]
pub struct Alarm {
    at: Mutex<Instant>,
    waiting: AtomicWaker,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { at: Mutex::new(Instant::now()), waiting: AtomicWaker::new() }
    }
}

impl Alarm {
    /// When it rings.
    pub fn at(&self) -> Instant {
        *self.at.lock()
    }

    /// Has it ring at another time.
    pub fn set(&self, at: Instant) {
        let earlier = std::mem::replace(&mut *self.at.lock(), at) > at;
        // Who waits finds out by itself that it was put off.
        if earlier {
            self.waiting.wake();
        }
    }

    /// Waits until it has rung for this long.
    pub async fn rung(&self, late: Duration) {
        let mut sleep = pin!(sleep_until(self.at() + late));
        poll_fn(|context| {
            self.waiting.register(context.waker());
            loop {
                let end = self.at() + late;
                if sleep.deadline() != end {
                    sleep.as_mut().reset(end);
                }
                match sleep.as_mut().poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(()) if self.at() + late <= end => return Poll::Ready(()),
                    Poll::Ready(()) => {}
                }
            }
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn it_rings_at_the_time_that_was_set_last() {
        let (alarm, start) = (Arc::new(Alarm::default()), Instant::now());
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let ring = || {
            let alarm = Arc::clone(&alarm);
            tokio::spawn(async move { alarm.rung(Duration::from_millis(1)).await })
        };
        alarm.set(at(5));
        let first = ring();
        tokio::task::yield_now().await;
        alarm.set(at(50));
        first.await.expect("rung");
        assert!(Instant::now() >= at(51), "put off");
        alarm.set(at(600_000));
        let second = ring();
        tokio::task::yield_now().await;
        alarm.set(at(60));
        second.await.expect("rung");
        assert!(Instant::now() < at(600_000), "brought forward");
    }
}
