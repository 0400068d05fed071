//! A new version of a plugin on trial: which part of the requests it answers, and what decides whether it stays.
//!
//! A hot swap is a trial with every request, which one crash ends; a canary has a share of them, and its rate of failures
//! decides. It only judges: [`super::fleet`] acts.

use std::sync::{Arc, OnceLock};

use super::plugin::Plugin;
use super::registry::Entry;
use crate::store::plugin::Digest;

/// Calls that a version has to answer after a swap before it is trusted.
pub const PROBATION: u64 = 100;

/// Failures below which no rate is one.
const FEW: u64 = 3;

/// How much more often a canary may fail than the version beside it.
const TOLERANCE: f64 = 0.01;

/// Standard deviations that are chance: 19 of 20 canaries that are as good as the other stay.
const SURE: f64 = 1.64;

/// How many calls a version answered, and how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All.
    pub calls: u64,
    /// Those that failed by the plugin's own fault.
    pub failures: u64,
}

impl Tally {
    fn since(self, before: Self) -> Self {
        let (calls, failures) =
            (self.calls.saturating_sub(before.calls), self.failures.saturating_sub(before.failures));
        Self { calls, failures }
    }

    /// Whether it fails more often than another, by more than chance and tolerance explain.
    fn is_worse_than(self, other: Self) -> bool {
        let (own, its) = (self.rate(), other.rate());
        let chance = SURE * (its.max(TOLERANCE) * (1.0 - its) / self.calls.max(1) as f64).sqrt();
        self.failures >= FEW && own > its + TOLERANCE + chance
    }

    fn rate(self) -> f64 {
        self.failures as f64 / self.calls.max(1) as f64
    }
}

/// How a trial ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The version stays.
    Passed,
    /// The one before it comes back.
    Failed(Tally),
}

/// A version on trial.
#[derive(Debug)]
pub struct Trial {
    /// The plugin's id.
    pub plugin: String,
    /// The new version.
    pub version: String,
    /// Of the new version's file.
    pub digest: Option<Digest>,
    /// Per cent of the requests that see the new version.
    pub share: u32,
    /// Calls of the new version that decide.
    pub calls: u64,
    new: Arc<Plugin>,
    old: Arc<Plugin>,
    before: Tally,
    verdict: OnceLock<Verdict>,
}

impl Trial {
    /// Starts a trial, if there is a version to come back to and one to try.
    pub fn start(new: &Entry, old: &Entry, share: u32, calls: u64) -> Option<Self> {
        let (plugin, version) = (new.manifest.id.clone(), new.manifest.version.clone());
        let (digest, new, old) = (new.digest.clone(), Arc::clone(new.ready()?), Arc::clone(old.ready()?));
        let (before, verdict) = (old.tally(), OnceLock::new());
        Some(Self { plugin, version, digest, share, calls, new, old, before, verdict })
    }

    /// Looks at what has happened so far. Whether this decided it.
    pub fn judge(&self) -> bool {
        let Some(verdict) = judge(self.share, self.calls, self.new.tally(), self.old.tally().since(self.before)) else {
            return false;
        };
        self.verdict.set(verdict).is_ok()
    }

    /// The verdict, once there is one.
    pub fn verdict(&self) -> Option<Verdict> {
        self.verdict.get().copied()
    }

    /// What the new version did so far.
    pub fn tally(&self) -> Tally {
        self.new.tally()
    }

    /// Whether a request whose luck is `chance`, below 100, sees the new version.
    pub fn takes(&self, chance: u32) -> bool {
        match self.verdict() {
            Some(Verdict::Passed) => true,
            Some(Verdict::Failed(_)) => false,
            None => chance < self.share,
        }
    }
}

fn judge(share: u32, enough: u64, new: Tally, old: Tally) -> Option<Verdict> {
    match share {
        100 if new.failures > 0 => Some(Verdict::Failed(new)),
        0..100 if new.is_worse_than(old) => Some(Verdict::Failed(new)),
        _ => (new.calls >= enough).then_some(Verdict::Passed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(failures: u64, calls: u64) -> Tally {
        Tally { calls, failures }
    }

    #[test]
    fn one_crash_ends_a_swap_and_enough_calls_confirm_it() {
        let old = tally(0, 0);
        assert_eq!(judge(100, 10, tally(0, 9), old), None);
        assert_eq!(judge(100, 10, tally(0, 10), old), Some(Verdict::Passed));
        assert_eq!(judge(100, 10, tally(1, 1), old), Some(Verdict::Failed(tally(1, 1))));
    }

    #[test]
    fn a_canary_is_judged_by_its_rate_beside_the_old_ones() {
        for (new, old, verdict) in [
            (tally(0, 99), tally(0, 1000), None),
            (tally(0, 100), tally(0, 1000), Some(Verdict::Passed)),
            (tally(2, 2), tally(0, 1000), None),
            (tally(3, 3), tally(0, 1000), Some(Verdict::Failed(tally(3, 3)))),
            (tally(3, 100), tally(0, 1000), Some(Verdict::Failed(tally(3, 100)))),
            (tally(1, 100), tally(0, 1000), Some(Verdict::Passed)),
            (tally(10, 90), tally(100, 1000), None),
            (tally(50, 90), tally(500, 1000), None),
            (tally(50, 100), tally(500, 1000), Some(Verdict::Passed)),
            (tally(3, 3), tally(0, 0), Some(Verdict::Failed(tally(3, 3)))),
        ] {
            assert_eq!(judge(5, 100, new, old), verdict, "{new:?} beside {old:?}");
        }
    }
}
