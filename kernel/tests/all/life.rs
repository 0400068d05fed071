//! The life of a plugin while it is in use: installed, swapped, tried, rolled back, switched off, removed; and nobody notices.

mod grant;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::kernel::variant::packed;
use crate::kernel::{Answer, Kernel, Setup, wait_until};

const PLUGINS: &str = "plugins";
const ONE: &str = "plugins/test-life";

/// The fixture as another version of itself.
fn version(version: &str, fault: &str, more: &str) -> Vec<u8> {
    let manifest = include_str!("../guest/life/plugin.toml");
    let manifest = manifest.replace("version = \"1.0.0\"", &format!("version = \"{version}\""));
    let manifest = manifest.replace("default = \"1\"", &format!("default = \"{version}\""));
    let manifest = manifest.replace("default = \"\"", &format!("default = \"{fault}\""));
    packed("life", &format!("{manifest}\n{more}"))
}

fn install(kernel: &Kernel, query: &str, file: &[u8]) -> Answer {
    kernel.operate("POST", &format!("{PLUGINS}{query}"), file)
}

/// Installs, and approves whatever is asked for.
fn add(kernel: &Kernel, file: &[u8]) -> Value {
    let asked = install(kernel, "", file);
    asked.refuses(409, "plugin.asks");
    let seal = asked.json()["details"]["seal"].as_str().expect("a seal").to_owned();
    install(kernel, &format!("?approve={seal}"), file).ok()
}

fn speaks(kernel: &Kernel) -> Value {
    let answer = kernel.get("/test/life/").ok();
    assert_eq!(answer["version"], answer["inner"], "one request, two versions");
    answer["version"].clone()
}

fn events(kernel: &Kernel) -> Vec<String> {
    let log = kernel.operate("GET", &format!("{ONE}/log"), b"").ok();
    let events = log["events"].as_array().expect("events").iter();
    events
        .map(|event| format!("{} {}", event["event"].as_str().unwrap_or("?"), event["version"].as_str().unwrap_or("-")))
        .collect()
}

#[test]
fn ten_thousand_requests_notice_no_swap_no_canary_and_no_rollback() {
    let kernel = Kernel::start(&[], "[host.limits]\ndeadline = \"60s\"\n");
    add(&kernel, &version("1.0.0", "", ""));
    let (ended, seen) = (AtomicBool::new(false), Mutex::new(BTreeMap::<String, u64>::new()));
    let count = |version: &str| seen.lock().get(version).copied().unwrap_or(0);
    let swap = |number: &str, query: &str, fault: &str| {
        install(&kernel, query, &version(number, fault, "")).ok();
    };
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    let version = speaks(&kernel);
                    *seen.lock().entry(version.as_str().expect("a version").to_owned()).or_default() += 1;
                }
            });
        }
        for number in ["2.0.0", "3.0.0", "4.0.0"] {
            swap(number, "", "");
            wait_until(number, || count(number) > 500);
        }
        swap("5.0.0", "?canary=20&calls=200", "");
        wait_until("the canary is promoted", || count("5.0.0") > 1000);
        swap("6.0.0", "", "trap");
        wait_until("the crash is rolled back", || events(&kernel)[0] == "rollback 5.0.0");
        wait_until("all is done", || seen.lock().values().sum::<u64>() > 10_000);
        ended.store(true, Ordering::Relaxed);
    });
    let versions: Vec<_> = seen.lock().keys().cloned().collect();
    assert_eq!(versions, ["1.0.0", "2.0.0", "3.0.0", "4.0.0", "5.0.0"], "the one that crashed answered nobody");
    let expected = ["rollback 5.0.0", "upgrade 6.0.0", "upgrade 5.0.0", "canary 5.0.0", "upgrade 4.0.0"];
    assert_eq!(events(&kernel)[..5], expected);
    assert_eq!(kernel.operate("GET", ONE, b"").ok()["version"], "5.0.0");
}

