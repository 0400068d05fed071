//! What a loaded version of a plugin has used and how its calls ended. It bounds nothing.
//!
//! Counted in atomics of its own, so that each version has its figures; the metrics, which are the plugin's, get what was
//! added since somebody last looked.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;

use super::breaker::{Outcome, Stage};
use super::trial::Tally;
use crate::capability::Usage;
use crate::error::{Error, code};
use crate::telemetry::PluginMetric;

/// The meter.
pub struct Meter {
    calls: AtomicU64,
    answered: AtomicU64,
    faults: AtomicU64,
    fuel: AtomicU64,
    peak_memory: AtomicU64,
    sql_statements: AtomicU64,
    sql_microseconds: AtomicU64,
    sql_rows: AtomicU64,
    log_lines: AtomicU64,
    dispatches: AtomicU64,
    fetches: AtomicU64,
    fetch_bytes: AtomicU64,
    failures: Mutex<BTreeMap<&'static str, u64>>,
    metric: PluginMetric,
    exported: Mutex<[u64; 8]>,
}

/// What a version of a plugin has used since it was loaded, for `plugin inspect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// Calls that ended, refused ones included.
    pub calls: u64,
    /// Those that failed, by code; a problem of the plugin's own counts as `problem`.
    pub failures: BTreeMap<&'static str, u64>,
    /// Computation, in units of fuel.
    pub fuel: u64,
    /// The most linear memory that one instance had, in bytes.
    pub peak_memory: u64,
    /// Instances that exist.
    pub live_instances: usize,
    /// Those that wait for a call.
    pub idle_instances: usize,
    /// Statements.
    pub sql_statements: u64,
    /// Time in SQL, in microseconds.
    pub sql_microseconds: u64,
    /// Rows of all results.
    pub sql_rows: u64,
    /// Lines written to the log.
    pub log_lines: u64,
    /// Calls of other plugins.
    pub dispatches: u64,
    /// Requests to servers outside.
    pub fetches: u64,
    /// Bytes of their bodies and of those of the answers.
    pub fetch_bytes: u64,
    /// Where the circuit breaker stands.
    pub breaker: Stage,
}

/// What an instance used in one call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    pub(super) fuel: u64,
    pub(super) memory: u64,
    pub(super) counted: Usage,
}

impl Meter {
    /// A new one for the plugin of this id.
    pub fn new(plugin: &str) -> Self {
        Self {
            calls: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            fuel: AtomicU64::new(0),
            peak_memory: AtomicU64::new(0),
            sql_statements: AtomicU64::new(0),
            sql_microseconds: AtomicU64::new(0),
            sql_rows: AtomicU64::new(0),
            log_lines: AtomicU64::new(0),
            dispatches: AtomicU64::new(0),
            fetches: AtomicU64::new(0),
            fetch_bytes: AtomicU64::new(0),
            failures: Mutex::default(),
            metric: PluginMetric::new(plugin),
            exported: Mutex::default(),
        }
    }

