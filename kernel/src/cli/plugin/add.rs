//! `basalt plugin add` and `upgrade`: a file is sent, what it asks for is shown, and a yes is sent back. What is missing, and
//! whether it can run, the kernel says.

use std::process::ExitCode;

use serde_json::Value;

use super::question;
use super::source::{self, Fetched};
use crate::cli::admin::{Client, path};
use crate::cli::terminal;
use crate::error::{Error, Result, code};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) source: source::Arguments,
    /// Approve what it asks for, without a question
    #[arg(long, short)]
    yes: bool,
    /// Let it answer only a share of the requests at first: 5%
    #[arg(long, value_name = "SHARE", value_parser = share)]
    canary: Option<u32>,
    /// Calls of the new version after which it stays, if it does well [default: 100, of a canary 1000]
    #[arg(long, value_name = "N")]
    calls: Option<u64>,
    /// Install it also where it is older than the version that runs
    #[arg(long)]
    downgrade: bool,
    /// Why, for the log of what happened to the plugin
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// `5%` or `5`.
fn share(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim().parse().ok();
    number.filter(|share| (1..=99).contains(share)).ok_or_else(|| "a share is from 1% to 99%".to_owned())
}

/// Installs what is not there, and replaces what is.
pub(super) fn run(client: &Client, arguments: &Arguments, fetched: &Fetched) -> Result<ExitCode> {
    let before = present(client, &fetched.package.manifest.id)?;
    install(client, arguments, fetched, before.as_deref())
}

/// The same, but for a plugin that is not there: a wrong file would be installed beside what was meant.
pub(super) fn upgrade(client: &Client, arguments: &Arguments, fetched: &Fetched) -> Result<ExitCode> {
    let id = &fetched.package.manifest.id;
    let before = present(client, id)?.ok_or_else(|| {
        Error::new(&code::PLUGIN_NOT_FOUND, format!("there is no plugin {id} to upgrade"))
            .hint(format!("`basalt plugin add {}` installs it", arguments.source.name()))
    })?;
    install(client, arguments, fetched, Some(&before))
}

/// The version that is there.
fn present(client: &Client, id: &str) -> Result<Option<String>> {
    match client.ask("GET", &path(&["plugins", id], &[]), None) {
        Ok(plugin) => Ok(Some(plugin["version"].as_str().unwrap_or_default().to_owned())),
        Err(fault) if fault.code == code::PLUGIN_NOT_FOUND.name => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn install(client: &Client, arguments: &Arguments, fetched: &Fetched, before: Option<&str>) -> Result<ExitCode> {
    let answer = match send(client, arguments, fetched, None) {
        Err(asks) if asks.code == code::PLUGIN_ASKS.name => {
            let details = asks.details.clone().unwrap_or_default();
            let has_colour = terminal::has_colour();
            println!("{}", question::render(&fetched.package.manifest, before, &details, has_colour));
            if !is_approved(arguments, asks)? {
                eprintln!("nothing was changed");
                return Ok(ExitCode::FAILURE);
            }
            send(client, arguments, fetched, details["seal"].as_str())?
        }
        answer => answer?,
    };
    println!("{}", question::outcome(&answer));
    Ok(ExitCode::SUCCESS)
}

fn is_approved(arguments: &Arguments, asks: Error) -> Result<bool> {
    match () {
        () if arguments.yes => Ok(true),
        () if terminal::is_attended() => Ok(terminal::is_yes(&terminal::ask("Install it? [y/N]")?)),
        () => Err(asks.hint("nothing was changed, and nobody is here to be asked: `--yes` approves what stands above")),
    }
}

fn send(client: &Client, arguments: &Arguments, fetched: &Fetched, seal: Option<&str>) -> Result<Value> {
    let [canary, calls] =
        [arguments.canary.map(u64::from), arguments.calls].map(|number| number.map(|n| n.to_string()));
    let query = [
        ("approve", seal),
        ("signature", fetched.signature.as_deref()),
        ("unsigned", arguments.source.unsigned.then_some("true")),
        ("downgrade", arguments.downgrade.then_some("true")),
        ("canary", canary.as_deref()),
        ("calls", calls.as_deref()),
        ("reason", arguments.reason.as_deref()),
    ];
    client.ask("POST", &path(&["plugins"], &query), Some(&fetched.package.wasm))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_with_its_sign_or_without() {
        for (text, expected) in [("5%", 5), ("5", 5), ("99 %", 99), ("1", 1)] {
            assert_eq!(share(text), Ok(expected), "{text}");
        }
        for text in ["0", "100%", "", "%", "5%%", "-1", "0.5", "five"] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}
