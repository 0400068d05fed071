//! The kernel's own migrations: forward only, each in a transaction, each once. A plugin's are not its business.

use sha2::{Digest as _, Sha256};

use super::session::Session;
use super::wire::Address;
use super::{Parameter, privilege};
use crate::error::{Error, Result, code};

/// A migration, as it is in the source tree.
struct Migration {
    number: u32,
    name: &'static str,
    sql: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal,)*) => {
        &[$(Migration {
            number: $number,
            name: $name,
            sql: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/kernel/", $name, ".sql")),
        }),*]
    };
}

const MIGRATIONS: &[Migration] = migrations! {
    1 "0001_roles",
    2 "0002_ddl_notice",
    3 "0003_public",
    4 "0004_plugins",
    5 "0005_signature",
};

/// Kernels that start together wait for each other. An advisory lock would do, but every login could hold that one.
pub(super) const LOCK: &str = "lock table basalt.migration in exclusive mode";

const TABLE: &str = "create schema if not exists basalt;
create table if not exists basalt.migration (
  number integer primary key,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
)";

/// Whether a migration has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// Its name.
    pub name: &'static str,
    /// Whether it has run.
    pub applied: bool,
}

/// Runs what has not run.
pub(crate) async fn migrate(session: &mut Session, admin: &Address) -> Result<()> {
    if pending(session).await.is_ok_and(|pending| pending.is_empty()) {
        return Ok(());
    }
    run_pending(session).await.map_err(|error| privilege::explain(error, admin))
}

/// All migrations, in order.
pub(crate) async fn list(session: &mut Session) -> Result<Vec<Migrated>> {
    let pending = pending(session).await?;
    let is_applied = |migration: &Migration| !pending.iter().any(|other| other.number == migration.number);
    Ok(MIGRATIONS.iter().map(|migration| Migrated { name: migration.name, applied: is_applied(migration) }).collect())
}

async fn run_pending(session: &mut Session) -> Result<()> {
    // `if not exists` does not keep two from making the same at the same moment: one of them fails, and finds it made.
    if let Err(error) = make_table(session).await {
        make_table(session).await.map_err(|_| error)?;
    }
    for migration in pending(session).await? {
        run(session, migration).await?;
    }
    Ok(())
}

async fn make_table(session: &mut Session) -> Result<()> {
    // Without the question `if not exists` would ask for the privilege to create even where it exists.
    let exists = session.ask("select 1 where to_regclass('basalt.migration') is not null", &[]).await?;
    if exists.rows.is_empty() {
        session.execute(TABLE).await?;
    }
    Ok(())
}

/// What has not run; an error when what has run was changed.
async fn pending(session: &mut Session) -> Result<Vec<&'static Migration>> {
    let mut pending = Vec::new();
    let applied = session.execute("select number, checksum from basalt.migration").await?;
    let applied: Vec<_> = applied.into_iter().flat_map(|result| result.rows).collect();
    for migration in MIGRATIONS {
        let number = migration.number.to_string();
        match applied.iter().find(|row| row[0].as_deref() == Some(&number)) {
            None => pending.push(migration),
            Some(row) if row[1].as_deref() == Some(&checksum(migration.sql)) => {}
            Some(_) => return Err(changed(migration)),
        }
    }
    Ok(pending)
}

async fn run(session: &mut Session, migration: &Migration) -> Result<()> {
    tracing::info!(name = migration.name, "migrating");
    let outcome = try_run(session, migration).await;
    let Err(error) = outcome else { return Ok(()) };
    session.execute("rollback").await?;
    match &*error.code {
        "42501" => Err(error),
        _ => Err(Error::new(
            &code::STORE_MIGRATION,
            format!("the migration {} failed: {}", migration.name, error.message),
        )
        .source(error)),
    }
}

async fn try_run(session: &mut Session, migration: &Migration) -> Result<()> {
    session.execute(&format!("begin; {LOCK}")).await?;
    let number = [Parameter::Text(migration.number.to_string())];
    let applied = session.ask("select 1 from basalt.migration where number = $1", &number).await?;
    if !applied.rows.is_empty() {
        return session.execute("commit").await.map(drop);
    }
    session.execute(migration.sql).await?;
    let row = [migration.number.to_string(), migration.name.to_owned(), checksum(migration.sql)];
    let insert = "insert into basalt.migration (number, name, checksum) values ($1, $2, $3)";
    session.ask(insert, &row.map(Parameter::Text)).await?;
    session.execute("commit").await.map(drop)
}

fn changed(migration: &Migration) -> Error {
    let message = format!("the migration {} was changed after it ran", migration.name);
    Error::new(&code::STORE_MIGRATION, message)
        .hint("put the file back as it was, and make the change in a new migration")
}

fn checksum(sql: &str) -> String {
    Sha256::digest(sql.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_once_and_in_order() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/kernel");
        let mut files: Vec<_> = std::fs::read_dir(directory)
            .expect("the migrations")
            .map(|file| file.expect("readable").file_name().to_string_lossy().trim_end_matches(".sql").to_owned())
            .collect();
        files.sort();
        assert_eq!(files, MIGRATIONS.iter().map(|migration| migration.name).collect::<Vec<_>>());
        for (at, migration) in MIGRATIONS.iter().enumerate() {
            assert_eq!(migration.number as usize, at + 1);
            assert!(migration.name.starts_with(&format!("{:04}_", at + 1)));
        }
    }
}
