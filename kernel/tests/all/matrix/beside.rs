//! Good requests at a steady rate while something else goes on. All of them have to succeed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::Scene;
use crate::kernel::try_ask;

/// A request that is always answered the same.
pub struct Good {
    pub path: &'static str,
    /// Whether `bob` asks, or nobody in particular.
    pub bob: bool,
    pub body: &'static str,
    /// What its answer contains.
    pub says: &'static str,
}

/// Requests a second, all kinds together.
const RATE: u32 = 50;

/// The fewest of each kind, however short the attack.
const LEAST: usize = 5;

/// Longer than a busy machine keeps anybody waiting for a turn. How much slower neighbours get is another test's question.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does something while good requests go on. Gives what it gave, and what was wrong with any of them.
pub fn run<T>(scene: &Scene, good: &[Good], work: impl FnOnce() -> T) -> (T, Result<(), String>) {
    let stop = AtomicBool::new(false);
    let period = Duration::from_secs(1) * u32::try_from(good.len()).expect("few") / RATE;
    std::thread::scope(|scope| {
        let asking: Vec<_> = good.iter().map(|good| scope.spawn(|| repeat(scene, good, period, &stop))).collect();
        let done = work();
        stop.store(true, Ordering::Relaxed);
        let faults = asking.into_iter().map(|asking| asking.join().expect("no panic"));
        (done, faults.collect())
    })
}

/// By the clock, so that a slow answer does not lower the rate of those that follow.
fn repeat(scene: &Scene, good: &Good, period: Duration, stop: &AtomicBool) -> Result<(), String> {
    let (_nobody, never) = mpsc::channel::<()>();
    let (mut served, start) = (0, Instant::now());
    while served < LEAST || !stop.load(Ordering::Relaxed) {
        let due = start + period * u32::try_from(served).expect("few");
        let _ = never.recv_timeout(due.saturating_duration_since(Instant::now()));
        ask(scene, good)?;
        served += 1;
    }
    Ok(())
}

fn ask(scene: &Scene, good: &Good) -> Result<(), String> {
    let started = Instant::now();
    let headers = [("authorization", &*scene.bob)];
    let headers = if good.bob { &headers[..] } else { &[] };
    let method = if good.body.is_empty() { "GET" } else { "POST" };
    let answer = try_ask(&scene.kernel.url, method, good.path, headers, good.body.as_bytes());
    let answer = answer.map_err(|fault| format!("a good request to {} failed: {fault}", good.path))?;
    if answer.status != 200 || !answer.text().contains(good.says) {
        return Err(format!("a good request to {} was answered {}: {}", good.path, answer.status, answer.text()));
    }
    if started.elapsed() > PATIENCE {
        return Err(format!("a good request to {} took {:?}", good.path, started.elapsed()));
    }
    Ok(())
}
