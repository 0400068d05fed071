//! `cargo xtask conformance`: replays what PostgREST's specification expects against the `rest` plugin, and holds the number that
//! passes to a floor that only rises.
//!
//! It installs what the cases need and skips none of them: one that cannot pass counts as failed.

mod client;
mod kernel;
mod settings;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;

use crate::postgres::cluster::Cluster;
use crate::tree::Tree;
use crate::{command, package, postgres, progress, test};
use kernel::Kernel;

/// Which cases to replay.
#[derive(Args, Default)]
pub(crate) struct Options {
    /// Only this configuration; the floor is not looked at then.
    #[arg(long, value_name = "ID")]
    config: Option<String>,
    /// Only files whose name matches; the floor is not looked at then.
    #[arg(long, value_name = "REGEX")]
    file: Option<String>,
    /// Show why each case failed.
    #[arg(short, long)]
    verbose: bool,
}

const DATABASE: &str = "conformance";

/// The command.
pub(crate) fn run(tree: &Tree, options: &Options) -> anyhow::Result<()> {
    let programs = postgres::find_or_install()?;
    install(&programs)?;
    let cluster = test::set_up(tree, &programs)?;
    replay_all(tree, &cluster, options)
}

/// Replays everything on this cluster, and compares with the floor.
pub(crate) fn replay_all(tree: &Tree, cluster: &Cluster, options: &Options) -> anyhow::Result<()> {
    let folder = folder(tree);
    progress::step("loading the conformance fixtures", || load(&folder, cluster))?;
    let cases: Value = serde_json::from_slice(&fs::read(folder.join("cases.json"))?)?;
    // What the kernel compiles stays there for later runs.
    let home = tree.target.join("conformance");
    fs::create_dir_all(&home)?;
    let mut passed = BTreeMap::new();
    for (id, config) in configurations(&cases) {
        if options.config.as_ref().is_some_and(|only| *only != id) {
            continue;
        }
        let kernel = Kernel::start(tree, cluster, &home, DATABASE, &settings::of(&config))?;
        passed.insert(id.clone(), replay(&folder, &kernel, &id, options, &home)?);
        if id == "base" && options.file.is_none() {
            client::run(tree, kernel.url(), &home)?;
        }
    }
    if options.config.is_some() || options.file.is_some() {
        return Ok(());
    }
    hold(&folder, &passed)
}

fn folder(tree: &Tree) -> PathBuf {
    tree.root.join("plugins/rest/tests/conformance")
}

/// PostGIS of the server's version, and Python for the runner.
pub(crate) fn install(programs: &Path) -> anyhow::Result<()> {
    let need = |package: &str, present: bool| match present || package::install(&[package])? {
        true => Ok(()),
        false => bail!("the conformance cases need the Debian package {package}"),
    };
    need("python3-minimal", package::command_exists("python3"))?;
    let major = programs.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    let control = format!("/usr/share/postgresql/{major}/extension/postgis.control");
    need(&format!("postgresql-{major}-postgis-3"), Path::new(&control).exists())
}

fn load(folder: &Path, cluster: &Cluster) -> anyhow::Result<()> {
    let mut load = Command::new("bash");
    load.arg(folder.join("load.sh")).arg(DATABASE).env("PGHOST", cluster.socket());
    command::read(&mut load).map(drop)
}

/// The configurations that cases ask for, by id; the one that most have comes first.
fn configurations(cases: &Value) -> Vec<(String, Value)> {
    let list = cases["cases"].as_array().into_iter().flatten();
    let asked: BTreeMap<_, _> =
        list.map(|case| (case["config_id"].as_str().unwrap_or_default().to_owned(), case["config"].clone())).collect();
    let (base, others): (Vec<_>, Vec<_>) = asked.into_iter().partition(|(id, _)| id == "base");
    base.into_iter().chain(others).collect()
}

/// How many passed.
fn replay(folder: &Path, kernel: &Kernel, id: &str, options: &Options, home: &Path) -> anyhow::Result<u64> {
    let report = home.join("report.json");
    let mut run = Command::new("python3");
    run.arg(folder.join("run.py")).arg(folder.join("cases.json")).arg("--report").arg(&report);
    run.args(["--base-url", kernel.url(), "--config-id", id]);
    run.args(options.file.iter().flat_map(|file| ["--file", file]));
    run.args(options.verbose.then_some("-v"));
    // Its exit code says that not all passed, which the floor decides about.
    let output = command::capture(&mut run)?;
    eprint!("{}", String::from_utf8_lossy(&output.stdout));
    let report: Value = serde_json::from_slice(&fs::read(&report).context("the runner wrote no report")?)?;
    report["passed"].as_u64().context("the report has no number")
}

/// Fewer than the floor is a failure; more has to become the floor.
fn hold(folder: &Path, passed: &BTreeMap<String, u64>) -> anyhow::Result<()> {
    let floor: BTreeMap<String, u64> = serde_json::from_slice(&fs::read(folder.join("floor.json"))?)?;
    let mut lower = Vec::new();
    for (id, wanted) in &floor {
        let found = passed.get(id).copied().unwrap_or(0);
        if found < *wanted {
            lower.push(format!("{id}: {found} passed, {wanted} did before"));
        }
    }
    if !lower.is_empty() {
        bail!("the conformance went down:\n{}", lower.join("\n"));
    }
    let total: u64 = passed.values().sum();
    eprintln!("{total} cases passed");
    if *passed != floor {
        eprintln!("more than the floor: write this to floor.json\n{}", serde_json::to_string_pretty(passed)?);
    }
    Ok(())
}
