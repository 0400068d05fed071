//! `basalt key`: tokens for trying things out and for servers, and keys for operators.

use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::{Setup, block_on};
use crate::app::data_dir;
use crate::auth::{Secrets, operator};
use crate::config::Duration;
use crate::error::{Error, Result, code};
use crate::store::Desk;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print a token for a role
    Mint(Mint),
    /// Make another operator key and print it, this once
    Operator(Operator),
}

#[derive(Debug, clap::Args)]
pub(super) struct Mint {
    /// The Postgres role that its bearer acts as
    #[arg(long, default_value = "authenticated")]
    role: String,
    /// The user's id (`sub`)
    #[arg(long)]
    sub: Option<String>,
    /// More claims, as a JSON object
    #[arg(long, default_value = "{}")]
    claims: String,
    /// How long it is valid
    #[arg(long, default_value = "1h")]
    expires: humantime::Duration,
}

#[derive(Debug, clap::Args)]
pub(super) struct Operator {
    /// Let no other key be accepted any more, and leave this one in the data directory
    #[arg(long)]
    revoke: bool,
}

pub(super) fn run(setup: &Setup, command: Command) -> Result<ExitCode> {
    let data_dir = data_dir::make(&setup.config.root.data_dir)?;
    let mint = match command {
        Command::Mint(mint) => mint,
        Command::Operator(Operator { revoke }) => return operator(setup, &data_dir, revoke),
    };
    let secrets = Secrets::open(&setup.config.auth, &data_dir)?;
    println!("{}", secrets.mint(&claims(mint)?)?);
    Ok(ExitCode::SUCCESS)
}

fn operator(setup: &Setup, data_dir: &Path, revoke: bool) -> Result<ExitCode> {
    let key = block_on(async {
        let mut desk = Desk::open(&setup.config.database, data_dir).await?;
        let key = operator::rotate(&mut desk, data_dir, revoke).await;
        desk.close().await;
        key
    })?;
    println!("{}", key.expose());
    Ok(ExitCode::SUCCESS)
}

fn claims(mint: Mint) -> Result<Map<String, Value>> {
    let mut claims: Map<String, Value> = serde_json::from_str(&mint.claims)
        .map_err(|fault| Error::new(&code::CONFIG_INVALID, format!("--claims is no JSON object: {fault}")))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let expires = now + Duration(mint.expires.into()).0;
    claims.insert("role".to_owned(), mint.role.into());
    claims.extend(mint.sub.map(|sub| ("sub".to_owned(), sub.into())));
    claims.insert("iat".to_owned(), now.as_secs().into());
    claims.insert("exp".to_owned(), expires.as_secs().into());
    Ok(claims)
}
