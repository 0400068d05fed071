//! `basalt doctor`: each check says what it looked at, whether it is well, and how to mend it.

use std::process::ExitCode;

use super::{Setup, block_on};
use crate::app::data_dir;
use crate::auth::Auth;
use crate::error::{Error, Result};
use crate::store;

pub(super) fn run(setup: &Setup) -> Result<ExitCode> {
    let mut well = true;
    let data_dir = data_dir::make(&setup.config.root.data_dir);
    well &= report("data directory", data_dir.as_ref().map(|path| path.display().to_string()));
    if let Ok(path) = &data_dir {
        let auth = Auth::open(&setup.config.auth, path);
        well &= report("token secret", auth.as_ref().map(|_| "long enough".to_owned()));
        let version = block_on(store::server_version(&setup.config.database, path));
        well &= report("database", version.as_ref().map(String::clone));
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report(what: &str, outcome: std::result::Result<String, &Error>) -> bool {
    match &outcome {
        Ok(found) => println!("ok     {what}: {found}"),
        Err(fault) => {
            println!("FAULT  {what}: {} [{}]", fault.message, fault.code);
            println!("       {}", fault.hint.as_deref().unwrap_or("see the log"));
        }
    }
    outcome.is_ok()
}
