//! Makes the cluster at the first start. A start that is killed in the middle leaves nothing that looks like one.

use std::fs;
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, chown};
use std::path::Path;

use super::process::command;
use super::{Server, USER, broken};
use crate::error::Result;

/// Added to `postgresql.conf`, where the operator can change it. Memory for a small shared machine; no compilation of
/// queries, which costs more than the short ones of requests; and no statements in the log, for they hold people's data.
const SETTINGS: &str = "
# Basalt
shared_buffers = 64MB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = fatal
log_min_error_statement = panic
";

/// The first that the system knows: bytes in order with Unicode's upper and lower case, else without.
const LOCALES: &[&str] = &["C.UTF-8", "C"];

/// Makes the cluster if there is none.
pub(super) async fn initialise(server: &Server) -> Result<()> {
    if server.place.data.join("PG_VERSION").exists() {
        return Ok(());
    }
    tracing::info!(directory = %server.place.data.display(), "making the database");
    let draft = server.place.home.join("data.new");
    let password = server.place.home.join("password.new");
    let failed = |fault: io::Error| broken(format!("the database could not be made: {fault}"));
    write_password(server, &password).map_err(failed)?;
    let made = make(server, &draft, &password).await;
    fs::remove_file(&password).map_err(failed)?;
    made?;
    settle(&draft).and_then(|()| fs::rename(&draft, &server.place.data)).map_err(failed)
}

async fn make(server: &Server, draft: &Path, password: &Path) -> Result<()> {
    let mut said = String::new();
    for locale in LOCALES {
        // What a killed start or the other locale left.
        let _ = fs::remove_dir_all(draft);
        let mut initdb = command(server, "initdb");
        initdb.arg("--pgdata").arg(draft).arg("--pwfile").arg(password).arg(format!("--locale={locale}"));
        initdb.args(["--encoding=UTF8", "--auth=scram-sha-256", "--data-checksums", "--username", USER]);
        let ran = initdb.output().await;
        let output = ran
            .map_err(|fault| broken(format!("{} cannot be run: {fault}", server.programs.path("initdb").display())))?;
        if output.status.success() {
            return Ok(());
        }
        said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    }
    Err(broken(format!("the database could not be made: {said}")))
}

fn write_password(server: &Server, path: &Path) -> io::Result<()> {
    let password = server.admin.password().unwrap_or_default();
    let _ = fs::remove_file(path);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    io::Write::write_all(&mut file, password)?;
    match server.place.owner {
        Some(owner) => chown(path, Some(owner.uid), Some(owner.gid)),
        None => Ok(()),
    }
}

fn settle(draft: &Path) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().append(true).open(draft.join("postgresql.conf"))?;
    io::Write::write_all(&mut file, SETTINGS.as_bytes())?;
    file.sync_all()
}
