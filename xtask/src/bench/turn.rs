//! The turns: each variant a few seconds in each round, in another order each time, so that a busy moment of the machine
//! hits all of them alike. It draws no conclusions.

use serde::Serialize;

use super::kernel::Crew;
use super::site::Site;
use super::variant::Variant;
use super::{Options, load, proc};
use crate::progress;

/// What one turn of one variant showed.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Turn {
    pub(crate) requests_per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// Processor time of the kernel's process for each request.
    pub(crate) cpu_us: f64,
}

/// A variant and what its turns showed, one for each round.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) variant: &'static Variant,
    pub(crate) turns: Vec<Turn>,
}

/// All rounds. Before them each variant is asked for a second, so that instances, connections and caches are there.
pub(crate) fn all(
    site: &Site,
    crew: &Crew,
    variants: &[&'static Variant],
    options: &Options,
) -> anyhow::Result<Vec<Measured>> {
    variants.iter().try_for_each(|variant| one(site, crew, variant, 1).map(drop))?;
    let mut measured: Vec<_> = variants.iter().map(|variant| Measured { variant, turns: Vec::new() }).collect();
    for round in 0..options.rounds {
        progress::step(&format!("round {} of {}", round + 1, options.rounds), || {
            order(measured.len(), round).try_for_each(|at| {
                let turn = one(site, crew, measured[at].variant, options.seconds)?;
                measured[at].turns.push(turn);
                Ok(())
            })
        })?;
    }
    Ok(measured)
}

/// Forwards and backwards in turns, each time from another start.
fn order(count: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |at| {
        let at = (at + round) % count;
        if round.is_multiple_of(2) { at } else { count - 1 - at }
    })
}

fn one(site: &Site, crew: &Crew, variant: &Variant, seconds: u32) -> anyhow::Result<Turn> {
    let kernel = crew.at(variant.place);
    let before = proc::cpu(kernel.pid())?;
    let seen = load::run(site, &kernel.address, variant, seconds)?;
    let spent = proc::cpu(kernel.pid())? - before;
    Ok(Turn {
        requests_per_second: seen.requests / seen.seconds,
        p50_us: seen.p50_us,
        p99_us: seen.p99_us,
        cpu_us: spent.as_secs_f64() * 1e6 / seen.requests,
    })
}

#[test]
fn each_round_has_every_variant_once_in_another_order() {
    let orders: Vec<Vec<usize>> = (0..3).map(|round| order(3, round).collect()).collect();
    assert_eq!(orders, [[0, 1, 2], [1, 0, 2], [2, 0, 1]]);
}
