//! `cargo xtask bench`: measures the product from outside, over HTTP, and stores the figures as JSON.
//!
//! What is compared runs in turns of a few seconds on one machine, and what counts is the median of the turns' ratios: the
//! absolute figures of two runs say little about each other. Linux only: what a process costs is read from `/proc`.

use std::fs;
use std::process::Command;

use anyhow::Context;
use clap::Args;

use crate::postgres::cluster::Cluster;
use crate::tree::Tree;
use crate::{cargo, command, dist, package, postgres};

mod agree;
mod database;
mod http;
mod kernel;
mod load;
mod neighbour;
mod pace;
mod proc;
mod ratio;
mod report;
mod site;
mod start;
mod turn;
mod variant;

use report::Report;
use site::Site;

/// How long and what.
#[derive(Args)]
pub(crate) struct Options {
    /// How long each variant is measured in each round.
    #[arg(long, default_value_t = 3)]
    seconds: u32,
    /// How often.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Measure only these variants, by their letters: `--only d,e`.
    #[arg(long, value_delimiter = ',', value_name = "VARIANTS")]
    only: Vec<String>,
}

/// The command.
#[expect(clippy::print_stdout, reason = "the table is what the command is for")]
pub(crate) fn run(tree: &Tree, options: &Options) -> anyhow::Result<()> {
    let variants = variant::select(&options.only)?;
    let programs = set_up(tree)?;
    let cluster = Cluster::start(&programs)?;
    let site = Site::lay_out(tree, &cluster)?;
    let start = start::measure(&site)?;
    let crew = kernel::Crew::start(&site)?;
    agree::check(&site, &crew)?;
    let turns = turn::all(&site, &crew, &variants, options)?;
    let loaded = proc::resident(crew.main().pid())?;
    // By itself: kernels that are not asked still wake up now and then.
    drop(crew);
    let neighbours = neighbour::all(&site, &neighbour::select(&options.only), options)?;
    let report = Report::new(start, loaded, turns, neighbours, options);
    println!("{report}");
    store(tree, &report)
}

/// Build what is measured, and find what measures.
fn set_up(tree: &Tree) -> anyhow::Result<std::path::PathBuf> {
    dist::run(tree)?;
    cargo::build_dist(tree, &["--example", "bench"])?;
    if !package::command_exists("wrk") {
        package::install(&["wrk"])?;
        anyhow::ensure!(package::command_exists("wrk"), "wrk puts the load on: install the package wrk");
    }
    postgres::find_or_install()
}

fn store(tree: &Tree, report: &Report) -> anyhow::Result<()> {
    let now = command::read(Command::new("date").args(["-u", "+%Y%m%dT%H%M%SZ"]))?;
    let path = tree.target.join("bench").join(format!("{}.json", now.trim()));
    fs::write(&path, serde_json::to_string_pretty(report)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("stored {}", path.display());
    Ok(())
}
