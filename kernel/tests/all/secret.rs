//! `secret`: what operators set, in whichever way, is what the granted plugin reads, and nobody else does.

use crate::kernel::{Kernel, Setup, wait_until};

const CONFIG: &str = "[plugins.test-secret.grant]\nhttp = {}\nsecret = { names = [\"stripe_key\", \"other\"] }\n";

/// Stands nowhere but where it should.
const VALUE: &str = "sk_live_4eC39HqLyjWDarjtT1zdp7dc";

fn read(kernel: &Kernel) -> String {
    kernel.get("/test/secret/stripe_key").text()
}

#[test]
fn a_plugin_reads_what_it_was_granted_at_its_next_call() {
    let kernel = Kernel::start(&["secret"], CONFIG);
    kernel.get("/test/secret/stripe_key").refuses(503, "secret.unset");
    kernel.get("/test/secret/unknown").refuses(500, "secret.not-granted");
    for value in [VALUE, "{\"json\": [1]}\n", "é"] {
        assert_eq!(kernel.operate("PUT", "secrets/stripe_key", value.as_bytes()).status, 204);
        assert_eq!(read(&kernel), value, "at once");
    }
    kernel.get("/test/secret/other").refuses(503, "secret.unset");
    assert_eq!(kernel.operate("DELETE", "secrets/stripe_key", b"").status, 204);
    kernel.get("/test/secret/stripe_key").refuses(503, "secret.unset");
    kernel.operate("DELETE", "secrets/stripe_key", b"").refuses(404, "http.not-found");
}

#[test]
fn a_value_comes_out_nowhere_else() {
    let kernel = Setup::new(&["secret"], CONFIG).env("BASALT_LOG__LEVEL", "trace").start();
    assert_eq!(kernel.operate("PUT", "secrets/stripe_key", VALUE.as_bytes()).status, 204);
    assert_eq!(read(&kernel), VALUE);
    let listed = kernel.operate("GET", "secrets", b"");
    assert_eq!(listed.ok()["secrets"][0]["name"], "stripe_key");
    assert!(listed.ok()["secrets"][0]["set_at"].is_string());
    let stored = kernel.sql("select encode(sealed, 'escape') from basalt.secret");
    kernel.operate("GET", "secrets/stripe_key", b"").refuses(405, "http.method-not-allowed");
    kernel.wait_for_log("\"status\":405");
    for (place, text) in [
        ("the list", listed.text()),
        ("the database", stored),
        ("the metrics", kernel.get("/metrics").text()),
        ("the log", kernel.log.lock().clone()),
    ] {
        assert!(!text.contains(VALUE) && !text.contains("4eC39Hq"), "{place} has it");
    }
}

