//! Who may vouch for a plugin is kept by the kernel, whoever sends it what.

use serde_json::{Value, json};

use super::{Key, file, trusting};
use crate::kernel::{Answer, Kernel};

const ONE: &str = "plugins/test-log";

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn send(kernel: &Kernel, file: &[u8], signature: Option<&str>, more: &str) -> Answer {
    let signature = signature.map(|text| format!("&signature={}", encoded(text))).unwrap_or_default();
    kernel.operate("POST", &format!("plugins?x=y{signature}{more}"), file)
}

/// Installs, and approves whatever is asked for; the question.
fn add(kernel: &Kernel, file: &[u8], signature: Option<&str>) -> Value {
    let asked = send(kernel, file, signature, "");
    asked.refuses(409, "plugin.asks");
    let details = asked.json()["details"].clone();
    send(kernel, file, signature, &format!("&approve={}", details["seal"].as_str().expect("a seal"))).ok();
    details
}

#[test]
fn only_what_a_trusted_key_signed_is_installed() {
    let (acme, other) = (Key::new(), Key::new());
    let kernel = Kernel::start(&[], &trusting(&[("acme", &acme)], true));
    let (one, two) = (file("1.0.0", ""), file("2.0.0", ""));
    let good = acme.sign(&one);
    send(&kernel, &one, None, "").refuses(403, "signature.missing");
    send(&kernel, &one, None, "&unsigned=true").refuses(403, "signature.missing");
    send(&kernel, &one, Some(&other.sign(&one)), "").refuses(403, "signature.unknown-key");
    send(&kernel, &two, Some(&good), "").refuses(400, "signature.invalid");
    send(&kernel, &one[..one.len() - 1], Some(&good), "").refuses(400, "signature.invalid");
    send(&kernel, b"no plugin", Some(&good), "").refuses(400, "signature.invalid");
    for signature in ["", "x", "a\nb\nc\nd", &good[..good.len() - 20], &good.replace("file:", "fake:")] {
        send(&kernel, &one, Some(signature), "").refuses(400, "signature.invalid");
    }
    kernel.operate("GET", ONE, b"").refuses(404, "plugin.not-found");

    assert_eq!(add(&kernel, &one, Some(&good))["signer"], "acme");
    let shown = kernel.operate("GET", ONE, b"").ok();
    assert_eq!((&shown["signer"], &shown["versions"][0]["signer"]), (&json!("acme"), &json!("acme")));
    assert_eq!(kernel.operate("GET", "plugins", b"").ok()["plugins"][0]["signer"], "acme");
    assert_eq!(kernel.get("/test/x/1").status, 204);
}

#[test]
fn what_is_signed_is_not_followed_by_what_is_not_nor_by_what_is_older() {
    let (acme, mine) = (Key::new(), Key::new());
    let kernel = Kernel::start(&[], &trusting(&[("acme", &acme), ("mine", &mine)], false));
    let [one, two, three] = ["1.0.0", "2.0.0", "3.0.0"].map(|version| file(version, ""));
    assert_eq!(add(&kernel, &one, None)["signer"], Value::Null);
    send(&kernel, &two, Some(&acme.sign(&two)), "").ok();
    let refusal = send(&kernel, &three, None, "");
    refusal.refuses(403, "signature.missing");
    assert!(refusal.json()["message"].as_str().expect("text").contains("signed by acme"), "{}", refusal.json());
    let old = send(&kernel, &one, Some(&acme.sign(&one)), "");
    old.refuses(409, "plugin.downgrade");
    assert!(old.json()["hint"].as_str().expect("text").contains("basalt plugin rollback test-log"));
    send(&kernel, &one, Some(&acme.sign(&one)), "&downgrade=perhaps").refuses(400, "http.invalid");
    assert_eq!(kernel.operate("GET", ONE, b"").ok()["version"], "2.0.0");

    send(&kernel, &three, Some(&mine.sign(&three)), "").ok();
    assert_eq!(kernel.operate("GET", ONE, b"").ok()["signer"], "mine");
    send(&kernel, &one, Some(&acme.sign(&one)), "&downgrade=true").ok();
    send(&kernel, &two, None, "&unsigned=true").ok();
    let shown = kernel.operate("GET", ONE, b"").ok();
    assert_eq!((&shown["version"], &shown["signer"]), (&json!("2.0.0"), &Value::Null));
}

#[test]
fn trust_is_looked_at_again_with_each_load() {
    let (acme, other) = (Key::new(), Key::new());
    let kernel = Kernel::start(&[], &trusting(&[("acme", &acme)], false));
    let one = file("1.0.0", "");
    add(&kernel, &one, Some(&acme.sign(&one)));

    let reason = |kernel: &Kernel| kernel.operate("GET", ONE, b"").ok()["reason"]["code"].clone();
    let setup = kernel.stop();
    setup.configure(&trusting(&[("other", &other)], false));
    let kernel = setup.start();
    assert_eq!(reason(&kernel), "signature.unknown-key", "the key lost its trust");
    kernel.get("/test/x/1").refuses(503, "plugin.unavailable");

    let setup = kernel.stop();
    setup.configure(&trusting(&[("acme", &acme)], true));
    let kernel = setup.start();
    assert_eq!((reason(&kernel), kernel.get("/test/x/1").status), (Value::Null, 204));
    kernel.sql("update basalt.plugin_version set signature = null");
    let kernel = kernel.stop().start();
    assert_eq!(reason(&kernel), "signature.missing", "a database that was changed vouches for nothing");
}

#[test]
fn what_came_with_the_binary_is_as_trusted_as_it_is() {
    let config = trusting(&[], true) + "[plugins.test-log.grant]\nhttp = {}\nlog = {}\n";
    let kernel = Kernel::start(&["log"], &config);
    assert_eq!(kernel.get("/test/log/1").status, 204);
}
