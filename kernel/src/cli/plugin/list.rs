//! `basalt plugin list`: a line for each plugin, and below them why some do not run.

use std::process::ExitCode;

use serde_json::Value;

use super::word::{each, reason, text, trial};
use crate::cli::admin::Client;
use crate::cli::terminal;
use crate::error::Result;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(client: &Client, arguments: &Arguments) -> Result<ExitCode> {
    let answer = client.ask("GET", "plugins", None)?;
    match arguments.json {
        true => println!("{answer:#}"),
        false => print!("{}", render(&answer["plugins"])),
    }
    Ok(ExitCode::SUCCESS)
}

fn render(plugins: &Value) -> String {
    let head = ["id", "version", "state", "origin", "trial", "signed by"].map(str::to_owned).to_vec();
    let row = |plugin: &Value| {
        let mut row = ["id", "version", "state", "origin"].map(|name| text(&plugin[name])).to_vec();
        row.extend([trial(&plugin["trial"]), text(&plugin["signer"])]);
        row
    };
    let rows: Vec<_> = std::iter::once(head).chain(each(plugins).map(row)).collect();
    if rows.len() == 1 {
        return "there is no plugin: `basalt plugin add FILE` installs one\n".to_owned();
    }
    let refused = each(plugins).filter(|plugin| !plugin["reason"].is_null());
    let reasons: String =
        refused.map(|plugin| format!("\n{}\n{}", text(&plugin["id"]), reason(&plugin["reason"]))).collect();
    terminal::table(&rows, "") + &reasons
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plugins_are_a_table_and_the_reasons_of_refused_ones_stand_below() {
        let plugins = json!([
            { "id": "blog", "version": "0.1.0", "state": "ready", "origin": "binary", "reason": null, "trial": null },
            { "id": "shop", "version": "1.0.0", "state": "ready", "origin": "installed", "reason": null,
              "signer": "acme", "trial": { "version": "1.1.0", "share": 5, "calls": 12, "failures": 0 } },
            { "id": "wild", "version": "2.0.0", "state": "refused", "origin": "installed", "trial": null,
              "reason": { "code": "plugin.not-granted", "message": "it wants more", "hint": "[plugins.wild]\ngrant = {}" } },
        ]);
        let expected = "\
id    version  state    origin     trial                             signed by
blog  0.1.0    ready    binary
shop  1.0.0    ready    installed  1.1.0 at 5 %: 12 calls, 0 failed  acme
wild  2.0.0    refused  installed

wild
  it wants more [plugin.not-granted]
    [plugins.wild]
    grant = {}
";
        assert_eq!(render(&plugins), expected);
        assert!(render(&json!([])).contains("basalt plugin add"));
    }
}