#[test]
fn a_canary_that_fails_more_often_is_taken_back_and_its_callers_are_answered() {
    let kernel = Kernel::start(&[], "");
    add(&kernel, &version("1.0.0", "", ""));
    install(&kernel, "?canary=50&calls=100000", &version("2.0.0", "often", "")).ok();
    let trial = kernel.operate("GET", ONE, b"").ok()["trial"].clone();
    assert_eq!((&trial["version"], &trial["share"]), (&json!("2.0.0"), &json!(50)));
    install(&kernel, "", &version("3.0.0", "", "")).refuses(409, "plugin.on-trial");
    let mut seen = Vec::new();
    wait_until("the canary is taken back", || {
        seen.push(speaks(&kernel));
        events(&kernel)[0].starts_with("canary-end")
    });
    assert!(seen.contains(&json!("1.0.0")));
    assert_eq!(kernel.operate("GET", ONE, b"").ok()["trial"], Value::Null);
    assert_eq!(speaks(&kernel), "1.0.0");
}

#[test]
fn what_cannot_run_replaces_nothing() {
    let kernel = Kernel::start(&["http"], "[plugins.test-http.grant]\nhttp = {}\n");
    add(&kernel, &version("1.0.0", "", ""));
    let good = version("2.0.0", "", "");
    install(&kernel, "", b"no plugin").refuses(400, "plugin.refused");
    install(&kernel, "", &good[..good.len() / 2]).refuses(400, "plugin.refused");
    install(&kernel, "", b"").refuses(400, "http.invalid");
    install(&kernel, "?canary=200", &good).refuses(400, "http.invalid");
    install(&kernel, "?calls=x", &good).refuses(400, "http.invalid");
    let taken = include_str!("../guest/life/plugin.toml")
        .replace("test-life", "test-other")
        .replace("/test/life", "/test/http");
    let taken = packed("life", &taken.replace("path = \"/\"", "path = \"/{what}\""));
    let asked = install(&kernel, "", &taken);
    let seal = asked.json()["details"]["seal"].as_str().expect("a seal").to_owned();
    install(&kernel, &format!("?approve={seal}"), &taken).refuses(400, "plugin.refused");
    assert_eq!((speaks(&kernel), events(&kernel)), (json!("1.0.0"), vec!["add 1.0.0".to_owned()]));
    assert_eq!(kernel.get("/test/http/echo").status, 200);
    let kernel = kernel.stop().start();
    assert_eq!(speaks(&kernel), "1.0.0");
}

#[test]
fn what_takes_over_for_good_is_not_taken_back() {
    let kernel = Kernel::start(&[], "");
    add(&kernel, &version("1.0.0", "", ""));
    install(&kernel, "?calls=0", &version("2.0.0", "trap", "")).ok();
    // On probation, 1.0.0 would have answered in its place.
    kernel.get("/test/life/").refuses(500, "plugin.trap");
    assert_eq!(events(&kernel)[0], "upgrade 2.0.0");
    install(&kernel, "?calls=-1", &version("3.0.0", "", "")).refuses(400, "http.invalid");
}

