//! The server's process: starting one, recognising one that is there, ending one. It does not watch it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::{PORT, Server, broken};
use crate::error::{Error, Result};
use crate::store::session::Session;

/// How long a server may take to answer: recovery after a crash replays what was written since the last checkpoint.
const START: Duration = Duration::from_secs(60);

/// How long a clean stop may take before a hard one: the last checkpoint writes what is in memory.
const STOP: Duration = Duration::from_secs(30);

const PAUSE: Duration = Duration::from_millis(20);

/// The log is set aside at a start above this; Postgres does not rotate what it writes to standard error.
const LOG: u64 = 16 << 20;

/// A running server.
pub(super) enum Process {
    Child(Child),
    /// Started by a kernel that is gone: by its number and the data that it runs on.
    Adopted(Pid, PathBuf),
}

impl Process {
    /// Returns when it has ended.
    pub(super) async fn ended(&mut self) {
        match self {
            Self::Child(child) => drop(child.wait().await),
            Self::Adopted(pid, data) => {
                while is_server(*pid, data) {
                    sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    /// A fast stop: sessions are ended, everything is on disk afterwards. By force when that takes too long; the next
    /// start recovers then.
    pub(super) async fn stop(&mut self) {
        self.signal(Signal::INT);
        if tokio::time::timeout(STOP, self.ended()).await.is_err() {
            tracing::warn!("the embedded Postgres does not stop; ending it");
            self.signal(Signal::QUIT);
            self.ended().await;
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = match self {
            Self::Child(child) => child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())),
            Self::Adopted(pid, _) => Some(*pid),
        };
        // It may have ended by itself meanwhile.
        let _ = pid.map(|pid| kill_process(pid, signal));
    }
}

/// A program of the server's, as its user, with nothing of the kernel's environment: that has secrets in it.
pub(super) fn command(server: &Server, program: &str) -> Command {
    let mut command = Command::new(server.programs.path(program));
    command.env_clear().env("PATH", "/usr/bin:/bin").current_dir(&server.place.home).stdin(Stdio::null());
    if let Some(owner) = server.place.owner {
        // This also drops root's supplementary groups.
        command.uid(owner.uid).gid(owner.gid);
    }
    command
}

/// The server that a dead kernel left, when it answers and has room; any other that runs on these data is ended.
pub(super) async fn adopt(server: &Server) -> Option<Process> {
    if let Some(mut process) = left(server) {
        if has_room(server).await {
            tracing::info!("taking over the embedded Postgres of a kernel that is gone");
            return Some(process);
        }
        process.stop().await;
    }
    // Postgres believes the file when any process has that number by now.
    let _ = fs::remove_file(server.place.data.join("postmaster.pid"));
    let _ = fs::remove_file(server.place.sockets.join(format!(".s.PGSQL.{PORT}.lock")));
    None
}

/// The server that runs on these data, by its own note.
pub(super) fn left(server: &Server) -> Option<Process> {
    let pid = recorded(server)?;
    is_server(pid, &server.place.data).then(|| Process::Adopted(pid, server.place.data.clone()))
}

fn recorded(server: &Server) -> Option<Pid> {
    let text = fs::read_to_string(server.place.data.join("postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}

/// Whether the process is a living server on these data, and not another that got its number. (A dead one that nobody
/// waited for can still be signalled, but has no command line.)
fn is_server(pid: Pid, data: &Path) -> bool {
    if test_kill_process(pid) == Err(rustix::io::Errno::SRCH) {
        return false;
    }
    let data = data.as_os_str().as_encoded_bytes();
    let line = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).or_else(|_| listed(pid));
    line.is_ok_and(|line| line.windows(data.len()).any(|window| window == data))
}

/// Where there is no `/proc`.
fn listed(pid: Pid) -> io::Result<Vec<u8>> {
    let pid = pid.as_raw_nonzero().to_string();
    Ok(std::process::Command::new("ps").args(["-o", "command=", "-p", &pid]).output()?.stdout)
}

async fn has_room(server: &Server) -> bool {
    let Ok(mut session) = reach(server, Duration::from_secs(5)).await else { return false };
    let sql = format!("select 1 where current_setting('max_connections')::int >= {}", server.connections);
    let has_room = session.ask(&sql, &[]).await.is_ok_and(|answer| !answer.rows.is_empty());
    session.close().await;
    has_room
}

/// Starts the server and waits until it answers.
pub(super) async fn start(server: &Server) -> Result<Process> {
    // After `kill -9` of the server its own processes need a moment to notice; until then a new one does not start.
    for _ in 0..20 {
        let mut child = spawn(server)?;
        tokio::select! {
            _ = child.wait() => {}
            reached = reach(server, START) => return welcome(reached, Process::Child(child)).await,
        }
        sleep(Duration::from_millis(250)).await;
    }
    let log = fs::read_to_string(&server.place.log).unwrap_or_default();
    let last: Vec<_> = log.lines().rev().take(3).collect();
    let message =
        format!("the embedded Postgres does not start: {}", last.into_iter().rev().collect::<Vec<_>>().join(" / "));
    Err(broken(message).hint(format!("{} has more", server.place.log.display())))
}

async fn welcome(reached: Result<Session>, mut process: Process) -> Result<Process> {
    match reached {
        Ok(session) => session.close().await,
        Err(error) => {
            process.stop().await;
            return Err(error);
        }
    }
    Ok(process)
}

fn spawn(server: &Server) -> Result<Child> {
    let failed = |fault: io::Error| broken(format!("the embedded Postgres does not start: {fault}"));
    let log = log(&server.place.log).map_err(failed)?;
    let mut postgres = command(server, "postgres");
    postgres.arg("-D").arg(&server.place.data);
    for setting in settings(server) {
        postgres.arg("-c").arg(setting);
    }
    postgres.stdout(log.try_clone().map_err(failed)?).stderr(log);
    // Its own group: a Ctrl-C is for the kernel, which stops the server after the last request.
    postgres.process_group(0).spawn().map_err(failed)
}

/// What the kernel relies on; on the command line, where `postgresql.conf` does not change it.
fn settings(server: &Server) -> [String; 6] {
    [
        "listen_addresses=".to_owned(),
        format!("port={PORT}"),
        format!("unix_socket_directories={}", server.place.sockets.display()),
        "unix_socket_permissions=0700".to_owned(),
        format!("max_connections={}", server.connections),
        "password_encryption=scram-sha-256".to_owned(),
    ]
}

fn log(path: &Path) -> io::Result<fs::File> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() > LOG) {
        fs::rename(path, path.with_extension("log.1"))?;
    }
    fs::OpenOptions::new().create(true).append(true).open(path)
}

async fn reach(server: &Server, patience: Duration) -> Result<Session> {
    let until = Instant::now() + patience;
    loop {
        match Session::open(&server.admin).await {
            Ok(session) => return Ok(session),
            Err(error) if Instant::now() > until || is_final(&error) => {
                return Err(broken(format!("the embedded Postgres does not answer: {}", error.message)).source(error));
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// The password of the data directory is not that of the data: waiting does not help.
fn is_final(error: &Error) -> bool {
    error.code.starts_with("28")
}
