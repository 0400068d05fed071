//! What a server and its database look like from outside: facts for `basalt doctor`.
//!
//! It judges nothing and changes nothing: no server is started, no role made, no migration run.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::login::REQUEST_ROLES;
use super::rows::Values;
use super::session::Session;
use super::wire::Address;
use super::{Config, Parameter, embedded, migrate, privilege};
use crate::error::{Error, Result, code};

/// Whoever asks sits at a terminal: a server that does not answer by then is as good as away.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a database stands.
#[derive(Debug)]
pub enum Survey {
    /// The embedded server does not run; the version that would run, or why none could.
    Stopped(Result<u32>),
    /// Nobody can log in there.
    Unreachable(String, Error),
    /// It is older than the kernel can work with.
    Old(Facts),
    /// It answers.
    Reached(Facts),
}

/// What a server says of itself and of the admin login.
#[derive(Debug, Default)]
pub struct Facts {
    /// Where it is.
    pub place: String,
    /// 150004 for 15.4.
    pub version: u32,
    /// The admin login.
    pub admin: String,
    /// SQL that a superuser has to run before the admin login can do its work.
    pub lacking: Vec<String>,
    /// Request roles that do not exist.
    pub missing_roles: Vec<String>,
    /// SQL that makes them.
    pub make_roles: String,
    /// Whether a kernel has ever set this database up.
    pub is_migrated: bool,
    /// Secrets by the key that sealed them: the key's id, as its digits, and a name.
    pub sealed: Vec<(String, String)>,
    /// Policies that ask who is calling once for each row: table and policy.
    pub costly_policies: Vec<String>,
    /// How far the server's clock is ahead of this machine's, in milliseconds.
    pub ahead: i64,
}

/// Looks at the configured server, or at the embedded one if it runs.
pub async fn survey(config: &Config, data_dir: &Path) -> Survey {
    let address = match &config.admin {
        Some(text) => Address::parse(text.expose(), config.tls_roots.as_ref()),
        None => match tokio::time::timeout(PATIENCE, embedded::running(data_dir)).await {
            Ok(Some(address)) => Ok(address),
            _ => return Survey::Stopped(embedded::programs(config, data_dir)),
        },
    };
    match address {
        Ok(address) => look(&address).await.unwrap_or_else(|error| Survey::Unreachable(address.place(), error)),
        Err(error) => Survey::Unreachable("database.admin".to_owned(), error),
    }
}

async fn look(address: &Address) -> Result<Survey> {
    let silent = |_| Error::new(&code::SQL_UNAVAILABLE, "the server does not answer");
    let mut session = tokio::time::timeout(PATIENCE, Session::open(address)).await.map_err(silent)??;
    let version = session.greeting.version;
    let facts = Facts { place: address.place(), version, admin: address.user().to_owned(), ..Facts::default() };
    if version < privilege::OLDEST {
        session.close().await;
        return Ok(Survey::Old(facts));
    }
    let facts = tokio::time::timeout(PATIENCE, ask(&mut session, address, facts)).await.map_err(silent)?;
    session.close().await;
    facts.map(Survey::Reached)
}

async fn ask(session: &mut Session, address: &Address, facts: Facts) -> Result<Facts> {
    let missing_roles = missing_roles(session).await?;
    Ok(Facts {
        lacking: privilege::lacking(session, address).await?,
        make_roles: privilege::make_roles(&missing_roles),
        missing_roles,
        is_migrated: migrate::list(session).await.is_ok_and(|list| list.iter().any(|migration| migration.applied)),
        sealed: sealed(session).await.unwrap_or_default(),
        costly_policies: costly_policies(session).await.unwrap_or_default(),
        ahead: ahead(session).await?,
        ..facts
    })
}

async fn missing_roles(session: &mut Session) -> Result<Vec<String>> {
    let roles = [Parameter::Text(format!("{{{}}}", REQUEST_ROLES.join(",")))];
    let sql = "select name from unnest($1::text[]) name where not exists (select from pg_roles where rolname = name)";
    let rows = session.ask(sql, &roles).await?.rows;
    Ok(rows.iter().filter_map(|row| first(row)).collect())
}

/// Where the database is not set up there are none.
async fn sealed(session: &mut Session) -> Result<Vec<(String, String)>> {
    let sql = "select encode(substring(sealed from 2 for 4), 'hex') as key_id, min(name) from basalt.secret group by 1";
    let answer = session.ask(sql, &[]).await?;
    let pair = |row: Vec<Option<String>>| {
        let mut row = row.into_iter().flatten();
        row.next().zip(row.next())
    };
    Ok(answer.texts().filter_map(pair).collect())
}

/// Postgres prints `(select auth.uid())` as `( SELECT auth.uid() AS uid)`; what is left after those asks for each row.
async fn costly_policies(session: &mut Session) -> Result<Vec<String>> {
    let sql = r"select format('%I.%I: %I', schemaname, tablename, policyname) from pg_policies
        where regexp_replace(concat(qual, with_check), 'SELECT \(*auth\.(uid|role|jwt|email)\(\)', '', 'g')
          ~ 'auth\.(uid|role|jwt|email)\(\)' order by 1";
    let rows = session.ask(sql, &[]).await?.rows;
    Ok(rows.iter().filter_map(|row| first(row)).collect())
}

/// Compared with the middle of the question's way there and back.
async fn ahead(session: &mut Session) -> Result<i64> {
    let before = now();
    let rows = session.ask("select (extract(epoch from clock_timestamp()) * 1000)::bigint", &[]).await?.rows;
    let middle = i64::midpoint(before, now());
    let theirs = rows.first().and_then(|row| first(row)).and_then(|text| text.parse().ok());
    Ok(theirs.unwrap_or(middle) - middle)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn first(row: &[u8]) -> Option<String> {
    let range = Values::new(row).next()??;
    Some(String::from_utf8_lossy(&row[range]).into_owned())
}