#[test]
fn the_command_line_sets_lists_and_removes_beside_a_kernel() {
    let kernel = Kernel::start(&["secret"], CONFIG);
    let set = |value: &str| {
        let output = kernel.setup.run_with(&["secret", "set", "stripe_key"], value);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    kernel.get("/test/secret/stripe_key").refuses(503, "secret.unset");
    for value in ["first", "second"] {
        set(&format!("{value}\n"));
        wait_until("the kernel was told", || read(&kernel) == value);
    }
    let listed = String::from_utf8(kernel.setup.run(&["secret", "list"]).stdout).expect("text");
    assert!(listed.starts_with("stripe_key\t") && !listed.contains("second"), "{listed}");
    assert!(kernel.setup.run(&["secret", "remove", "stripe_key"]).status.success());
    wait_until("it is gone", || kernel.get("/test/secret/stripe_key").status == 503);
    assert!(!kernel.setup.run(&["secret", "remove", "stripe_key"]).status.success());
    assert!(!kernel.setup.run(&["secret", "set", "stripe_key", VALUE]).status.success(), "no value as an argument");
}

#[test]
fn names_and_values_have_bounds() {
    let kernel = Kernel::start(&[], "");
    for name in ["Upper", "9", "a-b", "a.b", &"a".repeat(64)] {
        kernel.operate("PUT", &format!("secrets/{name}"), b"x").refuses(400, "secret.invalid");
        let output = kernel.setup.run_with(&["secret", "set", name], "x");
        assert!(String::from_utf8_lossy(&output.stderr).contains("secret.invalid"), "{name}");
    }
    kernel.operate("PUT", "secrets/empty", b"").refuses(400, "secret.invalid");
    kernel.operate("PUT", "secrets/binary", b"\xff").refuses(400, "secret.invalid");
    let most = "x".repeat(64 << 10);
    assert_eq!(kernel.operate("PUT", "secrets/large", most.as_bytes()).status, 204);
    kernel.operate("PUT", "secrets/large", format!("{most}x").as_bytes()).refuses(413, "http.body-too-large");
    let output = kernel.setup.run_with(&["secret", "set", "large"], &format!("{most}x"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("secret.invalid"));
}

#[test]
fn every_node_hears_of_a_change() {
    let setup = Setup::new(&["secret"], CONFIG);
    let other = setup.beside();
    let (kernel, other) = (setup.start(), other.start());
    other.get("/test/secret/stripe_key").refuses(503, "secret.unset");
    for value in ["first", "second"] {
        assert_eq!(kernel.operate("PUT", "secrets/stripe_key", value.as_bytes()).status, 204);
        assert_eq!(read(&kernel), value);
        wait_until("the other one has it", || read(&other) == value);
    }
    // Nobody is told any more: the value may be old, and so it is read again.
    kernel.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() \
         and pid <> pg_backend_pid()",
    );
    kernel.sql("delete from basalt.secret");
    wait_until("both know", || [&kernel, &other].iter().all(|node| node.get("/test/secret/stripe_key").status == 503));
}

#[test]
fn another_instance_key_opens_nothing_and_says_so() {
    let kernel = Kernel::start(&["secret"], CONFIG);
    assert_eq!(kernel.operate("PUT", "secrets/stripe_key", VALUE.as_bytes()).status, 204);
    let setup = kernel.stop();
    std::fs::write(setup.path("data/instance.key"), "A".repeat(43)).expect("written");
    let kernel = setup.start();
    let refused = kernel.get("/test/secret/stripe_key");
    refused.refuses(500, "secret.sealed");
    assert!(refused.text().contains("another instance key") && refused.text().contains("instance.key"));
    let doctor = || String::from_utf8(kernel.setup.run(&["doctor"]).stdout).expect("text");
    assert!(doctor().contains("not the key that sealed the secret \"stripe_key\""), "{}", doctor());
    assert_eq!(kernel.operate("PUT", "secrets/stripe_key", b"again").status, 204);
    assert!(!doctor().contains("not the key"));
    assert_eq!(read(&kernel), "again");
}

#[test]
fn a_sealed_value_does_not_open_under_another_name() {
    let kernel = Kernel::start(&["secret"], CONFIG);
    assert_eq!(kernel.operate("PUT", "secrets/admin_password", VALUE.as_bytes()).status, 204);
    kernel.sql("insert into basalt.secret (name, sealed) select 'other', sealed from basalt.secret");
    wait_until("it is noticed", || kernel.get("/test/secret/other").status != 503);
    kernel.get("/test/secret/other").refuses(500, "secret.sealed");
}

#[test]
fn a_name_that_was_not_granted_keeps_the_plugin_from_loading() {
    let kernel =
        Kernel::start(&["secret"], "[plugins.test-secret.grant]\nhttp = {}\nsecret = { names = [\"stripe_key\"] }\n");
    kernel.get("/test/secret/stripe_key").refuses(503, "plugin.unavailable");
    let plugin = kernel.operate("GET", "plugins/test-secret", b"").ok();
    assert_eq!((&plugin["state"], &plugin["reason"]["code"]), (&"refused".into(), &"plugin.not-granted".into()));
    assert!(plugin["reason"]["hint"].as_str().expect("a hint").contains("secret = "), "{plugin}");
}