#[test]
fn a_plugin_is_switched_off_rolled_back_and_removed() {
    let kernel = Kernel::start(&[], "");
    add(&kernel, &version("1.0.0", "", ""));
    kernel.operate("POST", &format!("{ONE}/rollback"), b"").refuses(409, "plugin.conflict");
    kernel.operate("POST", &format!("{ONE}/promote"), b"").refuses(409, "plugin.not-on-trial");
    install(&kernel, "", &version("2.0.0", "", "")).ok();
    let switch = |on: &str| kernel.operate("PATCH", ONE, format!("{{\"enabled\":{on}}}").as_bytes());
    assert_eq!(switch("false").status, 204);
    kernel.get("/test/life/").refuses(404, "http.not-found");
    assert_eq!(kernel.operate("GET", ONE, b"").ok()["state"], "disabled");
    assert_eq!(switch("true").status, 204);
    switch("7").refuses(400, "http.invalid");
    assert_eq!(speaks(&kernel), "2.0.0");
    assert_eq!(kernel.operate("POST", &format!("{ONE}/rollback"), b"").status, 204);
    assert_eq!(speaks(&kernel), "1.0.0");
    kernel.operate("DELETE", &format!("{ONE}?purge=perhaps"), b"").refuses(400, "http.invalid");
    assert_eq!(kernel.operate("DELETE", ONE, b"").status, 204);
    kernel.get("/test/life/").refuses(404, "http.not-found");
    kernel.operate("DELETE", ONE, b"").refuses(404, "plugin.not-found");
    kernel.operate("GET", ONE, b"").refuses(404, "plugin.not-found");
    assert_eq!(events(&kernel).first().map(String::as_str), Some("remove 1.0.0"), "the log outlives it");
    kernel.operate("GET", "plugins/nobody/log", b"").refuses(404, "plugin.not-found");
}

#[test]
fn a_plugin_of_the_binary_is_upgraded_and_comes_back() {
    let setup = Setup::new(&["life"], "");
    let grant = "http = {}\nsettings = {}\ndispatch = { routes = [\"GET /test/life/inner\"] }\n";
    setup.configure(&format!("[plugins.test-life.grant]\n{grant}"));
    let kernel = setup.start();
    assert_eq!((speaks(&kernel), &kernel.operate("GET", ONE, b"").ok()["origin"]), (json!("1"), &json!("binary")));
    kernel.operate("DELETE", ONE, b"").refuses(409, "plugin.conflict");
    install(&kernel, "?canary=30", &version("1.5.0", "", "")).ok();
    assert_eq!(kernel.operate("POST", &format!("{ONE}/promote"), b"").status, 204);
    assert_eq!(
        (speaks(&kernel), &kernel.operate("GET", ONE, b"").ok()["origin"]),
        (json!("1.5.0"), &json!("installed"))
    );
    let kernel = kernel.stop().start();
    assert_eq!(speaks(&kernel), "1.5.0");
    assert_eq!(kernel.operate("POST", &format!("{ONE}/rollback"), b"").status, 204);
    assert_eq!(speaks(&kernel), "1", "before it was the binary's");
    let off = kernel.operate("PATCH", ONE, b"{\"enabled\":false}");
    assert_eq!(off.status, 204);
    let setup = kernel.stop();
    setup.configure(&format!("[plugins.test-life]\nenabled = true\n[plugins.test-life.grant]\n{grant}"));
    let kernel = setup.start();
    assert_eq!(speaks(&kernel), "1", "the file is stronger");
    kernel.operate("PATCH", ONE, b"{\"enabled\":false}").refuses(409, "plugin.conflict");
}

#[test]
fn every_node_follows() {
    let setup = Setup::new(&[], "");
    let other = setup.beside();
    let (one, two) = (setup.start(), other.start());
    add(&one, &version("1.0.0", "", ""));
    let follows = |expected: &str| {
        wait_until(expected, || {
            let answer = two.get("/test/life/");
            answer.status == 200 && answer.json()["version"] == expected
        })
    };
    follows("1.0.0");
    install(&one, "", &version("2.0.0", "", "")).ok();
    follows("2.0.0");
    // The second node's operator has the first node's key: there is one for all.
    let key = std::fs::read_to_string(one.setup.path("data/operator-key")).expect("a key");
    let bearer = format!("Bearer {}", key.trim());
    let undone = two.ask("POST", "/api/v1/admin/plugins/test-life/rollback", &[("authorization", &bearer)], b"");
    assert_eq!(undone.status, 204);
    wait_until("the first follows back", || speaks(&one) == "1.0.0");
    assert_eq!(one.operate("DELETE", ONE, b"").status, 204);
    wait_until("it is gone everywhere", || two.get("/test/life/").status == 404);
}

