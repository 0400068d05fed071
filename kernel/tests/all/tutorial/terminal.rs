//! A terminal that a test reads and types in: commands that ask find somebody there. It knows no command.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::kernel::given;

pub struct Terminal {
    process: Child,
    keyboard: ChildStdin,
    screen: Arc<Mutex<String>>,
    /// Of the screen, how much was dealt with.
    seen: usize,
}

impl Terminal {
    /// Runs a script of bash as a terminal would: `script` gives it one.
    pub fn start(folder: &Path, script: &str) -> Self {
        let mut command = Command::new("script");
        command.current_dir(folder).args(["--quiet", "--return", "--flush", "--command", script, "/dev/null"]);
        environment(&mut command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().expect("`script` of util-linux runs");
        let keyboard = process.stdin.take().expect("piped");
        let mut output = process.stdout.take().expect("piped");
        let screen = Arc::new(Mutex::new(String::new()));
        let collect = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                collect.lock().push_str(&String::from_utf8_lossy(&buffer[..length]).replace('\r', ""));
            }
        });
        Self { process, keyboard, screen, seen: 0 }
    }

    pub fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).and_then(|()| self.keyboard.flush()).expect("typed");
    }

    pub fn wait_for(&mut self, text: &str, patience: Duration) {
        self.wait_until(patience, |screen| screen.contains(text).then_some(()));
    }

    /// Waits until something is seen of what was not dealt with yet.
    pub fn wait_until<T>(&mut self, patience: Duration, look: impl Fn(&str) -> Option<T>) -> T {
        let (_nobody, never) = mpsc::channel::<()>();
        let end = Instant::now() + patience;
        loop {
            if let Some(found) = look(&self.screen.lock()[self.seen..]) {
                return found;
            }
            let goes_on = matches!(self.process.try_wait(), Ok(None)) && Instant::now() < end;
            assert!(goes_on, "waited in vain; the terminal shows\n{}", self.screen.lock());
            let _ = never.recv_timeout(Duration::from_millis(10));
        }
    }

    /// Deals with all that is on the screen.
    pub fn forget(&mut self) {
        self.seen = self.screen.lock().len();
    }

    /// Waits for the end, which is a good one, and gives what was printed.
    pub fn end(mut self, patience: Duration) -> String {
        let (_nobody, never) = mpsc::channel::<()>();
        let end = Instant::now() + patience;
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("a process") {
                break status;
            }
            assert!(Instant::now() < end, "it does not end; the terminal shows\n{}", self.screen.lock());
            let _ = never.recv_timeout(Duration::from_millis(10));
        };
        let printed = self.screen.lock().clone();
        assert!(status.success(), "{status}\n{printed}");
        printed
    }

    /// Presses Ctrl-C and waits for the end.
    pub fn interrupt(mut self) {
        self.type_in("\x03");
        let _ = self.process.wait();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.keyboard.write_all(b"\x03");
            let _ = self.process.wait();
        }
    }
}

/// What a user has, and what this machine needs to compile for wasm, in the words of cargo.
fn environment(command: &mut Command) {
    let binary = Path::new(env!("CARGO_BIN_EXE_basalt"));
    let folder = binary.parent().expect("a folder");
    let inherited = given("PATH");
    command.env("PATH", format!("{}:{inherited}", folder.display())).env("SHELL", "/bin/bash");
    // Compiled once for all runs: a user's first build is not what is tested.
    command.env("CARGO_TARGET_DIR", folder.join("tutorial"));
    command.env("BASALT_SERVER__ADDRESS", "127.0.0.1:0").env_remove("BASALT_BUNDLE");
    for name in ["CARGO", "CARGO_MANIFEST_DIR", "RUSTUP_TOOLCHAIN", "RUSTFLAGS", "NO_COLOR", "DATABASE_URL"] {
        command.env_remove(name);
    }
    command.env("TERM", "dumb").env("NO_COLOR", "1").env("CARGO_TERM_COLOR", "never");
    let given = given("BASALT_TEST_GUEST_ENVIRONMENT");
    command.envs(given.lines().filter_map(|line| line.split_once('=')));
}
