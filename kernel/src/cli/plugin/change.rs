//! `basalt plugin remove`, `enable`, `disable`, `rollback` and `promote`: one request each, and a line when it is done.

use std::process::ExitCode;

use serde_json::json;

use crate::cli::admin::{Client, path};
use crate::cli::terminal;
use crate::error::{Error, Result, code};

#[derive(Debug, clap::Args)]
pub(super) struct Target {
    /// The plugin's id
    id: String,
    /// Why, for the log of what happened to the plugin
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Remove {
    #[command(flatten)]
    target: Target,
    /// Drop its login and its schema too, with all that is in it
    #[arg(long)]
    purge: bool,
    /// Drop them without a question
    #[arg(long, short)]
    yes: bool,
}

impl Target {
    fn path(&self, act: &[&str], purge: bool) -> String {
        let parts = [&["plugins", &self.id], act].concat();
        path(&parts, &[("purge", purge.then_some("true")), ("reason", self.reason.as_deref())])
    }
}

pub(super) fn switch(client: &Client, target: &Target, on: bool) -> Result<ExitCode> {
    client.ask("PATCH", &target.path(&[], false), Some(json!({ "enabled": on }).to_string().as_bytes()))?;
    done(target, if on { "is enabled" } else { "is disabled" })
}

pub(super) fn roll_back(client: &Client, target: &Target) -> Result<ExitCode> {
    client.ask("POST", &target.path(&["rollback"], false), Some(&[]))?;
    let now = client.ask("GET", &target.path(&[], false), None)?;
    done(target, &format!("is at {} again", super::word::text(&now["version"])))
}

pub(super) fn promote(client: &Client, target: &Target) -> Result<ExitCode> {
    client.ask("POST", &target.path(&["promote"], false), Some(&[]))?;
    let now = client.ask("GET", &target.path(&[], false), None)?;
    done(target, &format!("{} answers everything", super::word::text(&now["version"])))
}

pub(super) fn remove(client: &Client, arguments: &Remove) -> Result<ExitCode> {
    let Remove { target, purge, yes } = arguments;
    if *purge && !yes && !is_confirmed(&target.id)? {
        eprintln!("nothing was changed");
        return Ok(ExitCode::FAILURE);
    }
    client.ask("DELETE", &target.path(&[], *purge), None)?;
    done(
        target,
        if *purge { "is removed, with all that it kept" } else { "is removed; what it kept in the database stays" },
    )
}

/// What is dropped comes back from a backup only: a yes is typed too easily.
fn is_confirmed(id: &str) -> Result<bool> {
    if !terminal::is_attended() {
        return Err(Error::new(&code::CONFIG_INVALID, format!("all that {id} keeps in the database would be dropped"))
            .hint("nothing was changed, and nobody is here to be asked: `--yes` drops it"));
    }
    let question =
        format!("All that {id} keeps in the database is dropped. Type its id to go on:", id = terminal::plain(id));
    Ok(terminal::ask(&question)? == id)
}

fn done(target: &Target, what: &str) -> Result<ExitCode> {
    println!("{} {what}", terminal::plain(&target.id));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_one_part_of_the_path() {
        let target = Target { id: "../secrets".to_owned(), reason: Some("why".to_owned()) };
        assert_eq!(target.path(&["promote"], false), "plugins/%2E%2E%2Fsecrets/promote?reason=why");
        assert_eq!(target.path(&[], true), "plugins/%2E%2E%2Fsecrets?purge=true&reason=why");
    }
}
