//! The figures of one run, as a table for people and as JSON for machines. It measures nothing.

use std::fmt;
use std::process::Command;

use serde::Serialize;

use super::Options;
use super::neighbour::Beside;
use super::ratio::{self, Ratio};
use super::start::Start;
use super::turn::{Measured, Turn};
use crate::command;

/// Everything.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    commit: String,
    machine: String,
    cores: usize,
    seconds: u32,
    variants: Vec<Row>,
    neighbours: Vec<Beside>,
    ratios: Vec<Ratio>,
    bounds: Vec<Bound>,
    start: Start,
    loaded_bytes: u64,
}

/// One variant.
#[derive(Debug, Serialize)]
struct Row {
    name: &'static str,
    what: &'static str,
    median: Turn,
    turns: Vec<Turn>,
}

/// What must not be exceeded.
#[derive(Debug, Serialize)]
struct Bound {
    of: &'static str,
    value: f64,
    most: Option<f64>,
    unit: &'static str,
}

impl Report {
    pub(crate) fn new(
        start: Start,
        loaded_bytes: u64,
        measured: Vec<Measured>,
        neighbours: Vec<Beside>,
        options: &Options,
    ) -> Self {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let bound = |of, value, most, unit| Bound { of, value, most, unit };
        Self {
            commit: read("git", &["describe", "--always", "--dirty"]),
            machine: read("uname", &["-srm"]),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            seconds: options.seconds,
            ratios: ratio::all(&measured).into_iter().chain(ratio::beside(&neighbours)).collect(),
            neighbours,
            bounds: vec![
                bound("warm start to /ready", start.ready_ms, Some(300.0), "ms"),
                bound("memory idle", megabytes(start.idle_bytes), Some(80.0), "MB"),
                bound("memory loaded", megabytes(loaded_bytes), None, "MB"),
                bound("binary", megabytes(start.binary_bytes), Some(40.0), "MB"),
            ],
            variants: measured.into_iter().map(Row::new).collect(),
            start,
            loaded_bytes,
        }
    }
}

/// What a program prints; nothing when it is not there.
fn read(program: &str, arguments: &[&str]) -> String {
    command::read(Command::new(program).args(arguments)).unwrap_or_default().trim().to_owned()
}

impl Row {
    fn new(measured: Measured) -> Self {
        let of = |figure: fn(&Turn) -> f64| ratio::median(&measured.turns.iter().map(figure).collect::<Vec<_>>());
        let median = Turn {
            requests_per_second: of(|turn| turn.requests_per_second),
            p50_us: of(|turn| turn.p50_us),
            p99_us: of(|turn| turn.p99_us),
            cpu_us: of(|turn| turn.cpu_us),
        };
        Self { name: measured.variant.name, what: measured.variant.what, median, turns: measured.turns }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "\n{} cores, {}, commit {}", self.cores, self.machine, self.commit)?;
        writeln!(out, "\n| | variant | requests/s | p50 µs | p99 µs | CPU µs/request |\n|---|---|--:|--:|--:|--:|")?;
        self.variants.iter().try_for_each(|row| writeln!(out, "{row}"))?;
        writeln!(out, "\n| | beside a plugin that | p99 µs alone | p99 µs beside it |\n|---|---|--:|--:|")?;
        self.neighbours.iter().try_for_each(|beside| writeln!(out, "{beside}"))?;
        writeln!(out, "\n| ratio | median | target | |\n|---|--:|--:|---|")?;
        self.ratios.iter().try_for_each(|ratio| writeln!(out, "{ratio}"))?;
        writeln!(out, "\n| bound | value | most | |\n|---|--:|--:|---|")?;
        self.bounds.iter().try_for_each(|bound| writeln!(out, "{bound}"))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Turn { requests_per_second, p50_us, p99_us, cpu_us } = self.median;
        let (name, what) = (self.name, self.what);
        write!(out, "| {name} | {what} | {requests_per_second:.0} | {p50_us:.0} | {p99_us:.0} | {cpu_us:.1} |")
    }
}

impl fmt::Display for Beside {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, what, alone, beside) = (self.name, self.what, self.alone_us(), self.beside_us());
        write!(out, "| {name} | {what} | {alone:.0} | {beside:.0} |")
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let least = self.least.map(|least| format!("≥ {least:.2}"));
        let target = least.or(self.most.map(|most| format!("≤ {most:.2}"))).unwrap_or_default();
        write!(out, "| {} | {:.3} | {target} | {} |", self.of, self.median, verdict(self.reached))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of, value, unit, .. } = self;
        let most = self.most.map(|most| format!("{most:.0} {unit}")).unwrap_or_default();
        write!(out, "| {of} | {value:.1} {unit} | {most} | {} |", verdict(self.most.map(|most| *value <= most)))
    }
}

fn verdict(reached: Option<bool>) -> &'static str {
    match reached {
        Some(true) => "reached",
        Some(false) => "missed",
        None => "",
    }
}
