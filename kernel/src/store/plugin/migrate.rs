//! A plugin's own migrations: forward only, each once in a transaction with its line in the ledger, as the plugin's own
//! login. Nothing here runs with more privilege than the plugin has.
//!
//! The ledger is a table of the plugin's schema, and so the plugin's to spoil: what is read from it decides about this
//! plugin only. Kernels that load one plugin at once wait for each other on that table. An advisory lock would do, but
//! every login could hold it; this one is the plugin's own, which can keep nobody but itself waiting.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use super::{hex, text};
use crate::error::{Error, Result, code};
use crate::store::login::quote;
use crate::store::session::{Cap, Failure, Session, Status, Step};
use crate::store::{Login, Store};

/// Lines of a ledger that are read; the plugin could write any number of them.
const MOST: Cap = Cap { rows: 10_000, bytes: 4 << 20 };

/// What has run: name and checksum.
type Ledger = Vec<(String, String)>;

/// A migration of a package.
struct Migration<'a> {
    name: &'a str,
    sql: &'a str,
    checksum: String,
}

impl Store {
    /// Runs those of a plugin's migrations (name and SQL, in order) that have not run. How many it ran.
    ///
    /// # Errors
    /// `plugin.migration` when one fails or was changed since it ran: nothing of it is kept, and those before it are.
    pub async fn migrate_plugin(&self, login: &Login, migrations: &[(String, String)]) -> Result<usize> {
        let migrations = checked(migrations)?;
        if migrations.is_empty() {
            return Ok(0);
        }
        let mut session = self.pool().open(login).await?;
        let ledger = format!("{}.basalt_migration", quote(login.schema().unwrap_or_default()));
        let patience = self.config().migration_timeout.0;
        let outcome = run_pending(&mut session, &ledger, &migrations, patience).await;
        if session.is_busy() {
            // Overdue, or with a result without end: it must not go on where nobody waits for it.
            self.control().end(session, &login.0.address).await;
        } else {
            session.close().await;
        }
        outcome
    }
}

/// Names in order, each once: two nodes, or two versions, must never disagree about what comes first.
fn checked(migrations: &[(String, String)]) -> Result<Vec<Migration<'_>>> {
    let is_name = |name: &str| (1..=200).contains(&name.len()) && !name.chars().any(char::is_control);
    if let Some((name, _)) = migrations.iter().find(|(name, _)| !is_name(name)) {
        return Err(wrong(format!("{name:?} is no name of a migration")));
    }
    if let Some((name, _)) = migrations.iter().find(|(_, sql)| sql.contains('\0')) {
        return Err(wrong(format!("the migration {name} is no text: it holds a NUL")));
    }
    if let Some(pair) = migrations.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
        return Err(wrong(format!("the migration {} stands behind {}", pair[1].0, pair[0].0))
            .hint("migrations run in the order of their names, which have to be packed in that order"));
    }
    let checksum = |sql: &str| hex(&Sha256::digest(sql.as_bytes()));
    Ok(migrations.iter().map(|(name, sql)| Migration { name, sql, checksum: checksum(sql) }).collect())
}

