//! Plugins in other languages, made by those languages' own tools with nothing left out of their runtimes: the sources are
//! in `kernel/tests/stock`, and docs/languages.md is about them.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

use serde_json::json;

use crate::fetch::Outside;
use crate::kernel::{Kernel, wait_until};

#[test]
fn a_plugin_in_python_answers_and_uses_its_capabilities() {
    let grant = "grant = { http = {}, wasi = {}, log = {}, settings = {}, sql = { modes = [\"own\"] } }";
    let more = "settings = { greeting = \"Salve\" }\nlimits = { memory = \"256MiB\" }";
    let kernel = Kernel::start(&["stock-python"], &format!("[plugins.notes]\n{grant}\n{more}"));
    let empty = kernel.get("/notes/all").ok();
    assert_eq!((&empty["greeting"], &empty["notes"]), (&json!("Salve"), &json!([])));
    kernel.wait_for_log("\"level\":\"INFO\",\"message\":\"GET /notes/all\",\"plugin\":\"notes\"");
    kernel.wait_for_log("\"level\":\"WARN\",\"message\":\"there is nothing\",\"plugin\":\"notes\"");
    let receipts: Vec<_> = ["one", "two", "sténo"]
        .into_iter()
        .map(|text| {
            let added = kernel.post("/notes/all", &json!({ "text": text }));
            assert_eq!(added.status, 201, "{}", added.text());
            added.json()["receipt"].as_str().expect("a receipt").to_owned()
        })
        .collect();
    assert!(receipts[0] != receipts[1] && receipts[1] != receipts[2], "no randomness of the build's: {receipts:?}");
    kernel.wait_for_log("a note was added");
    assert_eq!(kernel.get("/notes/all?like=three").ok()["notes"], json!([]));
    assert_eq!(kernel.get("/notes/all?like=st%C3%A9").ok()["notes"], json!(["sténo"]));
    assert_eq!(kernel.get("/notes/all?year=0").ok()["year"].as_u64().map(|year| year > 2025), Some(true));
    kernel.ask("DELETE", "/notes/all", &[], b"").refuses(405, "http.method-not-allowed");
    let idle = || kernel.metric("basalt_plugin_idle_instances{plugin=\"notes\"}");
    assert_eq!(idle(), 1, "an instance is used again");
    kernel.post("/notes/all", &json!({})).refuses(500, "plugin.trap");
    kernel.wait_for_log("KeyError: 'text'");
    assert_eq!(kernel.get("/notes/all").status, 200);
}

/// The manifest names it: a port of each run's own would have the component compiled in each run.
const PORT: u16 = 17907;

/// Another run of these tests may have it for a moment.
fn outside() -> Outside {
    let mut listener = None;
    wait_until("the port is free", || {
        listener = TcpListener::bind(("127.0.0.1", PORT)).ok();
        listener.is_some()
    });
    Outside::on(listener.expect("bound"), repeat)
}

fn repeat(request: &str, stream: &mut TcpStream) -> bool {
    let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
    let text = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nheard {body}", body.len() + 6);
    stream.write_all(text.as_bytes()).is_ok()
}

#[test]
fn a_component_of_wasi_http_in_javascript_is_mounted_like_any_handler() {
    let outside = outside();
    let grant = format!("grant = {{ http = {{}}, wasi = {{}}, fetch = {{ hosts = [{:?}] }} }}", outside.url(""));
    let kernel = Kernel::start(&["stock-js"], &format!("[plugins.relay]\n{grant}"));
    let headers = [("x-mine", "1"), ("x-basalt-role", "service_role")];
    let answer = kernel.ask("POST", "/relay/a%20b?c=d&e", &headers, b"content");
    assert_eq!((answer.status, answer.header("x-made-by")), (203, "javascript"));
    let told = answer.json();
    assert_eq!(told["path"], "/relay/a%20b");
    assert_eq!((&told["query"], &told["body"]), (&json!({ "c": "d", "e": "" }), &json!("content")));
    assert_eq!((&told["role"], &told["mount"], &told["mine"]), (&json!("anon"), &json!("/relay"), &json!("1")));
    assert_ne!(told["unlike"], kernel.ask("POST", "/relay/a", &[], b"").json()["unlike"]);
    kernel.wait_for_log("\"level\":\"INFO\",\"message\":\"POST /relay/a%20b\",\"plugin\":\"relay\"");
    let from = format!("/relay/x?from={}", outside.url("/page"));
    assert_eq!(kernel.get(&from).json(), json!({ "status": 200, "body": "heard " }));
    assert_eq!(kernel.ask("POST", &from, &[], b"this").json(), json!({ "status": 200, "body": "heard this" }));
    let seen = outside.seen();
    assert!(seen.iter().all(|request| request.contains("x-relayed: yes\r\n")), "{seen:?}");
    let refused = kernel.get("/relay/x?from=http://127.0.0.1:1/");
    assert_eq!(refused.status, 502, "{}", refused.text());
    kernel.wait_for_log("fetch.not-granted: the plugin was not granted http://127.0.0.1:1");
    kernel.wait_for_log("no answer: TypeError");
    assert_eq!(outside.seen().len(), 2);
}

/// Whoever copies from the page has what is tested here.
#[test]
fn the_page_shows_these_very_sources() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("../docs/languages.md")).expect("the page");
    for file in [
        "python/world.wit",
        "python/app.py",
        "python/plugin.toml",
        "python/migrations/0001_note.sql",
        "js/app.js",
        "js/world.wit",
        "js/build.mjs",
    ] {
        let source = std::fs::read_to_string(root.join("tests/stock").join(file)).expect(file);
        assert!(page.contains(source.trim_end()), "docs/languages.md shows another {file}");
    }
}
