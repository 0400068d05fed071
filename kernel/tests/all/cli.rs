//! The commands, as an operator types them.

use std::io::BufRead as _;
use std::process::{Command, Stdio};

use crate::kernel::{Setup, basalt};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_generated_references_are_the_ones_in_the_tree() {
    for (arguments, file) in
        [(&["config", "--default"][..], "config/default.toml"), (&["errors"][..], "docs/errors.md")]
    {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        let printed = text(&basalt().args(arguments).output().expect("runs").stdout);
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(printed, kept, "{file} is out of date: `cargo xtask bless` writes it");
    }
}

#[test]
fn the_version_is_printed() {
    assert!(text(&basalt().arg("--version").output().expect("runs").stdout).starts_with("basalt "));
}

#[test]
fn a_faulty_configuration_is_refused_with_all_its_faults() {
    let setup = Setup::embedded(&[], "colour = 1\n[server]\nport = 1\n");
    let output = setup.run(&["--config-test"]);
    assert!(!output.status.success());
    let message = text(&output.stderr);
    assert!(
        message.contains("colour") && message.contains("server.port") && message.contains("config.invalid"),
        "{message}"
    );
    setup.configure("[log]\nlevel = \"debug\"\n");
    assert!(setup.run(&["--config-test"]).status.success());
}

#[test]
fn the_configuration_in_effect_is_printed_without_secrets() {
    let setup = Setup::new(&["http"], "[plugins.test-http.grant]\nhttp = {}\n");
    let printed = text(&setup.run(&["config"]).stdout);
    assert!(printed.contains("[plugins.test-http]") && printed.contains("address = \"127.0.0.1:0\""), "{printed}");
    assert!(printed.contains("jwt_secret = \"***\"") && !printed.contains(crate::kernel::SECRET), "{printed}");
    assert!(!printed.contains("dbname"), "{printed}");
}

#[test]
fn one_kernel_at_a_time_has_a_data_directory() {
    let kernel = Setup::new(&[], "").start();
    let second = kernel.setup.run(&["serve"]);
    assert!(!second.status.success());
    assert!(text(&second.stderr).contains("store.locked"), "{}", text(&second.stderr));
}

#[test]
fn a_reader_of_the_output_that_leaves_ends_nothing() {
    let setup = Setup::new(&[], "");
    let mut process = setup.command().arg("serve").stdout(Stdio::piped()).spawn().expect("started");
    let mut first = String::new();
    // It is gone when the kernel says where the operator key is.
    std::io::BufReader::with_capacity(1, process.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
    assert!(first.starts_with("ready at "), "{first}");
    let told = Command::new("kill").arg(process.id().to_string()).status().expect("runs");
    assert!(told.success() && process.wait().expect("ended").success());
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = taken.local_addr().expect("an address").to_string();
    let setup = Setup::new(&[], "").env("BASALT_SERVER__ADDRESS", &address);
    let message = text(&setup.run(&["serve"]).stderr);
    assert!(message.contains(&address) && message.contains("server.address"), "{message}");
}

#[test]
fn a_bundled_binary_carries_its_plugins() {
    let setup = Setup::embedded(&["http"], "[plugins.test-http.grant]\nhttp = {}\n");
    let binary = setup.path("basalt-custom");
    let output = setup.run(&["bundle", "--output", binary.to_str().expect("text")]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let mut command = std::process::Command::new(&binary);
    // Without the folder's preset beside it, nobody has granted the plugin anything.
    command.current_dir(setup.path("bundle")).env("BASALT_DATA_DIR", setup.path("data")).env_remove("BASALT_BUNDLE");
    let listed = command.args(["plugin", "list"]).output().expect("runs");
    assert!(
        text(&listed.stdout).contains("test-http  0.1.0    refused  binary"),
        "{} {}",
        text(&listed.stdout),
        text(&listed.stderr)
    );
}
