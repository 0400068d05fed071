//! `basalt key`: tokens for trying things out, keys for programs and operators, and the keys that tokens are signed with. A kernel
//! that runs is told of every change.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::{Setup, block_on};
use crate::app::data_dir;
use crate::auth::key::Wish;
use crate::auth::{Secrets, factor, generate, key, operator, seal_name};
use crate::error::{Error, Result, code};
use crate::store::Desk;
use crate::store::identity::Act;

/// Longer than anybody should keep a JWK Set.
const NOTICE: Duration = Duration::from_secs(10 * 60);

/// Who acts, for the log of keys.
const ACTOR: &str = "command line";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print a token for a role
    Mint(Mint),
    /// Make another operator key and print it, this once
    Operator(Operator),
    /// Make an API key and print it, this once
    Create(Create),
    /// List the API keys
    List,
    /// Refuse an API key from now on, on all nodes
    Revoke { id: String },
    /// Make another API key in the place of one, and print it, this once
    Replace(Replace),
    /// Make another key that tokens are signed with; what the one before signed is accepted until it is over
    Rotate(Rotate),
    /// Refuse at once what a signing key signed, or what all of them did
    Distrust { kid: Option<String> },
    /// Seal the secrets of second factors and signing keys anew, with the first encryption key
    Reseal,
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

#[derive(Debug, clap::Args)]
pub(super) struct Create {
    /// What it is for
    name: String,
    /// A key that acts as service_role, past row-level security
    #[arg(long)]
    service: bool,
    /// The user that it acts as
    #[arg(long)]
    user: Option<String>,
    /// The role that it acts as
    #[arg(long, conflicts_with = "service")]
    role: Option<String>,
    /// A plugin that it may ask: `rest`, or `rest:read` for what changes nothing; all without any
    #[arg(long = "scope")]
    scopes: Vec<String>,
    /// How long it is good; for good without
    #[arg(long)]
    expires: Option<String>,
    /// Requests in a minute
    #[arg(long)]
    rate: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Replace {
    /// The key's id
    id: String,
    /// How long the old one is good
    #[arg(long, default_value = "24h")]
    grace: humantime::Duration,
}

#[derive(Debug, clap::Args)]
pub(super) struct Rotate {
    /// ES256, EdDSA, RS256 or HS256
    #[arg(long, default_value = "ES256")]
    algorithm: String,
    /// Sign with it at once, rather than when everybody had ten minutes to learn it
    #[arg(long)]
    now: bool,
}

pub(super) fn run(setup: &Setup, command: Command) -> Result<ExitCode> {
    let data_dir = data_dir::make(&setup.config.root.data_dir)?;
    match command {
        Command::Mint(mint) => {
            let secrets = Secrets::open(&setup.config.auth, &data_dir)?;
            println!("{}", secrets.mint(&claims(mint)?)?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Operator(Operator { revoke }) => operator(setup, &data_dir, revoke),
        command => {
            let secrets = Secrets::open(&setup.config.auth, &data_dir)?;
            block_on(async {
                let mut desk = Desk::open(&setup.config.database, &data_dir).await?;
                let done = perform(setup, &secrets, &mut desk, command).await;
                desk.close().await;
                println!("{}", done?);
                Ok(ExitCode::SUCCESS)
            })
        }
    }
}

async fn perform(setup: &Setup, secrets: &Secrets, desk: &mut Desk, command: Command) -> Result<String> {
    let mut act = desk.act().await?;
    let said = match command {
        Command::Create(create) => shown(key::make(&mut act, &wish(create), ACTOR).await?),
        Command::Replace(Replace { id, grace }) => {
            let before = find(&mut act, &id).await?;
            shown(key::replace(&mut act, &before, grace.into(), ACTOR).await?)
        }
        Command::List => listed(&act.keys(None).await?)?,
        Command::Revoke { id } => {
            find(&mut act, &id).await?;
            act.revoke_key(&id, false).await?;
            act.note_key(&id, "revoked", ACTOR, "").await?;
            format!("{id} is revoked")
        }
        Command::Rotate(rotate) => {
            // What was signed a moment before another key signs lives as long as any.
            let overlap =
                setup.config.auth.access_token_lifetime.0.max(Duration::from_secs(900)) + Duration::from_secs(60);
            let kid = uuid::Uuid::new_v4().simple().to_string();
            let sealed = secrets.vault().seal(&seal_name(&kid), &generate(&rotate.algorithm)?)?;
            let notice = if rotate.now { Duration::ZERO } else { NOTICE };
            act.add_signing_key((&kid, &rotate.algorithm), &sealed, notice, overlap).await?;
            format!("{kid} signs {}", if rotate.now { "from now on" } else { "in ten minutes" })
        }
        Command::Distrust { kid } => {
            let count = act.drop_signing_keys(kid.as_deref()).await?;
            format!("{count} signing key(s) are refused from now on")
        }
        Command::Reseal => reseal(secrets, &mut act).await?,
        Command::Mint(_) | Command::Operator(_) => String::new(),
    };
    act.commit().await?;
    Ok(said)
}

async fn reseal(secrets: &Secrets, act: &mut Act<'_>) -> Result<String> {
    let vault = secrets.vault();
    let mut count = factor::reseal(act, vault).await?;
    for key in act.signing_keys().await? {
        let sealed = key.sealed();
        if !vault.is_current(&sealed) {
            let name = seal_name(&key.kid);
            let private = vault.open_sealed(&name, &sealed)?;
            act.reseal_signing_key(&key.kid, &vault.seal(&name, &private)?).await?;
            count += 1;
        }
    }
    Ok(format!("{count} secret(s) are sealed anew"))
}

async fn find(act: &mut Act<'_>, id: &str) -> Result<Value> {
    let found = act.key(None, id).await?;
    let found = found.ok_or_else(|| Error::new(&code::IDENTITY_UNKNOWN_KEY, format!("no key has the id {id:?}")))?;
    serde_json::from_str(&found).map_err(Error::internal)
}

fn wish(create: Create) -> Wish {
    Wish {
        name: Some(create.name),
        kind: Some(if create.service { "service" } else { "api" }.to_owned()),
        user_id: create.user,
        role: create.role,
        scopes: Some(create.scopes),
        rate_limit: create.rate,
        expires_in: create.expires,
    }
}

fn shown(made: Value) -> String {
    made["key"].as_str().unwrap_or_default().to_owned()
}

fn listed(keys: &str) -> Result<String> {
    let keys: Value = serde_json::from_str(keys).map_err(Error::internal)?;
    let text = |key: &Value, name: &str| key[name].as_str().unwrap_or("-").to_owned();
    let line = |key: &Value| {
        ["id", "prefix", "role", "expires_at", "revoked_at", "last_used_at", "name"]
            .map(|name| text(key, name))
            .join("\t")
    };
    Ok(keys["keys"].as_array().into_iter().flatten().map(line).collect::<Vec<_>>().join("\n"))
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
    let expires = now + Duration::from(mint.expires);
    claims.insert("role".to_owned(), mint.role.into());
    claims.extend(mint.sub.map(|sub| ("sub".to_owned(), sub.into())));
    claims.insert("iat".to_owned(), now.as_secs().into());
    claims.insert("exp".to_owned(), expires.as_secs().into());
    Ok(claims)
}