#[test]
fn what_a_plugin_says_and_uses_can_be_looked_at() {
    let kernel = Kernel::start(&[], "");
    add(&kernel, &version("1.0.0", "", ""));
    speaks(&kernel);
    let one = kernel.operate("GET", ONE, b"").ok();
    assert_eq!((&one["usage"]["calls"], &one["usage"]["dispatches"]), (&json!(2), &json!(1)));
    assert!(one["usage"]["fuel"].as_u64().is_some_and(|fuel| fuel > 0) && one["limits"]["memory"].is_string());
    assert_eq!((&one["versions"][0]["version"], &one["versions"][0]["role"]), (&json!("1.0.0"), &json!("current")));
    assert!(one["permissions"].as_array().is_some_and(|lines| !lines.is_empty()));
    assert_eq!(one["lacking"], json!([]));
    install(&kernel, "", &version("2.0.0", "trap", "")).ok();
    assert_eq!(speaks(&kernel), "1.0.0");
    wait_until("the rollback is recorded", || events(&kernel)[0] == "rollback 1.0.0");
}

#[test]
fn a_switch_is_no_trial_and_a_canary_of_one_plugin_does_not_hold_up_another() {
    let kernel = Kernel::start(&["http"], "[plugins.test-http.grant]\nhttp = {}\n");
    add(&kernel, &version("1.0.0", "", ""));
    install(&kernel, "?canary=50&calls=100000", &version("2.0.0", "", "")).ok();
    let switch = |id: &str, on: bool| {
        kernel.operate("PATCH", &format!("{PLUGINS}/{id}"), format!("{{\"enabled\":{on}}}").as_bytes())
    };
    assert_eq!(switch("test-http", false).status, 204);
    kernel.get("/test/http/echo").refuses(404, "http.not-found");
    assert_eq!(switch("test-http", true).status, 204);
    assert_eq!(kernel.get("/test/http/echo").status, 200);
    assert_eq!(kernel.operate("GET", ONE, b"").ok()["trial"]["version"], "2.0.0", "it goes on");
    assert_eq!(switch("test-life", false).status, 204);
    kernel.get("/test/life/").refuses(404, "http.not-found");
    assert_eq!(switch("test-life", true).status, 204);
    assert_eq!((speaks(&kernel), &kernel.operate("GET", ONE, b"").ok()["trial"]), (json!("1.0.0"), &Value::Null));
}

#[test]
fn a_canary_survives_a_restart_with_its_rule() {
    let kernel = Kernel::start(&[], "");
    add(&kernel, &version("1.0.0", "", ""));
    install(&kernel, "?canary=50&calls=100000", &version("2.0.0", "", "")).ok();
    let kernel = kernel.stop().start();
    let mut seen = std::collections::BTreeSet::new();
    wait_until("both answer", || {
        seen.insert(speaks(&kernel).to_string());
        seen.len() == 2
    });
    (0..150).for_each(|_| drop(speaks(&kernel)));
    assert_eq!(
        kernel.operate("GET", ONE, b"").ok()["trial"]["share"],
        50,
        "a hundred calls are not what was asked for"
    );
    assert_eq!(kernel.operate("POST", &format!("{ONE}/rollback"), b"").status, 204);
    assert_eq!(speaks(&kernel), "1.0.0");
}

#[test]
fn a_purge_leaves_the_binarys_own_version_working() {
    let setup = Setup::new(&["migration"], "");
    setup.configure("[plugins.test-migration.grant]\nhttp = {}\nsql = { modes = [\"own\"] }\n");
    let kernel = setup.start();
    assert_eq!(kernel.get("/test/migration/note").status, 200);
    let mut newer = kernel.setup.file("migration");
    // A custom section of nobody's: another file, the same plugin.
    newer.extend([0, 2, 1, b'x']);
    install(&kernel, "", &newer).ok();
    assert_eq!(kernel.operate("DELETE", "plugins/test-migration?purge=true", b"").status, 204);
    assert_eq!(kernel.get("/test/migration/note").status, 200, "with a schema of its own, made anew");
}
