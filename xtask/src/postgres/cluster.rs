//! A throwaway Postgres cluster for one test run.
//!
//! A keeper process owns it and holds the other end of a pipe: when we end, in whatever way (also by Ctrl-C or `kill -9`), the
//! pipe closes and the keeper stops the server and removes its files. It keeps nothing from one run to the next.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

use crate::{command, package, progress};

/// What the keeper does. `$1` is the folder of the server programs.
///
/// The files are in /tmp because a checkout in root's home is out of reach for the server's user, and because the path of a
/// socket must be short. Durability is off: nobody needs these rows after a crash.
const KEEPER: &str = r#"
set -eu
umask 077
folder=$(mktemp -d /tmp/basalt-test.XXXXXX)
trap 'rm -rf "$folder"' EXIT
"$1/initdb" --pgdata "$folder/data" --username postgres --auth trust --encoding UTF8 --locale C --no-sync >"$folder/log" 2>&1 \
  || { cat "$folder/log" >&2; exit 1; }
options="-k $folder -c listen_addresses= -c max_connections=300 -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
"$1/pg_ctl" start --wait --pgdata "$folder/data" --log "$folder/log" --options "$options" >/dev/null \
  || { cat "$folder/log" >&2; exit 1; }
trap '"$1/pg_ctl" stop --mode immediate --pgdata "$folder/data" >/dev/null; rm -rf "$folder"' EXIT
chmod 711 "$folder"
echo "$folder"
read -r _ || true
"#;

/// A running cluster; it ends when this is dropped.
pub(crate) struct Cluster {
    keeper: Child,
    socket: String,
}

impl Cluster {
    /// Create the cluster and wait until it answers.
    pub(crate) fn start(programs: &Path) -> anyhow::Result<Self> {
        progress::step("starting Postgres for the tests", || {
            let mut keeper = keeper(programs)?.spawn().context("cannot start sh")?;
            let mut socket = String::new();
            let output = keeper.stdout.take().context("the keeper has no output")?;
            BufReader::new(output).read_line(&mut socket)?;
            if socket.is_empty() {
                bail!("the Postgres cluster for the tests did not start ({})", keeper.wait()?);
            }
            Ok(Self { keeper, socket: socket.trim().to_owned() })
        })
    }

    /// The folder of its socket.
    pub(crate) fn socket(&self) -> &str {
        &self.socket
    }

    /// How to connect as its superuser, in libpq's words.
    pub(crate) fn address(&self) -> String {
        format!("host={} user=postgres dbname=postgres", self.socket)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        if let Err(error) = self.keeper.wait() {
            eprintln!("the tests' Postgres in {} may still run: {error}", self.socket);
        }
    }
}

/// In a process group of its own, so that Ctrl-C reaches it only through the pipe.
fn keeper(programs: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new("sh");
    command.args(["-c", KEEPER, "keeper"]).arg(programs).current_dir("/").process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    if package::is_root() {
        let user = user()?;
        command.uid(user.0).gid(user.1).env("HOME", "/");
    }
    Ok(command)
}

/// Postgres refuses to run as root: the user and group that it runs as instead.
fn user() -> anyhow::Result<(u32, u32)> {
    let id = |flag, name| command::read(Command::new("id").args([flag, name]));
    let name = ["postgres", "nobody"].into_iter().find(|name| id("-u", name).is_ok());
    let name = name.context("there is neither a user postgres nor a user nobody to run Postgres as")?;
    Ok((id("-u", name)?.trim().parse()?, id("-g", name)?.trim().parse()?))
}
