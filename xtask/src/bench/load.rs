//! The load: wrk, which counts answers and their latencies. It does not look at the kernel's side.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

use super::database::ROWS;
use super::site::Site;
use super::variant::Variant;
use crate::{command, file};

/// What wrk saw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) requests: f64,
    pub(crate) seconds: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// Prints what `Seen` holds, and how many requests failed.
const DONE: &str = r#"
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("seen %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), failed))
end
"#;

/// Another key in each request, in no order, so that no page of the table is always the one at hand.
const KEYS: &str = r#"
local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end
function init()
  math.randomseed(os.time() + seed)
  before, after = wrk.path:match("^(.*)KEY(.*)$")
end
function request()
  return wrk.format(nil, before .. math.random(ROWS) .. after)
end
"#;

/// The scripts that wrk is run with.
pub(crate) fn write_scripts(folder: &Path) -> anyhow::Result<()> {
    file::write(&folder.join("static.lua"), DONE.as_bytes())?;
    let keys = KEYS.replace("ROWS", &ROWS.to_string());
    file::write(&folder.join("keys.lua"), format!("{keys}{DONE}").as_bytes())?;
    Ok(())
}

/// Ask for so many seconds. One failed request fails the measurement: what is not answered costs less.
pub(crate) fn run(site: &Site, address: &str, variant: &Variant, seconds: u32) -> anyhow::Result<Seen> {
    let printed = command::read(&mut wrk(site, address, variant, seconds))?;
    let line =
        printed.lines().find_map(|line| line.strip_prefix("seen ")).context("wrk said nothing of what it saw")?;
    let numbers: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let [requests, duration, p50_us, p99_us, failed] = numbers[..] else {
        anyhow::bail!("wrk said something else than expected: {line}");
    };
    ensure!(failed == 0.0 && requests > 0.0, "{failed} of {requests} requests for {} failed", variant.path);
    Ok(Seen { requests, seconds: duration / 1e6, p50_us, p99_us })
}

fn wrk(site: &Site, address: &str, variant: &Variant, seconds: u32) -> Command {
    let script = if variant.path.contains("KEY") { "keys.lua" } else { "static.lua" };
    let mut wrk = Command::new("wrk");
    wrk.arg("--latency").args(["--threads", &variant.connections.min(2).to_string()]);
    wrk.args(["--connections", &variant.connections.to_string(), "--duration", &format!("{seconds}s")]);
    if variant.signed {
        wrk.args(["--header", &format!("Authorization: Bearer {}", site.token)]);
    }
    wrk.arg("--script").arg(site.path(script)).arg(format!("http://{address}{}", variant.path));
    wrk
}
