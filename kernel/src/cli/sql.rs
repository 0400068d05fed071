//! `basalt sql`: statements as the admin, against the configured or the embedded Postgres, running or not.

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use super::{Setup, block_on};
use crate::app::data_dir;
use crate::error::{Error, Result};
use crate::store::{self, script};

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
    let outcomes = block_on(store::script::run(&setup.config.database, &data_dir, &sql))?;
    outcomes.iter().for_each(print);
    Ok(ExitCode::SUCCESS)
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

fn print(outcome: &script::Outcome) {
    match outcome {
        script::Outcome::Rows { columns, rows } => {
            println!("{}", columns.join("\t"));
            for row in rows {
                let values: Vec<_> = row.iter().map(|value| value.as_deref().unwrap_or("∅")).collect();
                println!("{}", values.join("\t"));
            }
        }
        script::Outcome::Done(rows) => println!("ok, {rows} row(s)"),
    }
}
