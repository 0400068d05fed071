//! A kernel process for one test: its own data directory, its own database, the plugins that the test names.

#[path = "kernel/login.rs"]
mod login;

#[path = "kernel/tls.rs"]
pub mod tls;

#[path = "kernel/variant.rs"]
pub mod variant;

use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tempfile::TempDir;

#[path = "kernel/answer.rs"]
mod answer;

pub use answer::{Answer, try_ask};

/// The secret that test tokens are signed with.
pub const SECRET: &str = "a-secret-of-the-tests-that-is-long-enough";

/// How long a kernel may take to start on a busy machine before a test gives up. A language's runtime is compiled at the
/// first start, which takes most of a minute there.
const START: Duration = Duration::from_secs(240);

/// A running kernel; it ends with the value.
pub struct Kernel {
    process: Child,
    /// `http://127.0.0.1:…`
    pub url: String,
    /// What it logged so far.
    pub log: Arc<Mutex<String>>,
    pub setup: Setup,
}

/// What a kernel runs with; it outlives the process, so that a test can start another on it.
pub struct Setup {
    folder: TempDir,
    database: Option<String>,
    superuser: Option<String>,
    environment: Vec<(String, String)>,
    removed: Vec<String>,
}

/// What `cargo xtask test` set.
#[expect(clippy::disallowed_methods, reason = "tests are told by the xtask where things are")]
pub fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests with `cargo xtask test`"))
}

/// Whether this run is the one that shows that the kernel needs no plugin.
#[expect(clippy::disallowed_methods, reason = "tests are told by the xtask what to test")]
pub fn without_plugins() -> bool {
    std::env::var("BASALT_TEST_WITHOUT_PLUGINS").is_ok()
}

/// The `basalt` binary.
pub fn basalt() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_basalt"));
    command.env_remove("BASALT_BUNDLE").stdin(Stdio::null());
    command
}

impl Setup {
    /// A new database, and a bundle of fixtures with this preset. `rest` stands for the plugins of the product.
    pub fn new(plugins: &[&str], config: &str) -> Self {
        let mut setup = Self::embedded(plugins, config);
        let name = format!("test_{}", uuid::Uuid::new_v4().simple());
        let admin = given("BASALT_TEST_ADMIN");
        run_sql(&admin, &format!("create database {name}"), setup.folder.path());
        let database = admin.split(' ').filter(|part| !part.starts_with("dbname="));
        // Logins belong to the server, which all tests share.
        setup.environment.push(("BASALT_DATABASE__ROLE_PREFIX".to_owned(), format!("t{}", &name[5..17])));
        setup.database = Some(format!("{} dbname={name}", database.collect::<Vec<_>>().join(" ")));
        setup
    }

    /// A kernel that runs its own Postgres.
    pub fn embedded(plugins: &[&str], config: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("basalt").tempdir().expect("a folder");
        let setup = Self { folder, database: None, superuser: None, environment: Vec::new(), removed: Vec::new() };
        setup.lay_out(plugins);
        std::fs::write(setup.path("basalt.toml"), config).expect("written");
        setup
    }

    /// A kernel as the product is: its own Postgres, and every plugin with what the preset grants it.
    pub fn product(config: &str) -> Self {
        let setup = Self::embedded(&[], config);
        for file in std::fs::read_dir(given("BASALT_BUNDLE")).expect("a bundle") {
            let file = file.expect("a file");
            std::fs::copy(file.path(), setup.path("bundle").join(file.file_name())).expect("copied");
        }
        setup
    }

    /// Takes a variable out of the kernel's environment.
    pub fn without(mut self, name: &str) -> Self {
        self.removed.push(name.to_owned());
        self
    }

    /// Sets a variable of the kernel's environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// How to connect to the database.
    pub fn database(&self) -> &str {
        self.database.as_deref().expect("a database of the tests' server")
    }

