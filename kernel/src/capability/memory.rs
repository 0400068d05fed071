//! Memory that plugins use: an instance's own, what the host holds for a call, and the sum of all of it against one budget.
//!
//! It frees nothing by itself: whoever keeps memory that nobody uses offers it as [`Idle`].

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;

use parking_lot::Mutex;

/// All memory of all plugins: linear memory of instances, in use or not, and what calls hold in the host.
#[derive(Default)]
pub struct Total {
    limit: u64,
    used: AtomicU64,
    idle: Mutex<Vec<Weak<dyn Idle>>>,
}

/// Somebody who keeps memory for later.
pub trait Idle: Send + Sync {
    /// Since when the one that is unused for longest is kept; none when nothing is.
    fn oldest(&self) -> Option<Instant>;

    /// Gives that one back. Whether there was one.
    fn evict(&self) -> bool;
}

impl Total {
    /// A budget of so many bytes.
    pub fn new(limit: u64) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Registers somebody to evict from, for as long as it lives.
    pub fn offer(&self, idle: Weak<dyn Idle>) {
        let mut all = self.idle.lock();
        all.retain(|idle| idle.strong_count() > 0);
        all.push(idle);
    }

    /// What is used, in bytes.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Takes from the budget, after evicting what nobody uses if need be. Whether there was enough.
    fn take(&self, bytes: u64) -> bool {
        loop {
            let used = self.used.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
            if used <= self.limit {
                return true;
            }
            self.give_back(bytes);
            if !self.evict() {
                return false;
            }
        }
    }

    fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Evicts what is unused for longest, of all plugins. Whether there was anything.
    pub fn evict(&self) -> bool {
        let all: Vec<_> = self.idle.lock().iter().filter_map(Weak::upgrade).collect();
        let oldest = all.iter().filter_map(|idle| Some((idle.oldest()?, idle))).min_by_key(|(since, _)| *since);
        // Another may have taken it meanwhile: then there may be others.
        oldest.is_some_and(|(_, idle)| idle.evict() || all.iter().any(|idle| idle.evict()))
    }
}

/// An instance's linear memory against its limit and the budget of all.
#[derive(Default)]
pub struct Linear {
    limit: usize,
    /// All of the instance's memories together, in bytes. It never shrinks, so it is the peak too.
    pub used: usize,
    /// Whether growth was refused during this call: what tells an out-of-memory trap from any other.
    pub refused: bool,
    /// Whether it was refused for want of memory in the kernel.
    pub exhausted: bool,
    total: Arc<Total>,
}

impl Linear {
    /// The memory of a new instance.
    pub fn new(limit: usize, total: Arc<Total>) -> Self {
        Self { limit, total, ..Self::default() }
    }

    /// Forgets what an earlier call was refused.
    pub(super) fn begin(&mut self) {
        (self.refused, self.exhausted) = (false, false);
    }
}

impl Drop for Linear {
    fn drop(&mut self) {
        self.total.give_back(self.used as u64);
    }
}

impl wasmtime::ResourceLimiter for Linear {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        // A component can have several memories; the limit is theirs together.
        let used = self.used.saturating_add(more);
        if used > self.limit {
            self.refused = true;
            return Ok(false);
        }
        if !self.total.take(more as u64) {
            self.exhausted = true;
            return Ok(false);
        }
        self.used = used;
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        // The pooling allocator's slots have this many elements; a larger table could not be placed anyway.
        Ok(desired <= 100_000)
    }
}

/// The host memory behind a guest's handles. Each handle counts in full, also where two share bytes: a guest could join
/// shared bytes to an amount that is not there. Each call has one of its own, which what it started in the background shares.
pub struct Held {
    limit: u64,
    bytes: AtomicU64,
    exhausted: AtomicBool,
    total: Arc<Total>,
}

impl Held {
    /// What a call of an instance may hold.
    pub fn new(limit: u64, total: Arc<Total>) -> Self {
        Self { limit, total, bytes: AtomicU64::new(0), exhausted: AtomicBool::new(false) }
    }

