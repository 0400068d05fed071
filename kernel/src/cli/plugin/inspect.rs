//! `basalt plugin inspect`: everything that is known of one plugin, in sections.

use std::process::ExitCode;

use serde_json::Value;

use super::word::{each, event, permissions, reason, text, trial};
use crate::cli::admin::{Client, path};
use crate::cli::terminal;
use crate::error::Result;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin's id
    id: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// Of a digest; enough to tell versions apart.
const DIGEST: usize = 12;

pub(super) fn run(client: &Client, arguments: &Arguments) -> Result<ExitCode> {
    let plugin = client.ask("GET", &path(&["plugins", &arguments.id], &[]), None)?;
    match arguments.json {
        true => println!("{plugin:#}"),
        false => print!("{}", render(&plugin, terminal::has_colour())),
    }
    Ok(ExitCode::SUCCESS)
}

fn render(plugin: &Value, has_colour: bool) -> String {
    let sections = [
        ("permissions", permissions(&plugin["permissions"], has_colour)),
        ("not granted", permissions(&plugin["lacking"], has_colour)),
        ("routes", rows(&plugin["routes"], route)),
        ("settings", rows(&plugin["settings"], setting)),
        ("limits", fields(&plugin["limits"])),
        ("usage of this version on this node", fields(&plugin["usage"])),
        ("versions", rows(&plugin["versions"], version)),
        ("events", rows(&plugin["log"], |one| vec![text(&one["at"]), event(one)])),
    ];
    let filled = sections.iter().filter(|(_, content)| !content.is_empty());
    head(plugin) + &filled.map(|(title, content)| format!("\n{title}\n{content}")).collect::<String>()
}

fn head(plugin: &Value) -> String {
    let of = |name: &str| text(&plugin[name]);
    let mut out = format!("{} {}: {}\n", of("id"), of("version"), of("description"));
    let facts = [
        ("state", of("state")),
        ("origin", of("origin")),
        ("licence", of("license")),
        ("signed by", of("signer")),
        ("trial", trial(&plugin["trial"])),
    ];
    let rows: Vec<_> = facts
        .into_iter()
        .filter(|(_, fact)| !fact.is_empty())
        .map(|(name, fact)| vec![name.to_owned(), fact])
        .collect();
    out.push_str(&terminal::table(&rows, "  "));
    if !plugin["reason"].is_null() {
        out.push_str(&format!("\nwhy it does not run\n{}", reason(&plugin["reason"])));
    }
    out
}

fn rows(list: &Value, row: impl Fn(&Value) -> Vec<String>) -> String {
    terminal::table(&each(list).map(row).collect::<Vec<_>>(), "  ")
}

fn fields(object: &Value) -> String {
    let fields = object.as_object().into_iter().flatten();
    // Nothing failed, say: a line of it would be empty.
    let fields = fields.filter(|(_, value)| value.as_object().is_none_or(|inner| !inner.is_empty()));
    terminal::table(&fields.map(|(name, value)| vec![terminal::plain(name), text(value)]).collect::<Vec<_>>(), "  ")
}

fn route(route: &Value) -> Vec<String> {
    let path = route["path"].as_str().unwrap_or_default();
    let mounts = each(&route["mounts"]).filter_map(Value::as_str);
    let paths: Vec<_> =
        mounts.map(|mount| terminal::plain(&format!("{}{path}", mount.trim_end_matches('/')))).collect();
    let methods = text(&route["methods"]);
    let methods = if methods.is_empty() { "all methods".to_owned() } else { methods };
    vec![text(&route["name"]), methods, paths.join(", ")]
}

fn setting(setting: &Value) -> Vec<String> {
    vec![text(&setting["name"]), text(&setting["description"])]
}

fn version(version: &Value) -> Vec<String> {
    let digest: String = text(&version["digest"]).chars().take(DIGEST).collect();
    let signer = version["signer"].as_str().map(|name| format!("signed by {}", terminal::plain(name)));
    let installed = text(&version["installed_at"]);
    vec![text(&version["version"]), text(&version["role"]), digest, installed, signer.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_known_is_shown_in_sections() {
        let plugin = json!({
            "id": "shop", "version": "1.0.0", "state": "refused", "origin": "installed", "description": "Sells things",
            "license": "MIT", "signer": "acme", "trial": null,
            "reason": { "code": "plugin.not-granted", "message": "it wants more", "hint": "grant it" },
            "permissions": [{ "words": "act as anybody", "grave": true }, { "words": "run SQL", "grave": false }],
            "lacking": [{ "words": "act as anybody", "grave": true }],
            "routes": [{ "name": "order", "path": "/orders/{id}", "mounts": ["/shop", "/"], "methods": ["GET"] },
                       { "name": "all", "path": "/", "mounts": ["/shop"], "methods": [] }],
            "settings": [{ "name": "currency", "description": "What prices are in" }],
            "limits": { "memory": "32MiB", "reuse": true },
            "usage": { "calls": 2, "failures": {}, "breaker": "closed" },
            "versions": [{ "digest": "0123456789abcdef", "version": "1.0.0", "installed_at": "today", "role": "current", "signer": "acme" }],
            "log": [{ "event": "add", "version": "1.0.0", "actor": "ann", "reason": "", "at": "today" }],
        });
        let expected = "\
shop 1.0.0: Sells things
  state      refused
  origin     installed
  licence    MIT
  signed by  acme

why it does not run
  it wants more [plugin.not-granted]
    grant it

permissions
! act as anybody
  run SQL

not granted
! act as anybody

routes
  order  GET          /shop/orders/{id}, /orders/{id}
  all    all methods  /shop/

settings
  currency  What prices are in

limits
  memory  32MiB
  reuse   true

usage of this version on this node
  calls    2
  breaker  closed

versions
  1.0.0  current  0123456789ab  today  signed by acme

events
  today  add 1.0.0 by ann
";
        assert_eq!(render(&plugin, false), expected);
    }

    #[test]
    fn what_is_not_known_has_no_section() {
        let shown = render(&json!({ "id": "a", "version": "1.0.0", "state": "disabled", "usage": null }), false);
        assert_eq!(shown, "a 1.0.0: \n  state  disabled\n");
    }
}