    /// Counts a call that ended.
    pub(super) fn ended(&self, took: Duration, error: Option<&Error>) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let outcome = error.map(|error| code::find(&error.code).map_or("problem", |code| code.name));
        match error.map_or(Outcome::Good, Outcome::of_error) {
            Outcome::Good => self.answered.fetch_add(1, Ordering::Relaxed),
            Outcome::Fault => self.faults.fetch_add(1, Ordering::Relaxed),
            Outcome::Silent => 0,
        };
        if let Some(outcome) = outcome {
            *self.failures.lock().entry(outcome).or_default() += 1;
        }
        self.metric.call(took, outcome);
    }

    /// How many calls reached the plugin, and how many of them ended by its own fault.
    pub(super) fn tally(&self) -> Tally {
        let failures = self.faults.load(Ordering::Relaxed);
        Tally { calls: self.answered.load(Ordering::Relaxed) + failures, failures }
    }

    /// Counts what its instance used. Most calls use little of it, and what was not used is not written.
    pub(super) fn used(&self, used: &Used) {
        let Usage { sql_statements, sql_time, sql_rows, dispatches, fetches, fetch_bytes, log_lines } = used.counted;
        self.fuel.fetch_add(used.fuel, Ordering::Relaxed);
        if used.memory > self.peak_memory.load(Ordering::Relaxed) {
            self.peak_memory.fetch_max(used.memory, Ordering::Relaxed);
        }
        if sql_statements > 0 {
            self.sql_statements.fetch_add(sql_statements.into(), Ordering::Relaxed);
            let time = u64::try_from(sql_time.as_micros()).unwrap_or(u64::MAX);
            self.sql_microseconds.fetch_add(time, Ordering::Relaxed);
            self.sql_rows.fetch_add(sql_rows, Ordering::Relaxed);
        }
        if dispatches > 0 {
            self.dispatches.fetch_add(dispatches.into(), Ordering::Relaxed);
        }
        if fetches > 0 {
            self.fetches.fetch_add(fetches.into(), Ordering::Relaxed);
            self.fetch_bytes.fetch_add(fetch_bytes, Ordering::Relaxed);
        }
        if log_lines > 0 {
            self.log_lines.fetch_add(log_lines.into(), Ordering::Relaxed);
        }
    }

    /// Notes where the breaker stands.
    pub(super) fn breaker(&self, stage: Stage) {
        self.metric.breaker(match stage {
            Stage::Closed => 0,
            Stage::HalfOpen => 1,
            Stage::Open => 2,
        });
    }

    /// Brings the metrics up to date.
    pub(super) fn export(&self) {
        let counters = [
            &self.fuel,
            &self.sql_statements,
            &self.sql_microseconds,
            &self.sql_rows,
            &self.log_lines,
            &self.dispatches,
            &self.fetches,
            &self.fetch_bytes,
        ];
        let now = counters.map(|counter| counter.load(Ordering::Relaxed));
        let mut last = self.exported.lock();
        let added = std::array::from_fn(|at| now[at].saturating_sub(last[at]));
        *last = now;
        self.metric.add(added);
        self.metric.peak_memory(self.peak_memory.load(Ordering::Relaxed));
    }

    /// What was counted so far.
    pub(super) fn snapshot(&self, live_instances: usize, idle_instances: usize, breaker: Stage) -> Snapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            calls: read(&self.calls),
            failures: self.failures.lock().clone(),
            fuel: read(&self.fuel),
            peak_memory: read(&self.peak_memory),
            live_instances,
            idle_instances,
            sql_statements: read(&self.sql_statements),
            sql_microseconds: read(&self.sql_microseconds),
            sql_rows: read(&self.sql_rows),
            log_lines: read(&self.log_lines),
            dispatches: read(&self.dispatches),
            fetches: read(&self.fetches),
            fetch_bytes: read(&self.fetch_bytes),
            breaker,
        }
    }
}

/// What a version did last is the plugin's too, when another has taken its place.
impl Drop for Meter {
    fn drop(&mut self) {
        self.export();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_its_own_figures_and_the_metrics_are_the_plugins() {
        let used = |fuel| Used {
            fuel,
            memory: fuel,
            counted: Usage { sql_statements: 2, sql_time: Duration::from_millis(3), ..Usage::default() },
        };
        let (old, new) = (Meter::new("test-meter"), Meter::new("test-meter"));
        [7, 5].iter().for_each(|fuel| old.used(&used(*fuel)));
        old.ended(Duration::ZERO, Some(&Error::new(&code::PLUGIN_TRAP, "")));
        new.used(&used(1));
        let seen = old.snapshot(3, 2, Stage::Open);
        assert_eq!((seen.calls, seen.fuel, seen.peak_memory, seen.sql_microseconds), (1, 12, 7, 6000));
        let json = serde_json::to_value(&seen).expect("JSON");
        assert_eq!((&json["failures"]["plugin.trap"], &json["breaker"]), (&1.into(), &"open".into()));
        new.export();
        old.export();
        drop(old);
        let text = String::from_utf8(crate::telemetry::render_metrics()).expect("text");
        assert!(text.contains("basalt_plugin_fuel_total{plugin=\"test-meter\"} 13\n"), "{text}");
        assert!(text.contains("basalt_plugin_sql_microseconds_total{plugin=\"test-meter\"} 9000\n"), "{text}");
    }
}