    /// Replaces the configuration for the next start.
    pub fn configure(&self, config: &str) {
        std::fs::write(self.path("basalt.toml"), config).expect("written");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Another kernel of the same instance, before either starts: the same database, key, plugins and configuration, and a
    /// data directory of its own.
    pub fn beside(&self) -> Self {
        let other = Self::embedded(&[], "");
        for file in std::fs::read_dir(self.path("bundle")).expect("a bundle").flatten() {
            std::fs::copy(file.path(), other.path("bundle").join(file.file_name())).expect("copied");
        }
        std::fs::copy(self.path("basalt.toml"), other.path("basalt.toml")).expect("copied");
        for setup in [self, &other] {
            std::fs::write(setup.path("data/instance.key"), "A".repeat(43)).expect("written");
        }
        Self { database: self.database.clone(), environment: self.environment.clone(), ..other }
    }

    /// Puts a plugin's file into the bundle.
    pub fn put(&self, name: &str, file: &[u8]) {
        std::fs::write(self.path("bundle").join(format!("{name}.wasm")), file).expect("written");
    }

    /// A plugin's file of the bundle.
    pub fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path("bundle").join(format!("{name}.wasm"))).expect("read")
    }

    /// Runs a command to its end, with this as its input.
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("started");
        // A command that refuses its arguments does not read its input.
        let _ = process.stdin.take().expect("piped").write_all(input.as_bytes());
        process.wait_with_output().expect("the binary runs")
    }

    fn lay_out(&self, plugins: &[&str]) {
        let bundle = self.path("bundle");
        std::fs::create_dir_all(&bundle).expect("a folder");
        std::fs::create_dir_all(self.path("data")).expect("a folder");
        for plugin in plugins {
            let fixture = Path::new(&given("BASALT_TEST_PLUGINS")).join(format!("{plugin}.wasm"));
            let product = Path::new(&given("BASALT_BUNDLE")).join(format!("{plugin}.wasm"));
            let file = if fixture.exists() { fixture } else { product };
            std::fs::copy(&file, bundle.join(format!("{plugin}.wasm"))).unwrap_or_else(|_| panic!("no {plugin}"));
        }
        // All tests compile the same plugins: once is enough.
        let compiled = std::env::temp_dir().join("basalt-test-compiled");
        std::fs::create_dir_all(&compiled).expect("a folder");
        std::os::unix::fs::symlink(compiled, self.path("data/compiled")).expect("a link");
    }

    /// The binary with this set-up, for any command.
    pub fn command(&self) -> Command {
        let mut command = basalt();
        command.current_dir(self.folder.path()).arg("--bundle").arg(self.path("bundle"));
        command.env("BASALT_DATA_DIR", self.path("data")).env("BASALT_SERVER__ADDRESS", "127.0.0.1:0");
        command.env("BASALT_JWT_SECRET", SECRET).env("BASALT_LOG__FORMAT", "json");
        if let Some(database) = &self.database {
            command.env("DATABASE_URL", database);
        }
        command.envs(self.environment.iter().cloned());
        for name in &self.removed {
            command.env_remove(name);
        }
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("the binary runs")
    }

    /// Runs SQL as the admin.
    pub fn sql(&self, sql: &str) -> String {
        let output = self.run(&["sql", sql]);
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Starts a kernel and waits until it answers.
    pub fn start(self) -> Kernel {
        let mut process =
            self.command().arg("serve").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        let log = Arc::new(Mutex::new(String::new()));
        let collect = Arc::clone(&log);
        let stderr = process.stderr.take().expect("piped");
        std::thread::spawn(move || {
            BufReader::new(stderr).lines().map_while(Result::ok).for_each(|line| {
                collect.lock().push_str(&format!("{line}\n"));
            })
        });
        let stdout = process.stdout.take().expect("piped");
        let ready = first_line(stdout).recv_timeout(START).unwrap_or_default();
        let Some(url) = ready.strip_prefix("ready at ") else {
            let _ = process.kill();
            let _ = process.wait();
            panic!("the kernel did not start: {}", log.lock());
        };
        Kernel { url: url.to_owned(), process, log, setup: self }
    }
}

