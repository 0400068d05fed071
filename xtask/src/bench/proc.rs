//! What a process costs, by the kernel of the operating system's own books in `/proc`.
//!
//! It reads other processes only, and never the machine's totals: wrk and Postgres share the machine.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;

use crate::command;

/// The processor time that a process has used, its own and the system's on its behalf.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}: this command needs Linux"))?;
    // The second field is the program's name in parentheses, which may hold spaces: count from behind it.
    let (_, rest) = stat.rsplit_once(") ").context("/proc has an unknown form")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks =
        |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).context("/proc has no such field");
    Ok(Duration::from_secs_f64((ticks(11)? + ticks(12)?) as f64 / ticks_per_second()?))
}

fn ticks_per_second() -> anyhow::Result<f64> {
    Ok(command::read(Command::new("getconf").arg("CLK_TCK"))?.trim().parse()?)
}

/// The memory of a process that is in RAM, in bytes.
pub(crate) fn resident(pid: u32) -> anyhow::Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}: this command needs Linux"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("/proc says nothing of VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}
