//! Compiling in a process of its own: a component can be made so that compiling it takes minutes and gigabytes, or crashes
//! the compiler. The process limits itself, is watched, and has nothing of the kernel's: no environment, no connection.
//!
//! It is a limit, not a sandbox: what a process like this writes is run. It keeps nothing and loads nothing; what was compiled
//! already is [`super::engine`]'s to know.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::config::Config;
use super::engine;
use super::manifest::refused;
use crate::error::{Error, Result};

/// The command that does it: see `cli::compile`.
const COMMAND: &str = "compile";

/// How it ends when the component is not valid: what it says is the reason. A failure of its own ends otherwise.
pub const REFUSED: u8 = 3;

/// Threads that compile. More would be faster, and each has its own heap, so that the limit of memory would mean less on
/// machines with many cores.
const THREADS: &str = "4";

/// Compiled code is some three times the component, of which 64 MiB are the most.
const LARGEST: u64 = 512 << 20;

/// Its own, those of the file that it reads, and some that libraries open for a moment.
const FILES: u64 = 32;

/// The most that is read of what it says, in bytes.
const LONGEST: u64 = 16 << 10;

/// How much longer than its processor time it may take: on a busy machine it waits for its turn.
const PATIENCE: u32 = 3;

/// A program that compiles, and what it may use for one component.
#[derive(Debug, Clone)]
pub struct Compiler {
    program: PathBuf,
    bounds: Bounds,
}

/// What compiling one component may use.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Memory, in bytes.
    pub memory: u64,
    /// Time of processors, all threads together, in whole seconds.
    pub seconds: u64,
}

impl Compiler {
    /// A program that has the command, and the operator's limits.
    pub fn new(program: PathBuf, config: &Config) -> Self {
        let seconds = config.compile_time.0.as_secs().max(1);
        Self { program, bounds: Bounds { memory: config.compile_memory.0, seconds } }
    }

    /// Compiles a component into a file.
    ///
    /// # Errors
    /// `plugin.refused` when it is not valid, or takes more than it may; internal when the program cannot be run.
    pub(super) async fn compile(&self, wasm: &[u8], out: &Path) -> Result<()> {
        let mut child = self.start(File::create_new(out).map_err(Error::internal)?)?;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let feed = async {
            // It may end before it has read everything: then how it ended is what counts.
            let _ = stdin.expect("piped").write_all(wasm).await;
        };
        let mut said = Vec::new();
        let listen = async { stderr.expect("piped").take(LONGEST).read_to_end(&mut said).await };
        let ended = async { tokio::join!(feed, listen, child.wait()).2 };
        let patience = Duration::from_secs(self.bounds.seconds) * PATIENCE;
        let Ok(ended) = tokio::time::timeout(patience, ended).await else {
            child.kill().await.map_err(Error::internal)?;
            return Err(self.too_long());
        };
        self.judge(ended.map_err(Error::internal)?, String::from_utf8_lossy(&said).trim())
    }

    fn start(&self, out: File) -> Result<Child> {
        let mut command = Command::new(&self.program);
        command.arg(COMMAND).args(["--memory", &self.bounds.memory.to_string()]);
        command.args(["--seconds", &self.bounds.seconds.to_string()]);
        // Passwords and keys are in the environment. Memory is asked of the system as it is needed, so that the limit counts
        // what is used.
        command.env_clear().env("RAYON_NUM_THREADS", THREADS).env("MIMALLOC_ARENA_EAGER_COMMIT", "0");
        command.current_dir("/").stdin(Stdio::piped()).stdout(out).stderr(Stdio::piped()).kill_on_drop(true);
        command.spawn().map_err(|fault| {
            let program = self.program.display();
            Error::internal(anyhow::Error::new(fault).context(format!("{program} cannot be run to compile a plugin")))
        })
    }

    fn judge(&self, status: ExitStatus, said: &str) -> Result<()> {
        let is = |signal: Signal| status.signal() == Some(signal.as_raw());
        let is_hungry =
            ["memory allocation of", "annot allocate memory", "ut of memory"].iter().any(|it| said.contains(it));
        match status.code() {
            Some(0) => Ok(()),
            Some(code) if code == i32::from(REFUSED) => Err(refused(said)),
            _ if is_hungry => Err(self.too_much()),
            // Nobody asked for its end but the system, which is short of memory.
            _ if is(Signal::KILL) => Err(refused("the system ended the process that compiled it, for want of memory")),
            _ if is(Signal::XCPU) => Err(self.too_long()),
            _ => {
                tracing::warn!(%status, said, "the compiler crashed");
                Err(refused(format!("the compiler crashed on it ({status})")))
            }
        }
    }

    fn too_long(&self) -> Error {
        let most = humantime::format_duration(Duration::from_secs(self.bounds.seconds));
        refused(format!("compiling it takes more than {most} of a processor's time"))
            .hint("`compile_time` in [host] is the limit; a component of 19 MB takes 20 s")
    }

    fn too_much(&self) -> Error {
        let most = bytesize::ByteSize(self.bounds.memory).display().iec();
        refused(format!("compiling it takes more than {most} of memory"))
            .hint("`compile_memory` in [host] is the limit; a component of 19 MB takes 600 MiB")
    }
}

/// What the process does: limits itself for good, then compiles.
///
/// # Errors
/// When a limit cannot be set or no engine made; inside, why the component cannot be compiled.
pub fn run(bounds: Bounds, input: &mut dyn Read, out: &mut dyn Write) -> Result<std::result::Result<(), String>> {
    confine(bounds).map_err(Error::internal)?;
    let mut wasm = Vec::new();
    input.read_to_end(&mut wasm).map_err(Error::internal)?;
    match engine::for_compiling()?.precompile_component(&wasm) {
        Ok(code) => out.write_all(&code).and_then(|()| out.flush()).map(Ok).map_err(Error::internal),
        Err(fault) => Ok(Err(format!("{fault:#}"))),
    }
}

fn confine(bounds: Bounds) -> rustix::io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // Requests come first.
    let _ = rustix::process::setpriority_process(None, 10);
    for (resource, most) in [
        (Resource::Cpu, bounds.seconds),
        // Not the address space, of which engines reserve much and use little.
        (Resource::Data, bounds.memory),
        (Resource::Fsize, LARGEST),
        (Resource::Nofile, FILES),
        (Resource::Core, 0),
    ] {
        // At the hard limit of time a process is killed as by anybody; at the soft one it is told why, a second before.
        let hard = if resource == Resource::Cpu { most + 1 } else { most };
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(hard) })?;
    }
    Ok(())
}

/// This program, whatever has become of its file meanwhile.
///
/// # Errors
/// When the system does not say.
pub fn this_program() -> Result<PathBuf> {
    let own = Path::new("/proc/self/exe");
    if own.exists() { Ok(own.to_owned()) } else { std::env::current_exe().map_err(Error::internal) }
}