fn first_line(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let _ = send.send(lines.next().unwrap_or_default());
        // Read on, so that the kernel never blocks on a full pipe.
        lines.for_each(drop);
    });
    receive
}

fn run_sql(database: &str, sql: &str, folder: &Path) {
    let mut command = basalt();
    command.current_dir(folder).env("DATABASE_URL", database).env("BASALT_DATA_DIR", folder.join("data"));
    let output = command.args(["sql", sql]).output().expect("the binary runs");
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Kernel {
    /// A kernel with fixtures, each granted what this configuration says.
    pub fn start(plugins: &[&str], config: &str) -> Self {
        Setup::new(plugins, config).start()
    }

    /// Asks, with headers and a body; any status is an answer.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        try_ask(&self.url, method, path, headers, body)
            .unwrap_or_else(|fault| panic!("{method} {path}: {fault}\n{}", self.log.lock()))
    }

    /// GET without credentials.
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    /// POST of JSON without credentials.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    /// The value of a series of the metrics; 0 where there is none.
    pub fn metric(&self, series: &str) -> u64 {
        let metrics = self.get("/metrics").text();
        let line = metrics.lines().find_map(|line| line.strip_prefix(series));
        line.map_or(0, |value| value.trim().parse().expect("a number"))
    }

    /// Runs SQL as the admin.
    pub fn sql(&self, sql: &str) -> String {
        self.setup.sql(sql)
    }

    /// The value of `Authorization` for a role and a user.
    pub fn bearer(&self, role: &str, sub: &str) -> String {
        let output = self.setup.run(&["key", "mint", "--role", role, "--sub", sub]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        format!("Bearer {}", String::from_utf8_lossy(&output.stdout).trim())
    }

    /// Asks as the operator, with the key that the first start left.
    pub fn operate(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let key = std::fs::read_to_string(self.setup.path("data/operator-key")).expect("a key");
        let bearer = format!("Bearer {}", key.trim());
        self.ask(method, &format!("/api/v1/admin/{path}"), &[("authorization", &bearer)], body)
    }

    /// The kernel's process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Ends the process at once, as a crash would; what it ran with stays.
    pub fn kill(mut self) -> Setup {
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.into_setup()
    }

    /// Ends the process in good order; what it ran with stays.
    pub fn stop(mut self) -> Setup {
        self.signal("TERM");
        let status = self.process.wait().expect("ended");
        assert!(status.success(), "{status}: {}", self.log.lock());
        self.into_setup()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.process.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    fn into_setup(mut self) -> Setup {
        let empty = Setup {
            folder: TempDir::new().expect("a folder"),
            database: None,
            superuser: None,
            environment: Vec::new(),
            removed: Vec::new(),
        };
        std::mem::replace(&mut self.setup, empty)
    }

    /// Waits until this many requests are being answered.
    pub fn wait_for_requests(&self, count: usize) {
        let line = format!("basalt_http_requests_in_flight {count}\n");
        wait_until(&format!("there are {count} requests"), || self.get("/metrics").text().contains(&line));
    }

    /// Waits until the log says something.
    pub fn wait_for_log(&self, text: &str) {
        wait_until(&format!("the log says {text:?}"), || self.log.lock().contains(text));
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        if self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            // In good order, so that an embedded Postgres ends too.
            self.signal("TERM");
            let _ = self.process.wait();
        }
    }
}

/// Waits for a condition that another process brings about. Polls, because there is nothing to wait on.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let (_nobody, never) = mpsc::channel::<()>();
    let end = std::time::Instant::now() + START;
    while !holds() {
        assert!(std::time::Instant::now() < end, "waited in vain until {what}");
        let _ = never.recv_timeout(Duration::from_millis(20));
    }
}
