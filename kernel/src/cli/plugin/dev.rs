//! `basalt plugin dev`: builds a project and swaps it into a kernel, again after each change, and prints what the plugin writes. What
//! does not compile, or is refused, replaces nothing. How a kernel swaps is the kernel's.

mod watch;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::build::build;
use super::language::{Language, Purpose};
use super::log::Seen;
use super::question;
use super::word::{each, text};
use crate::cli::admin::{Client, path};
use crate::cli::{complain, terminal};
use crate::error::{Error, Result, code};
use crate::host::package::Package;
use watch::Watch;

/// How often is looked for a change: less than anybody notices, and a few hundred files cost nothing.
const PAUSE: Duration = Duration::from_millis(100);

/// How often is looked for lines of the log.
const LISTEN: Duration = Duration::from_millis(300);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin's folder
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Approve whatever it asks for, without a question
    #[arg(long, short)]
    yes: bool,
}

impl Arguments {
    /// Fails before a kernel is started for a folder that is no project.
    pub(super) fn check(&self) -> Result<()> {
        let manifest = self.folder.join("plugin.toml");
        Language::of(&self.folder)?;
        if manifest.is_file() {
            return Ok(());
        }
        Err(Error::new(&code::PLUGIN_REFUSED, format!("there is no {}", manifest.display()))
            .hint("`basalt plugin new NAME` makes a project"))
    }
}

pub(super) fn run(client: &Client, arguments: &Arguments) -> Result<ExitCode> {
    let mut lines = Lines::default();
    loop {
        let mut watch = Watch::start(&arguments.folder, Language::of(&arguments.folder)?);
        let start = Instant::now();
        match turn(client, arguments, &mut lines) {
            Ok(Some(answer)) => said(client, &answer, start.elapsed())?,
            Ok(None) => eprintln!("not installed: what was there goes on answering"),
            Err(fault) => complain(&fault),
        }
        let mut listened = Instant::now();
        while !watch.has_changed() {
            std::thread::park_timeout(PAUSE);
            if listened.elapsed() >= LISTEN {
                lines.print(client);
                listened = Instant::now();
            }
        }
    }
}

/// Builds and swaps; what the kernel says, or nothing where somebody said no.
fn turn(client: &Client, arguments: &Arguments, lines: &mut Lines) -> Result<Option<Value>> {
    let package = build(&arguments.folder, Purpose::Dev)?;
    // Lines are the running version's: those of the old one go with it.
    lines.print(client);
    lines.id = Some(package.manifest.id.clone());
    match send(client, &package, None) {
        Err(asks) if asks.code == code::PLUGIN_ASKS.name => {
            let details = asks.details.clone().unwrap_or_default();
            println!("{}", question::render(&package.manifest, None, &details, terminal::has_colour()));
            if !is_approved(arguments, asks)? {
                return Ok(None);
            }
            send(client, &package, details["seal"].as_str()).map(Some)
        }
        answer => answer.map(Some),
    }
}

fn is_approved(arguments: &Arguments, asks: Error) -> Result<bool> {
    match () {
        () if arguments.yes => Ok(true),
        () if terminal::is_attended() => Ok(terminal::is_yes(&terminal::ask("Grant it? [y/N]")?)),
        () => Err(asks.hint("nobody is here to be asked: `--yes` approves what stands above")),
    }
}

/// For good at once: on probation the version before would answer in place of one that crashes, and its author would not see it. Whoever
/// edits a plugin means what is there, whatever its number, and has not signed it yet.
fn send(client: &Client, package: &Package, seal: Option<&str>) -> Result<Value> {
    let means = [("calls", Some("0")), ("downgrade", Some("true")), ("unsigned", Some("true"))];
    let query = [&means[..], &[("approve", seal), ("reason", Some("basalt plugin dev"))]].concat();
    client.ask("POST", &path(&["plugins"], &query), Some(&package.wasm))
}

fn said(client: &Client, answer: &Value, took: Duration) -> Result<()> {
    let plugin = client.ask("GET", &path(&["plugins", &text(&answer["id"])], &[]), None)?;
    println!(
        "{} {} is served, {:.1} s after the change",
        text(&plugin["id"]),
        text(&plugin["version"]),
        took.as_secs_f64()
    );
    for route in each(&plugin["routes"]) {
        let methods = each(&route["methods"]).filter_map(Value::as_str).collect::<Vec<_>>().join(",");
        let methods = if methods.is_empty() { "*" } else { &methods };
        for mount in each(&route["mounts"]).filter_map(Value::as_str) {
            let mount = mount.trim_end_matches('/');
            println!("  {methods} {}{}{}", client.url(), terminal::plain(mount), text(&route["path"]));
        }
    }
    Ok(())
}

/// What was printed of the plugin's log.
#[derive(Default)]
struct Lines {
    id: Option<String>,
    seen: Seen,
}

impl Lines {
    /// A kernel that does not answer for a moment is no reason to end.
    fn print(&mut self, client: &Client) {
        let Some(id) = &self.id else { return };
        let Ok(answer) = client.ask("GET", &path(&["plugins", id, "log"], &[("limit", Some("1000"))]), None) else {
            return;
        };
        self.seen.take(&json!({ "lines": answer["lines"] })).iter().for_each(|line| println!("{}", brief(line)));
    }
}

/// A line without the frames of a crash, which whoever waits for a line of the log does not read: the panic's own line says where.
fn brief(line: &str) -> String {
    let Some((head, trace)) = line.split_once(": error while executing at wasm backtrace:") else {
        return line.to_owned();
    };
    let trap = trace.split("wasm trap: ").nth(1).map(|trap| trap.split("\\u{a}").next().unwrap_or_default());
    trap.map_or_else(|| head.to_owned(), |trap| format!("{head}: {trap}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_said_in_one_line() {
        assert_eq!(brief("INFO  as it is"), "INFO  as it is");
        let crash = "ERROR plugin.trap: the plugin crashed: error while executing at wasm backtrace:\\u{a} 0: x";
        assert_eq!(brief(crash), "ERROR plugin.trap: the plugin crashed");
        let whole = format!("{crash}\\u{{a}}\\u{{a}}Caused by:\\u{{a}}    wasm trap: out of fuel\\u{{a}}more");
        assert_eq!(brief(&whole), "ERROR plugin.trap: the plugin crashed: out of fuel");
    }
}
