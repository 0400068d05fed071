//! On which threads guests compute: short calls on those that answer requests, long ones on threads of their own with a
//! lower priority.
//!
//! A thread that runs a guest does nothing else meanwhile, and with two guests on two threads nobody would look for new
//! requests. So a call that turns out to compute is moved, in the middle, to threads that have nothing else to do. What
//! it waits for (the database, timers) stays with the others. It decides no limit: when a guest ends is
//! [`super::call`]'s business.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use crate::error::{Error, Result};

/// Calls of a plugin that start on the slow lane after one that had to be moved there: one that always computes should not
/// take a slice of the fast lane each time.
const MEMORY: u32 = 32;

/// How much slow threads stand back, in the system's own measure: with all cores busy they get about a tenth of one, so
/// that a plugin that computes for good reason goes on.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// One core is left to requests altogether: a guest that touches new memory spends its time inside the system, where a
/// lower priority does not make it give way.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get() - 1).max(1)
}

thread_local! {
    /// Whether the guest that this thread polled last gave up its turn in the middle of a computation.
    static YIELDED: Cell<bool> = const { Cell::new(false) };
}

/// Something to do that may compute for long.
pub type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Says that the guest on this thread gives up its turn.
pub fn note_yield() {
    YIELDED.set(true);
}

/// The threads. Cheap to clone; they end with the last clone.
#[derive(Clone)]
pub struct Lanes(Arc<Slow>);

struct Slow {
    /// Gone only while it is dropped.
    runtime: Option<Runtime>,
    fast: Handle,
}

impl Drop for Slow {
    fn drop(&mut self) {
        // A runtime must not wait for its threads in an async context.
        self.runtime.take().map(Runtime::shutdown_background).unwrap_or_default();
    }
}

/// What is remembered of a plugin: how many of its next calls start on the slow lane.
#[derive(Debug, Default)]
pub struct Habit(AtomicU32);

impl Habit {
    fn is_slow(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    fn note(&self, computed: bool) {
        let next = if computed { MEMORY } else { self.0.load(Ordering::Relaxed).saturating_sub(1) };
        self.0.store(next, Ordering::Relaxed);
    }
}

impl Lanes {
    /// Starts the slow threads. The fast ones are those of the runtime that this is called on.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start() -> Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.thread_name("guest").worker_threads(threads()).on_thread_start(stand_back);
        // They take turns: who waits in the common queue would otherwise wait for many.
        builder.global_queue_interval(1);
        let runtime = builder.build().map_err(Error::internal)?;
        Ok(Self(Arc::new(Slow { runtime: Some(runtime), fast: Handle::current() })))
    }

    /// Has it done, on whichever lane. Work that is dropped halfway ends.
    pub async fn run<T: Send + 'static>(&self, habit: &Habit, mut work: Work<T>) -> T {
        let starts_slow = habit.is_slow();
        if !starts_slow && let Some(done) = poll_fn(|context| until_yield(&mut work, context)).await {
            return done;
        }
        let away = Away { fast: self.0.fast.clone(), work, computed: !starts_slow };
        let mut task = Spawned(self.slow().spawn(away));
        match (&mut task.0).await {
            Ok((done, computed)) => {
                habit.note(computed);
                done
            }
            Err(fault) if fault.is_panic() => std::panic::resume_unwind(fault.into_panic()),
            // The kernel is ending, and nobody waits for an answer any more.
            Err(_) => std::future::pending().await,
        }
    }

    /// Drops something that takes a while to drop: an instance that used much memory.
    pub fn discard<T: Send + 'static>(&self, value: T) {
        self.slow().spawn(async move { drop(value) });
    }

    fn slow(&self) -> &Handle {
        self.0.runtime.as_ref().expect("there until it is dropped").handle()
    }
}

/// Polls; ready with nothing when a guest gave up its turn.
fn until_yield<T>(work: &mut Work<T>, context: &mut Context<'_>) -> Poll<Option<T>> {
    YIELDED.set(false);
    match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if YIELDED.get() => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    }
}

/// Work on the slow lane, and whether it ever gave up a turn.
struct Away<T> {
    fast: Handle,
    work: Work<T>,
    computed: bool,
}

impl<T> Future for Away<T> {
    type Output = (T, bool);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        // What the work starts belongs to the fast lane: a connection that it opens is others' tomorrow.
        let _fast = this.fast.enter();
        YIELDED.set(false);
        let polled = this.work.as_mut().poll(context);
        this.computed |= YIELDED.get();
        polled.map(|done| (done, this.computed))
    }
}

/// A task that ends with its value.
struct Spawned<T>(JoinHandle<T>);

impl<T> Drop for Spawned<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// On Linux priority is a thread's; elsewhere it is the process's, and all would stand back.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(fault) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%fault, "guests that compute have the priority of requests");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn where_am_i() -> String {
        std::thread::current().name().unwrap_or_default().to_owned()
    }

    /// Gives up its turn so many times, like a guest, and says where it ended.
    fn computing(mut turns: u32) -> Work<String> {
        Box::pin(async move {
            poll_fn(|context| {
                if turns == 0 {
                    return Poll::Ready(());
                }
                turns -= 1;
                note_yield();
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            where_am_i().await
        })
    }

    #[tokio::test]
    async fn what_computes_moves_and_what_waits_stays() {
        let lanes = Lanes::start().expect("threads");
        let habit = Habit::default();
        let waiting = Box::pin(async {
            tokio::task::yield_now().await;
            where_am_i().await
        });
        assert_ne!(lanes.run(&habit, waiting).await, "guest");
        assert_eq!(lanes.run(&habit, computing(1)).await, "guest");
        assert_eq!(lanes.run(&habit, computing(0)).await, "guest", "the next one is not believed");
        for _ in 0..MEMORY {
            lanes.run(&habit, computing(0)).await;
        }
        assert_ne!(lanes.run(&habit, computing(0)).await, "guest", "until it has shown often enough that it is quick");
    }

    #[tokio::test]
    async fn what_is_started_on_the_slow_lane_belongs_to_the_fast_one() {
        let lanes = Lanes::start().expect("threads");
        let habit = Habit::default();
        habit.note(true);
        let fast = Handle::current().id();
        let ran = lanes.run(&habit, Box::pin(async { (where_am_i().await, Handle::current().id()) })).await;
        assert_eq!(ran, ("guest".to_owned(), fast));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_ends() {
        let lanes = Lanes::start().expect("threads");
        let habit = Habit::default();
        habit.note(true);
        let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
        let held = Box::pin(async move {
            let _sender = sender;
            std::future::pending::<()>().await
        });
        let waited = tokio::time::timeout(std::time::Duration::from_millis(1), lanes.run(&habit, held)).await;
        assert!(waited.is_err());
        assert!(receiver.await.is_err(), "what it held was dropped");
    }
}
