//! What the product costs before anybody asks for anything: its size, its start, its memory.
//!
//! The start is a warm one: plugins are compiled and the database is migrated.

use std::fs::{self, File};
use std::time::{Duration, Instant};

use anyhow::ensure;
use serde::Serialize;

use super::kernel::Kernel;
use super::site::Site;
use super::{http, proc, ratio};

/// The figures.
#[derive(Debug, Serialize)]
pub(crate) struct Start {
    /// From the start of the process to the first answer of `/ready`; the median.
    pub(crate) ready_ms: f64,
    /// Memory in RAM when nobody has asked for anything.
    pub(crate) idle_bytes: u64,
    /// The file of the binary.
    pub(crate) binary_bytes: u64,
}

const STARTS: usize = 5;

pub(crate) fn measure(site: &Site) -> anyhow::Result<Start> {
    // The first one compiles the plugins.
    start(site)?;
    let mut times = Vec::new();
    let mut idle = Vec::new();
    for _ in 0..STARTS {
        let (kernel, time) = start(site)?;
        times.push(time.as_secs_f64() * 1e3);
        idle.push(proc::resident(kernel.pid())? as f64);
    }
    Ok(Start {
        ready_ms: ratio::median(&times),
        idle_bytes: ratio::median(&idle) as u64,
        binary_bytes: fs::metadata(&site.product)?.len(),
    })
}

fn start(site: &Site) -> anyhow::Result<(Kernel, Duration)> {
    let command = site.kernel(&site.product, "start", "[log]\nlevel = \"warn\"\n")?;
    let started = Instant::now();
    let kernel = Kernel::start(command, File::create(site.path("start.log"))?)?;
    let answer = http::get(&kernel.address, "/ready", None)?;
    let took = started.elapsed();
    ensure!(answer.status == "200", "the kernel is not ready: {}", answer.body);
    Ok((kernel, took))
}