    /// Counts what a new handle stands for.
    ///
    /// # Errors
    /// When it is over the limit, or over the budget of all.
    pub(super) fn take(&self, bytes: u64) -> wasmtime::Result<()> {
        let used = self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let is_within = used <= self.limit;
        let has_room = is_within && self.total.take(bytes);
        self.exhausted.store(is_within && !has_room, Ordering::Relaxed);
        if !has_room {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        wasmtime::ensure!(has_room, OutOfHostMemory);
        Ok(())
    }

    pub(super) fn give_back(&self, bytes: u64) {
        let before =
            self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| Some(held.saturating_sub(bytes)));
        self.total.give_back(bytes.min(before.unwrap_or_default()));
    }

    /// Whether the kernel had no more.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted.load(Ordering::Relaxed)
    }

    /// The same for another call, of which nothing is held yet.
    pub(super) fn afresh(&self) -> Self {
        Self::new(self.limit, Arc::clone(&self.total))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.total.give_back(*self.bytes.get_mut());
    }
}

/// A part of what a call holds, which is given back with the value.
pub(super) struct Share {
    held: Arc<Held>,
    bytes: u64,
}

impl Share {
    /// Nothing yet.
    pub(super) fn of(held: &Arc<Held>) -> Self {
        Self { held: Arc::clone(held), bytes: 0 }
    }

    /// Counts more.
    ///
    /// # Errors
    /// As [`Held::take`].
    pub(super) fn grow(&mut self, bytes: u64) -> wasmtime::Result<()> {
        self.held.take(bytes)?;
        self.bytes += bytes;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.held.give_back(self.bytes);
    }
}

/// The trap of a guest whose handles stand for more than the host keeps for it.
#[derive(Debug)]
pub struct OutOfHostMemory;

impl std::fmt::Display for OutOfHostMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the plugin's handles stand for more bytes than the host keeps for it")
    }
}

impl std::error::Error for OutOfHostMemory {}

#[cfg(test)]
mod tests {
    use wasmtime::ResourceLimiter;

    use super::*;

    /// Keeps instances of ten bytes each.
    struct Shelf(Mutex<Vec<(Instant, Linear)>>);

    impl Idle for Shelf {
        fn oldest(&self) -> Option<Instant> {
            self.0.lock().first().map(|(since, _)| *since)
        }

        fn evict(&self) -> bool {
            let mut kept = self.0.lock();
            !kept.is_empty() && kept.drain(..1).count() == 1
        }
    }

    fn grown(total: &Arc<Total>, bytes: usize) -> Linear {
        let mut memory = Linear::new(100, Arc::clone(total));
        let _ = memory.memory_growing(0, bytes, None);
        memory
    }

    #[test]
    fn what_is_unused_for_longest_makes_room_first() {
        let total = Arc::new(Total::new(40));
        let now = Instant::now();
        let at = |seconds| now + std::time::Duration::from_secs(seconds);
        let shelf = |since| Arc::new(Shelf(Mutex::new(vec![(at(since), grown(&total, 10))])));
        let (young, old) = (shelf(2), shelf(1));
        for shelf in [&young, &old] {
            let weak: Weak<Shelf> = Arc::downgrade(shelf);
            total.offer(weak);
        }
        let first = grown(&total, 30);
        assert_eq!((first.used, total.used()), (30, 40));
        assert!(old.oldest().is_none() && young.oldest().is_some());
        let mut second = grown(&total, 20);
        assert!(second.exhausted && !second.refused, "all that can be evicted is not enough");
        second.begin();
        assert!(second.memory_growing(0, 10, None).is_ok_and(|grew| grew) && !second.exhausted);
        drop((first, second));
        assert_eq!(total.used(), 0);
    }

    #[test]
    fn what_a_call_held_is_given_back_whatever_became_of_it() {
        let total = Arc::new(Total::new(40));
        let held = Held::new(100, Arc::clone(&total));
        assert!(held.take(30).is_ok() && held.take(20).is_err() && held.is_exhausted());
        held.give_back(10);
        assert_eq!(total.used(), 20);
        drop(held);
        assert_eq!(total.used(), 0);
        let greedy = Held::new(10, total);
        assert!(greedy.take(11).is_err() && !greedy.is_exhausted());
    }
}
