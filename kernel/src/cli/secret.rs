//! `basalt secret`: sets, lists and removes secrets, whether a kernel runs or not. A value is never an argument: those stand
//! in the shell's history and in the list of processes.

use std::io::{IsTerminal, Read as _};
use std::process::{Command, ExitCode};

use zeroize::Zeroizing;

use super::{Setup, block_on};
use crate::app::data_dir;
use crate::auth::seal::{MAX_VALUE, Seal};
use crate::error::{Error, Result, code};
use crate::store::secret::check_name;
use crate::store::{Desk, InstanceKey};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Action {
    /// Set a secret to what standard input says; a terminal is asked, without echo
    Set { name: String },
    /// List the names of the secrets, and when each was set
    List,
    /// Remove a secret
    Remove { name: String },
}

pub(super) fn run(setup: &Setup, action: &Action) -> Result<ExitCode> {
    let data_dir = data_dir::make(&setup.config.root.data_dir)?;
    let sealed = match action {
        // Before the database is opened: a name that cannot be is not worth asking for a value.
        Action::Set { name } => {
            check_name(name)?;
            Some(Seal::new(&InstanceKey::open(&data_dir)?).seal(name, &value()?)?)
        }
        _ => None,
    };
    block_on(async {
        let mut desk = Desk::open(&setup.config.database, &data_dir).await?;
        let outcome = perform(&mut desk, action, sealed.unwrap_or_default()).await;
        desk.close().await;
        outcome
    })
}

async fn perform(desk: &mut Desk, action: &Action, sealed: Vec<u8>) -> Result<ExitCode> {
    match action {
        Action::Set { name } => {
            desk.set_sealed(name, sealed.into()).await?;
            println!("{name} is set");
        }
        Action::List => {
            desk.secrets().await?.iter().for_each(|secret| println!("{}\t{}", secret.name, secret.set_at));
        }
        Action::Remove { name } => {
            if !desk.remove_secret(name).await? {
                return Err(Error::new(&code::SECRET_UNSET, format!("the secret {name:?} is not set")));
            }
            println!("{name} is removed");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One line break at the end is the terminal's or the editor's, not the secret's.
fn value() -> Result<Zeroizing<String>> {
    let input = std::io::stdin();
    let _quiet = input.is_terminal().then(Quiet::begin).transpose()?;
    let mut text = Zeroizing::new(String::with_capacity(MAX_VALUE + 3));
    if input.is_terminal() {
        input.read_line(&mut text).map_err(Error::internal)?;
        eprintln!();
    } else {
        let most = MAX_VALUE as u64 + 3;
        let no_text =
            |fault| Error::new(&code::SECRET_INVALID, "the value is no UTF-8 text").source(anyhow::anyhow!("{fault}"));
        input.lock().take(most).read_to_string(&mut text).map_err(|fault: std::io::Error| no_text(fault.kind()))?;
    }
    let length = text.strip_suffix("\r\n").or(text.strip_suffix('\n')).map_or(text.len(), str::len);
    text.truncate(length);
    Ok(text)
}

/// A terminal that does not show what is typed, until it is dropped.
struct Quiet;

impl Quiet {
    fn begin() -> Result<Self> {
        eprint!("value (it is not shown): ");
        stty("-echo").map(|()| Self)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = stty("echo");
    }
}

/// The program that every system with terminals has; it works on the standard input that it inherits.
fn stty(mode: &str) -> Result<()> {
    let told = Command::new("stty").arg(mode).status().map_err(Error::internal)?;
    let refused = || Error::new(&code::SECRET_INVALID, "the terminal cannot be kept from showing what is typed");
    told.success().then_some(()).ok_or_else(|| refused().hint("send the value to standard input: `… < file`"))
}
