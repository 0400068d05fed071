//! What a good plugin's callers notice of a bad one beside it: the 99th percentile of its latency, as a ratio to that
//! percentile alone a moment before.
//!
//! The limits of the bad plugins are those of the product, but for the deadline, which only makes them begin anew more
//! often, and the breaker, which would end the attack.

use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Serialize;

use super::kernel::Kernel;
use super::pace::{self, Question};
use super::site::{CROWD, Site};
use super::{Options, http, ratio};
use crate::progress;

/// A bad plugin at work beside a good one.
#[derive(Debug)]
pub(crate) struct Attack {
    /// What `--only` and the table call it.
    pub(crate) name: &'static str,
    what: &'static str,
    path: &'static str,
    /// Requests of it at once, again and again.
    at_once: usize,
    /// What its neighbour is asked.
    good: &'static str,
}

const SMALL: &str = "/test/bench/small";
const ITEM: &str = "/rest/v1/item?id=eq.4711";

/// All of them. Each is more than the machine has cores, and the last two more than a plugin has connections.
pub(crate) const ALL: &[Attack] = &[
    Attack { name: "n-burn", what: "computes", path: "/test/hostile/loop", at_once: 4, good: SMALL },
    Attack { name: "n-flood", what: "fills its memory", path: "/test/hostile/memory", at_once: 4, good: SMALL },
    Attack { name: "n-hold", what: "holds connections", path: "/test/neighbour/sleep", at_once: 24, good: SMALL },
    Attack { name: "n-hold-sql", what: "the same, beside SQL", path: "/test/neighbour/sleep", at_once: 24, good: ITEM },
];

/// The most that a neighbour's percentile may grow by.
pub(crate) const MOST: f64 = 1.5;

/// Until an attack is under way.
const SETTLE: Duration = Duration::from_millis(500);

/// What the turns of one attack showed.
#[derive(Debug, Serialize)]
pub(crate) struct Beside {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// The 99th percentile in microseconds, one for each round: alone, and beside the attack.
    pub(crate) rounds: Vec<(f64, f64)>,
}

impl Beside {
    pub(crate) fn alone_us(&self) -> f64 {
        ratio::median(&self.rounds.iter().map(|(alone, _)| *alone).collect::<Vec<_>>())
    }

    pub(crate) fn beside_us(&self) -> f64 {
        ratio::median(&self.rounds.iter().map(|(_, beside)| *beside).collect::<Vec<_>>())
    }
}

/// Those named, or all when nothing is.
pub(crate) fn select(names: &[String]) -> Vec<&'static Attack> {
    ALL.iter().filter(|attack| names.is_empty() || names.iter().any(|name| name == attack.name)).collect()
}

/// All rounds.
pub(crate) fn all(site: &Site, attacks: &[&'static Attack], options: &Options) -> anyhow::Result<Vec<Beside>> {
    let mut seen: Vec<_> =
        attacks.iter().map(|attack| Beside { name: attack.name, what: attack.what, rounds: Vec::new() }).collect();
    if attacks.is_empty() {
        return Ok(seen);
    }
    let log = site.path("crowd.log");
    let command = site.kernel(&site.custom, CROWD, "[log]\nlevel = \"off\"\n")?;
    let kernel = Kernel::start(command, File::create(&log)?).with_context(|| format!("see {}", log.display()))?;
    let time = Duration::from_secs(options.seconds.into());
    for round in 0..options.rounds {
        progress::step(&format!("neighbours, round {} of {}", round + 1, options.rounds), || {
            attacks.iter().zip(&mut seen).try_for_each(|(attack, seen)| {
                seen.rounds.push(one(site, &kernel, attack, time)?);
                Ok(())
            })
        })?;
    }
    Ok(seen)
}

fn one(site: &Site, kernel: &Kernel, attack: &Attack, time: Duration) -> anyhow::Result<(f64, f64)> {
    let good = Question { address: &kernel.address, path: attack.good, token: Some(&site.token) };
    // So that what was left of the attack before, and what is cold, counts for nobody.
    pace::p99_us(good, SETTLE)?;
    let alone = pace::p99_us(good, time)?;
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let beside = std::thread::scope(|scope| {
        for _ in 0..attack.at_once {
            scope.spawn(|| repeat(&kernel.address, attack.path, &stop, &answered));
        }
        let measured = pace::p99_us(good, SETTLE).and_then(|_| pace::p99_us(good, time));
        stop.store(true, Ordering::Relaxed);
        measured
    })?;
    ensure!(answered.into_inner() > 0, "nothing answered {}: it is no attack", attack.path);
    Ok((alone, beside))
}

/// An attack that is answered 404 or sent away is none.
fn repeat(address: &str, path: &str, stop: &AtomicBool, answered: &AtomicUsize) {
    while !stop.load(Ordering::Relaxed) {
        let took_part =
            http::get(address, path, None).is_ok_and(|answer| matches!(&*answer.status, "500" | "504" | "200"));
        answered.fetch_add(usize::from(took_part), Ordering::Relaxed);
    }
}
