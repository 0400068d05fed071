//! What is compared with what, and how it should come out.
//!
//! A ratio is taken within a round, where both sides met the same machine; what counts is the median over the rounds.

use serde::Serialize;

use super::neighbour::{self, Beside};
use super::turn::{Measured, Turn};

/// A promise: the first variant reaches this part of the second.
#[derive(Debug)]
struct Promise {
    plugin: &'static str,
    native: &'static str,
    /// None where nothing was promised and the figure is for information.
    least: Option<f64>,
    /// Whether the promise is about processor time too.
    cpu: bool,
}

const PROMISES: &[Promise] = &[
    Promise { plugin: "b", native: "a", least: Some(0.80), cpu: false },
    Promise { plugin: "b-small", native: "a-small", least: None, cpu: false },
    Promise { plugin: "c", native: "a", least: None, cpu: false },
    Promise { plugin: "g", native: "b-small", least: None, cpu: false },
    Promise { plugin: "e", native: "d", least: Some(0.90), cpu: true },
    Promise { plugin: "e-1", native: "d-1", least: None, cpu: false },
    Promise { plugin: "d", native: "d-bare", least: None, cpu: false },
    Promise { plugin: "e-log", native: "e", least: None, cpu: false },
    Promise { plugin: "f-rest", native: "f-native", least: Some(0.95), cpu: false },
];

/// One ratio. Where the least was promised, more is better and 1 is as good as native; where the most was, less is better
/// and 1 is as good as alone.
#[derive(Debug, Serialize)]
pub(crate) struct Ratio {
    pub(crate) of: String,
    pub(crate) median: f64,
    pub(crate) least: Option<f64>,
    pub(crate) most: Option<f64>,
    pub(crate) reached: Option<bool>,
    pub(crate) rounds: Vec<f64>,
}

/// The ratios of what was measured.
pub(crate) fn all(measured: &[Measured]) -> Vec<Ratio> {
    PROMISES.iter().filter_map(|promise| both(measured, promise)).flatten().collect()
}

/// The ratios of what neighbours noticed.
pub(crate) fn beside(seen: &[Beside]) -> Vec<Ratio> {
    let ratio = |seen: &Beside| {
        let rounds: Vec<_> = seen.rounds.iter().map(|(alone, beside)| beside / alone).collect();
        let median = median(&rounds);
        let (most, reached) = (Some(neighbour::MOST), Some(median <= neighbour::MOST));
        Ratio { of: format!("{} p99/alone", seen.name), median, least: None, most, reached, rounds }
    };
    seen.iter().map(ratio).collect()
}

fn both(measured: &[Measured], promise: &Promise) -> Option<[Ratio; 2]> {
    let turns = |name| measured.iter().find(|one| one.variant.name == name).map(|one| &one.turns);
    let (plugin, native) = (turns(promise.plugin)?, turns(promise.native)?);
    let name = format!("{}/{}", promise.plugin, promise.native);
    let each = |of: fn(&Turn, &Turn) -> f64| plugin.iter().zip(native).map(|(one, other)| of(one, other)).collect();
    let throughput = each(|plugin, native| plugin.requests_per_second / native.requests_per_second);
    // The other way round, so that less is worse here too.
    let cpu = each(|plugin, native| native.cpu_us / plugin.cpu_us);
    let least = promise.least.filter(|_| promise.cpu);
    Some([
        Ratio::new(format!("{name} throughput"), throughput, promise.least),
        Ratio::new(format!("{name} cpu"), cpu, least),
    ])
}

impl Ratio {
    fn new(of: String, rounds: Vec<f64>, least: Option<f64>) -> Self {
        let median = median(&rounds);
        Self { of, median, least, most: None, reached: least.map(|least| median >= least), rounds }
    }
}

/// The middle one, or the mean of the two in the middle; 0 of nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[test]
fn the_median_is_in_the_middle() {
    assert_eq!([median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 3.0]), median(&[])], [2.0, 2.5, 0.0]);
}
