//! The life of a plugin on the command line, beside a kernel that serves and without one: the same commands, the same answers.

use std::io::{BufRead as _, BufReader};
use std::process::{Output, Stdio};

use crate::kernel::variant::packed;
use crate::kernel::{Kernel, Setup, wait_until};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a command that succeeds, and gives what it prints.
#[track_caller]
fn well(setup: &Setup, arguments: &[&str]) -> String {
    let output = setup.run(&[&["plugin"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Runs a command that is refused with this code.
#[track_caller]
fn refused(setup: &Setup, arguments: &[&str], code: &str) -> (String, String) {
    failed(&setup.run(&[&["plugin"], arguments].concat()), code)
}

#[track_caller]
fn failed(output: &Output, code: &str) -> (String, String) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    assert!(err.starts_with("error: ") && err.contains(&format!("[{code}]")), "{err}");
    (out, err)
}

/// The same with a kernel that serves, and without.
fn both(test: fn(&Setup)) {
    test(&Setup::new(&[], "").start().setup);
    test(&Setup::new(&[], ""));
}

/// Leaves the fixture as this version, and says where.
fn version(setup: &Setup, fixture: &str, version: &str, more: &str) -> String {
    let head =
        format!("id = \"test-{fixture}\"\nversion = \"{version}\"\ndescription = \"Tests\"\nlicense = \"MIT\"\n");
    let routes = "[[route]]\nname = \"main\"\npath = \"/{lines}\"\nmounts = [\"/test/x\"]\n[want.http]\n";
    let path = setup.path(&format!("{fixture}-{version}.wasm"));
    std::fs::write(&path, packed(fixture, &format!("{head}{routes}{more}"))).expect("written");
    path.to_str().expect("text").to_owned()
}

#[test]
fn a_plugin_is_installed_upgraded_rolled_back_switched_and_removed() {
    both(|setup| {
        let one = version(setup, "log", "1.0.0", "[want.log]\n[want.clock]\n");
        let two = version(setup, "log", "2.0.0", "[want.log]\n[want.random]\n");
        assert!(well(setup, &["list"]).contains("basalt plugin add"));
        refused(setup, &["upgrade", &one, "--yes"], "plugin.not-found");

        let (asked, hint) = refused(setup, &["add", &one], "plugin.asks");
        let words = "It wants to\n  read the clock\n  answer requests at /test/x/{lines}\n  write to the log\n";
        assert_eq!(asked.trim_end(), format!("test-log 1.0.0: Tests\nlicence: MIT, not signed\n\n{words}").trim_end());
        assert!(hint.contains("--yes"), "{hint}");
        // A pipe is nobody.
        failed(&setup.run_with(&["plugin", "add", &one], "y\n"), "plugin.asks");
        assert!(!well(setup, &["list"]).contains("test-log"));
        assert!(well(setup, &["add", &one, "--yes"]).ends_with("\ntest-log 1.0.0 is installed\n"));

        let (asked, _) = refused(setup, &["add", &two], "plugin.asks");
        let difference = "It newly wants to\n  get random bytes\n\nIt no longer wants to\n  read the clock\n";
        let expected =
            format!("test-log 1.0.0 → 2.0.0: Tests\nlicence: MIT, not signed\n\n{difference}\n2 permissions stay.");
        assert_eq!(asked.trim_end(), expected);
        assert!(well(setup, &["list"]).contains("test-log  1.0.0    ready  installed"));
        let upgraded = well(setup, &["upgrade", &two, "--yes", "--reason", "as agreed"]);
        assert!(upgraded.ends_with("test-log 2.0.0 is installed in place of 1.0.0\n"), "{upgraded}");

        let three = version(setup, "log", "3.0.0", "[want.log]\n[want.random]\n");
        let unasked = well(setup, &["add", &three]);
        assert_eq!(unasked, "test-log 3.0.0 is installed in place of 2.0.0\n", "it wants nothing new");

        assert_eq!(well(setup, &["rollback", "test-log"]), "test-log is at 2.0.0 again\n");
        refused(setup, &["rollback", "test-log"], "plugin.conflict");
        refused(setup, &["promote", "test-log"], "plugin.not-on-trial");
        assert_eq!(well(setup, &["disable", "test-log"]), "test-log is disabled\n");
        assert!(well(setup, &["list"]).contains("test-log  2.0.0    disabled  installed"));
        assert_eq!(well(setup, &["enable", "test-log"]), "test-log is enabled\n");
        let logs = well(setup, &["logs", "test-log"]);
        assert!(logs.contains("Z * upgrade 2.0.0 by operator:") && logs.contains(": as agreed\n"), "{logs}");

        assert_eq!(well(setup, &["remove", "test-log"]), "test-log is removed; what it kept in the database stays\n");
        refused(setup, &["inspect", "test-log"], "plugin.not-found");
        assert!(well(setup, &["logs", "test-log"]).contains(" * remove 2.0.0 by "));
    });
}

#[test]
fn what_a_plugin_keeps_goes_only_when_it_is_said_twice() {
    both(|setup| {
        let file = version(setup, "migration", "1.0.0", "[want.sql]\nmodes = [\"own\"]\n");
        let kept = || setup.sql("select count(*) from pg_tables where tablename = 'note'").contains("\n1");
        well(setup, &["add", &file, "--yes"]);
        assert!(kept());
        well(setup, &["remove", "test-migration"]);
        assert!(kept());
        well(setup, &["add", &file, "--yes"]);
        let (_, hint) = refused(setup, &["remove", "test-migration", "--purge"], "config.invalid");
        assert!(hint.contains("--yes") && kept(), "{hint}");
        well(setup, &["remove", "test-migration", "--purge", "--yes"]);
        assert!(!kept());
        assert!(!well(setup, &["list"]).contains("test-migration"));
    });
}

#[test]
fn a_plugin_of_the_binary_is_looked_at_without_a_kernel_that_serves() {
    let setup = Setup::new(&["log"], "[plugins.test-log.grant]\nhttp = {}\nlog = {}\n");
    assert!(well(&setup, &["list"]).contains("test-log  0.1.0    ready  binary"));
    let json: serde_json::Value = serde_json::from_str(&well(&setup, &["list", "--json"])).expect("JSON");
    assert_eq!(json["plugins"][0]["id"], "test-log");
    let shown = well(&setup, &["inspect", "test-log"]);
    for part in
        ["\npermissions\n  answer requests at /test/log/{lines}\n", "\nroutes\n  main  all", "\nlimits\n  memory"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&well(&setup, &["inspect", "test-log", "--json"])).expect("JSON");
    assert_eq!((&json["version"], &json["state"]), (&"0.1.0".into(), &"ready".into()));
    refused(&setup, &["logs", "test-log", "--follow"], "admin.unreachable");
    let doctor = text(&setup.run(&["doctor"]).stdout);
    assert!(doctor.contains("no kernel is running"), "{doctor}");
}

#[test]
fn a_canary_is_installed_and_promoted() {
    let kernel = Kernel::start(&[], "");
    let setup = &kernel.setup;
    let [one, two] = ["1.0.0", "2.0.0"].map(|number| version(setup, "log", number, "[want.log]\n"));
    well(setup, &["add", &one, "--yes"]);
    let added = well(setup, &["upgrade", &two, "--canary", "5%", "--calls", "5000"]);
    assert!(added.starts_with("test-log 2.0.0 answers 5 % of the requests, 1.0.0 the rest"), "{added}");
    assert!(well(setup, &["list"]).contains("installed  2.0.0 at 5 %: 0 calls, 0 failed"));
    refused(setup, &["upgrade", &one], "plugin.on-trial");
    assert_eq!(well(setup, &["promote", "test-log"]), "test-log 2.0.0 answers everything\n");
    assert!(well(setup, &["inspect", "test-log"]).starts_with("test-log 2.0.0: "));
}

#[test]
fn what_is_no_plugin_is_refused_before_a_kernel_is_looked_for() {
    let setup = Setup::new(&[], "");
    std::fs::write(setup.path("text.wasm"), "hello").expect("written");
    for file in ["text.wasm", "missing.wasm", "."] {
        refused(&setup, &["add", file, "--yes"], "plugin.refused");
    }
    assert!(!setup.path("data/kernel.lock").exists());
    for arguments in [&["add", "a.wasm", "--canary", "100%"][..], &["add"], &["remove"], &["logs", "a", "--limit", "0"]]
    {
        assert_eq!(setup.run(&[&["plugin"], arguments].concat()).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_kernel_of_another_place_is_asked_with_its_key() {
    let kernel = Kernel::start(&["log"], "[plugins.test-log.grant]\nhttp = {}\nlog = {}\n");
    let key = std::fs::read_to_string(kernel.setup.path("data/operator-key")).expect("a key");
    let elsewhere = Setup::embedded(&[], "");
    failed(&elsewhere.run(&["plugin", "list", "--url", &kernel.url]), "auth.operator-key");
    let with = |key: &str, arguments: &[&str]| {
        let mut command = elsewhere.command();
        command.env("BASALT_OPERATOR_KEY", key.trim()).env("HTTP_PROXY", "http://127.0.0.1:1");
        command.args(["plugin", "list"]).args(arguments).output().expect("runs")
    };
    failed(&with("basalt_operator_wrong", &["--url", &kernel.url]), "auth.operator-key");
    assert!(text(&with(&key, &["--url", &kernel.url]).stdout).contains("test-log"));
    failed(&with(&key, &["--url", "ftp://example.com"]), "config.invalid");
    failed(&with(&key, &["--url", "http://127.0.0.1:1"]), "admin.unreachable");
    let mut command = elsewhere.command();
    command.env("BASALT_OPERATOR_KEY", key.trim()).env("BASALT_URL", &kernel.url);
    assert!(text(&command.args(["plugin", "list"]).output().expect("runs").stdout).contains("test-log"));
}

#[test]
fn what_a_plugin_writes_is_followed() {
    let kernel = Kernel::start(&["log"], "[plugins.test-log.grant]\nhttp = {}\nlog = {}\n");
    kernel.get("/test/log/1");
    let line = "INFO  line 0 of a fixture {\"colour\":\"green\"}";
    let logs = || well(&kernel.setup, &["logs", "test-log"]);
    assert_eq!(logs().matches(line).count(), 1, "{}", logs());
    let mut command = kernel.setup.command();
    let mut follow =
        command.args(["plugin", "logs", "test-log", "--follow"]).stdout(Stdio::piped()).spawn().expect("started");
    let mut lines = BufReader::new(follow.stdout.take().expect("piped")).lines().map_while(Result::ok);
    assert!(lines.next().expect("the first").contains(line));
    kernel.get("/test/log/2");
    assert!(lines.next().expect("another").contains("line 0") && lines.next().expect("a third").contains("line 1"));
    follow.kill().expect("ended");
    follow.wait().expect("ended");
    wait_until("it is there", || logs().contains("line 1"));
}

#[test]
fn a_key_that_was_lost_is_missed_and_another_is_made() {
    let kernel = Kernel::start(&[], "");
    std::fs::remove_file(kernel.setup.path("data/operator-key")).expect("removed");
    let (_, hint) = refused(&kernel.setup, &["list"], "auth.operator-key");
    assert!(hint.contains("basalt key operator"), "{hint}");
    assert!(kernel.setup.run(&["key", "operator"]).status.success());
    wait_until("the kernel knows it", || kernel.setup.run(&["plugin", "list"]).status.success());
}