async fn run_pending(
    session: &mut Session,
    ledger: &str,
    migrations: &[Migration<'_>],
    patience: Duration,
) -> Result<usize> {
    let first = migrations[0].name;
    let applied = in_time(patience, first, open(session, ledger)).await.map_err(unusable)?;
    let mut ran = 0;
    for migration in pending(migrations, &applied)? {
        ran += usize::from(in_time(patience, migration.name, run(session, ledger, migration)).await?);
    }
    Ok(ran)
}

async fn in_time<T>(patience: Duration, name: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let overdue = |_| {
        wrong(format!("the migration {name} did not end within {}", humantime::format_duration(patience))).hint(
            "it may wait for a lock, or for another kernel; [database] migration_timeout is the most that it gets",
        )
    };
    timeout(patience, work).await.map_err(overdue)?
}

/// Reads the ledger, which is made where there is none. Of two that make it at once one fails, and finds it made.
async fn open(session: &mut Session, ledger: &str) -> Result<Ledger> {
    match read(session, ledger).await {
        Err(error) if error.code == "42P01" => {}
        known => return known,
    }
    let sql = format!(
        "create table {ledger} (name text primary key, checksum text not null, applied_at timestamptz not null default now())"
    );
    let made = session.execute(&sql).await;
    match read(session, ledger).await {
        Err(error) => Err(made.err().unwrap_or(error)),
        known => known,
    }
}

async fn read(session: &mut Session, ledger: &str) -> Result<Ledger> {
    let sql = format!("select name, checksum from {ledger}");
    let step = Step { role: "", sql: &sql, parameters: &[] };
    let answer = session.run(&[step], 0, MOST).await.map_err(Failure::into_error)?;
    let pair = |row: Vec<Option<String>>| match <[_; 2]>::try_from(row) {
        Ok([Some(name), Some(checksum)]) => Some((name, checksum)),
        _ => None,
    };
    Ok(answer.texts().filter_map(pair).collect())
}

/// What has not run. What ran and is not in the package is a newer version's: the plugin was rolled back.
fn pending<'a>(migrations: &'a [Migration<'a>], applied: &Ledger) -> Result<Vec<&'a Migration<'a>>> {
    let mut pending = Vec::new();
    for migration in migrations {
        match applied.iter().find(|(name, _)| name == migration.name) {
            Some((_, checksum)) if *checksum == migration.checksum => {}
            Some(_) => return Err(changed(migration.name)),
            None => pending.push(migration),
        }
    }
    let last = applied.iter().map(|(name, _)| name.as_str()).max();
    match pending.first().zip(last).filter(|(first, last)| first.name < *last) {
        Some((first, last)) => {
            Err(wrong(format!("the migration {} would run after {last}, which has run", first.name))
                .hint("migrations go forward only: give it a name behind those that ran"))
        }
        None => Ok(pending),
    }
}

/// Whether it ran here, and not on another node meanwhile.
async fn run(session: &mut Session, ledger: &str, migration: &Migration<'_>) -> Result<bool> {
    let name = migration.name;
    // What an earlier one set for the session.
    session.execute("discard all").await?;
    session.execute(&format!("begin; lock table {ledger} in exclusive mode")).await.map_err(unusable)?;
    // Within bounds: the ledger is the plugin's own, which may have made something else of it.
    let sql = format!("select checksum from {ledger} where name = $1");
    let step = Step { role: "", sql: &sql, parameters: &[text(name)] };
    let known = session.run(&[step], 0, MOST).await.map_err(Failure::into_error);
    if let Some(row) = known.map_err(unusable)?.texts().next() {
        session.execute("rollback").await?;
        let is_same = row.first().is_some_and(|checksum| checksum.as_deref() == Some(&migration.checksum));
        return if is_same { Ok(false) } else { Err(changed(name)) };
    }
    let transaction = transaction(session).await?;
    let failed = session.script_unheard(migration.sql).await?;
    if let Some(error) = failed {
        session.execute("rollback").await?;
        return Err(failure(migration, error));
    }
    if session.status() != Status::Open || self::transaction(session).await? != transaction {
        return Err(wrong(format!("the migration {name} ends its own transaction: what it did until then was kept"))
            .hint("take `begin`, `commit` and `rollback` out of it; each migration runs in one transaction"));
    }
    let insert = format!("insert into {ledger} (name, checksum) values ($1, $2)");
    session.ask(&insert, &[text(name), text(&migration.checksum)]).await.map_err(unusable)?;
    session.execute("commit").await.map_err(|error| failure(migration, error))?;
    tracing::info!(name, ledger, "migrated");
    Ok(true)
}

async fn transaction(session: &mut Session) -> Result<Option<String>> {
    let answer = session.ask("select pg_catalog.pg_current_xact_id()", &[]).await?;
    Ok(answer.texts().next().and_then(|row| row.into_iter().next().flatten()))
}

fn wrong(message: String) -> Error {
    Error::new(&code::PLUGIN_MIGRATION, message)
}

/// What Postgres says of a ledger that the plugin spoiled.
fn unusable(error: Error) -> Error {
    match error.code.len() {
        5 => wrong(format!("the ledger of the migrations cannot be used: {} ({})", error.message, error.code)),
        _ => error,
    }
}

fn changed(name: &str) -> Error {
    wrong(format!("the migration {name} was changed after it ran"))
        .hint("its author puts it back as it was, and makes the change in a new migration")
}

/// What Postgres said, and where in the file.
fn failure(migration: &Migration<'_>, error: Error) -> Error {
    let position = error.details.as_ref().and_then(|details| details.get("position")?.as_str()?.parse().ok());
    let line = position.map(|position| line(migration.sql, position));
    let place = line.map(|line| format!(" at line {line}")).unwrap_or_default();
    let message = format!("the migration {} failed{place}: {} ({})", migration.name, error.message, error.code);
    let mut failure = wrong(message);
    failure.hint.clone_from(&error.hint);
    failure.details(serde_json::json!({
        "migration": migration.name, "line": line, "sqlstate": &error.code, "postgres": &error.details,
    }))
}

/// The line of a character that Postgres counted from 1.
fn line(sql: &str, position: usize) -> usize {
    1 + sql.chars().take(position.saturating_sub(1)).filter(|char| *char == '\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(names: &[&str]) -> Vec<(String, String)> {
        names.iter().map(|name| ((*name).to_owned(), format!("select '{name}'"))).collect()
    }

    fn names(packed: &[(String, String)], applied: &[&str]) -> Result<Vec<String>> {
        let migrations = checked(packed)?;
        let applied = applied.iter().map(|name| {
            let known = migrations.iter().find(|migration| migration.name == *name);
            ((*name).to_owned(), known.map_or("?".to_owned(), |migration| migration.checksum.clone()))
        });
        let pending = pending(&migrations, &applied.collect())?;
        Ok(pending.iter().map(|migration| migration.name.to_owned()).collect())
    }

    #[test]
    fn what_has_not_run_runs_in_order() {
        let three = packed(&["1", "2", "3"]);
        assert_eq!(names(&three, &[]).expect("fine"), ["1", "2", "3"]);
        assert_eq!(names(&three, &["1"]).expect("fine"), ["2", "3"]);
        assert_eq!(names(&packed(&["1"]), &["1", "2"]).expect("rolled back"), [""; 0]);
        assert!(names(&three, &["1", "3"]).expect_err("2 comes late").message.contains("migration 2"));
        assert!(names(&packed(&["2", "1"]), &[]).is_err() && names(&packed(&["1", "1"]), &[]).is_err());
        assert!(names(&packed(&["a\nb"]), &[]).is_err());
    }

    #[test]
    fn a_changed_one_is_refused() {
        let one = packed(&["1"]);
        let migrations = checked(&one).expect("fine");
        let error = pending(&migrations, &vec![("1".to_owned(), "other".to_owned())]).err().expect("changed");
        assert!(error.message.contains("changed after it ran"), "{error}");
    }

    #[test]
    fn a_position_is_in_a_line() {
        assert_eq!((line("é\nb\nc", 1), line("é\nb\nc", 3), line("é\nb\nc", 5), line("", 9)), (1, 2, 3, 1));
    }
}
