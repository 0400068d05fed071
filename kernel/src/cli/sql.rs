//! `basalt sql`: statements as the admin, against the configured or the embedded Postgres, running or not.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use super::{Setup, block_on};
use crate::app::data_dir;
use crate::error::{Error, Result};
use crate::store::{self, ResultSet};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The statements; standard input where there are none
    sql: Option<String>,
}

pub(super) fn run(setup: &Setup, arguments: Arguments) -> Result<ExitCode> {
    let sql = match arguments.sql {
        Some(sql) => sql,
        None => from_input()?,
    };
    let data_dir = data_dir::make(&setup.config.root.data_dir)?;
    let script = block_on(store::run_script(&setup.config.database, &data_dir, &sql))?;
    script.notices.iter().for_each(|notice| eprintln!("{notice}"));
    script.results.iter().for_each(print);
    script.error.map_or(Ok(ExitCode::SUCCESS), Err)
}

fn from_input() -> Result<String> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("type SQL, then Ctrl-D");
    }
    let mut sql = String::new();
    input.read_to_string(&mut sql).map_err(Error::internal)?;
    Ok(sql)
}

/// Tab-separated, with a head; NULL is `\N` as in `COPY`, so that it differs from the empty text.
fn print(result: &ResultSet) {
    if result.columns.is_empty() {
        return println!("{}", result.tag);
    }
    println!("{}", result.columns.join("\t"));
    for row in &result.rows {
        let values: Vec<_> = row.iter().map(|value| value.as_deref().unwrap_or("\\N")).collect();
        println!("{}", values.join("\t"));
    }
}
