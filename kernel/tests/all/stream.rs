//! Answers that are sent while they are made: whole or visibly broken off, at the client's pace, and never for nobody.

use std::io::Read;
use std::time::{Duration, Instant};

use crate::kernel::variant::packed;
use crate::kernel::{Kernel, Setup, wait_until};
use crate::wire::Wire;

const GRANT: &str = "[plugins.test-stream]\ngrant = { http = {}, log = {} }\n";

fn kernel(limits: &str) -> Kernel {
    Kernel::start(&["stream"], &format!("{GRANT}limits = {{ {limits} }}\n"))
}

fn get(path: &str) -> String {
    format!("GET /test/stream/{path} HTTP/1.1\r\nhost: a\r\nx-request-id: {}\r\n\r\n", id(path))
}

/// A request's id, so that its lines are found in the log.
fn id(path: &str) -> String {
    format!("id-{}", path.replace('?', "-"))
}

/// The outcome of a stream, as the log has it.
fn outcome(kernel: &Kernel, path: &str) -> serde_json::Value {
    let id = format!("\"request_id\":\"{}\"", id(path));
    let find = || {
        let log = kernel.log.lock();
        let ended =
            |line: &&str| line.contains(&id) && (line.contains("\"streamed\"") || line.contains("\"broken off\""));
        log.lines().find(ended).map(|line| serde_json::from_str(line).expect("JSON"))
    };
    let mut found = None;
    wait_until(&format!("the stream of {path} has ended"), || {
        found = find();
        found.is_some()
    });
    found.expect("found")
}

fn code(kernel: &Kernel, path: &str) -> String {
    outcome(kernel, path)["code"].as_str().unwrap_or_default().to_owned()
}

/// Nothing is left of the streams that there were.
fn settled(kernel: &Kernel) {
    let series = ["basalt_http_streams ", "basalt_http_requests_in_flight "];
    wait_until("nothing streams", || series.iter().all(|series| kernel.metric(series) == 0));
    let instances = |kind: &str| kernel.metric(&format!("basalt_plugin_{kind}{{plugin=\"test-stream\"}}"));
    wait_until("no instance is busy", || {
        // Read at different moments: equal twice is no accident.
        instances("instances") == instances("idle_instances")
    });
}

#[test]
fn an_answer_in_pieces_is_one_answer() {
    let kernel = kernel("");
    let rows = kernel.get("/test/stream/rows?200000");
    assert_eq!((rows.status, rows.header("content-type")), (200, "text/csv; charset=utf-8"));
    assert_eq!(rows.header("transfer-encoding"), "chunked");
    assert!(rows.header("x-request-id").len() > 10 && rows.header("x-content-type-options") == "nosniff");
    let text = rows.text();
    assert_eq!((text.lines().count(), text.lines().last()), (200_001, Some("200000,40000000000")));
    let wrapped = kernel.ask("POST", "/test/stream/bodies", &[], &[b'x'; 200_000]);
    assert_eq!((wrapped.status, wrapped.body.len(), wrapped.body[0]), (201, 200_002, b'['));
    assert_eq!(kernel.get("/test/stream/answer").text(), "at once", "who can stream need not");
    assert_eq!(kernel.get("/test/stream/twice").text(), "stream.refused");
    assert!(kernel.metric("basalt_http_stream_bytes_total{route=\"test-stream:main\"}") > 2_000_000);
    settled(&kernel);
}

#[test]
fn before_the_head_a_failure_is_an_answer() {
    let kernel = kernel("");
    kernel.get("/test/stream/before").refuses(500, "test.before");
    kernel.get("/test/stream/header").refuses(400, "http.invalid");
    // Nothing was sent yet when these failed.
    kernel.get("/test/stream/after").refuses(500, "test.after");
    kernel.get("/test/stream/dropped").refuses(500, "stream.unfinished");
    kernel.get("/test/stream/kept").refuses(500, "stream.unfinished");
    settled(&kernel);
}

#[test]
fn after_the_head_a_failure_breaks_the_content_off() {
    let kernel = kernel("fuel = 200_000_000, stream_bytes = \"1MiB\"");
    for (path, expected) in [
        ("late", "problem"),
        ("trap", "plugin.trap"),
        ("compute", "plugin.out-of-fuel"),
        ("endless", "stream.too-large"),
    ] {
        let mut wire = Wire::open(&kernel);
        let head = wire.ask(&get(path));
        assert_eq!(head.status, 200, "{path}: {}", head.head);
        let rest = wire.rest();
        assert!(rest.windows(6).any(|bytes| bytes == b"begun\n"), "{path}");
        assert!(!rest.ends_with(b"0\r\n\r\n"), "{path} looks whole");
        assert_eq!(code(&kernel, path), expected, "{path}");
    }
    settled(&kernel);
}

#[test]
fn the_time_from_piece_to_piece_and_that_of_all_are_limited() {
    let kernel = kernel("deadline = \"300ms\", stream_time = \"900ms\"");
    let started = Instant::now();
    for path in ["sleep", "events"] {
        let mut wire = Wire::open(&kernel);
        assert_eq!(wire.ask(&get(path)).status, 200);
        assert!(!wire.rest().ends_with(b"0\r\n\r\n"), "{path}");
        assert_eq!(code(&kernel, path), "plugin.timeout", "{path}");
    }
    // Each piece begins the time anew, but not that of all.
    let mut wire = Wire::open(&kernel);
    assert_eq!(wire.ask(&get("endless")).status, 200);
    wire.rest();
    assert_eq!(code(&kernel, "endless"), "plugin.timeout");
    assert!(started.elapsed() >= Duration::from_millis(1500));
    settled(&kernel);
}

#[test]
fn a_client_that_leaves_ends_the_plugin() {
    let kernel = kernel("fuel = 1_000_000_000_000");
    for path in ["endless", "sleep", "stubborn"] {
        let mut wire = Wire::open(&kernel);
        assert_eq!(wire.ask(&get(path)).status, 200);
        wire.leave();
        assert_eq!(code(&kernel, path), "stream.gone", "{path}");
    }
    kernel.wait_for_log("left with stream.gone");
    settled(&kernel);
    assert!(kernel.metric("basalt_plugin_calls_total{outcome=\"stream.gone\",plugin=\"test-stream\"}") >= 2);
}

#[test]
fn a_client_that_reads_nothing_is_waited_for_and_then_given_up() {
    let kernel = kernel("deadline = \"200ms\", stream_stall = \"700ms\"");
    let (mut wire, started) = (Wire::open(&kernel), Instant::now());
    wire.send(get("endless"));
    assert_eq!(code(&kernel, "endless"), "stream.gone");
    assert!(started.elapsed() >= Duration::from_millis(700), "not the plugin's time");
    settled(&kernel);
}

#[test]
fn a_head_alone_is_no_stream() {
    let kernel = kernel("");
    let head = kernel.ask("HEAD", "/test/stream/endless", &[], b"");
    assert_eq!((head.status, head.header("x-kept"), head.body.len()), (200, "1", 0));
    kernel.wait_for_log("left with stream.gone");
    let old = Wire::open(&kernel).ask("GET /test/stream/rows HTTP/1.0\r\n\r\n");
    assert_eq!(old.status, 400, "its end could not be told from a breaking off: {}", old.head);
    settled(&kernel);
}

#[test]
fn streams_have_places_of_their_own() {
    let kernel = kernel("streams = 2");
    let mut open: Vec<_> = (0..2).map(|_| Wire::open(&kernel)).collect();
    for wire in &mut open {
        assert_eq!(wire.ask(&get("events")).status, 200);
    }
    let refused = kernel.get("/test/stream/events");
    refused.refuses(503, "stream.busy");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(kernel.get("/test/stream/answer").status, 200, "other calls have room");
    open.pop();
    wait_until("a place is free", || {
        let mut wire = Wire::open(&kernel);
        wire.ask(&get("rows")).status == 200
    });
    drop(open);
    settled(&kernel);
}

#[test]
fn events_arrive_one_by_one_and_are_not_compressed() {
    let kernel = kernel("");
    let mut wire = Wire::open(&kernel);
    let head =
        wire.ask(&get("events").replacen("host: a", "host: a\r\naccept-encoding: gzip, br\r\nlast-event-id: 6", 1));
    assert!(head.head.contains("content-type: text/event-stream"), "{}", head.head);
    assert!(!head.head.contains("content-encoding"), "{}", head.head);
    assert_eq!(wire.chunk(), b"id: 7\ndata: number 7\n\n");
    assert_eq!(wire.chunk(), b"id: 8\ndata: number 8\n\n");
}

#[test]
fn what_is_compressed_is_streamed_too() {
    let kernel = kernel("");
    let answer = kernel.ask("GET", "/test/stream/rows?100000", &[("accept-encoding", "gzip")], b"");
    assert_eq!(answer.header("content-encoding"), "gzip");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&*answer.body).read_to_string(&mut text).expect("gzip");
    assert_eq!(text.lines().count(), 100_001);
    // The first piece is there while the plugin still waits.
    let mut wire = Wire::open(&kernel);
    wire.ask(&get("sleep").replacen("host: a", "host: a\r\naccept-encoding: gzip", 1));
    let mut first = String::new();
    let _ = flate2::read::GzDecoder::new(&*wire.chunk()).read_to_string(&mut first);
    assert_eq!(first, "begun\n");
    // What is broken off is so when it is compressed.
    let mut wire = Wire::open(&kernel);
    wire.ask(&get("trap").replacen("host: a", "host: a\r\naccept-encoding: br", 1));
    assert!(!wire.rest().ends_with(b"0\r\n\r\n"));
}

#[test]
fn a_stop_ends_events_in_order_and_waits_for_the_rest() {
    let kernel = kernel("");
    let mut events = Wire::open(&kernel);
    assert_eq!(events.ask(&get("events")).status, 200);
    events.chunk();
    let mut file = Wire::open(&kernel);
    file.send(get("rows?300000"));
    kernel.wait_for_requests(2);
    kernel.signal("TERM");
    let rest = String::from_utf8(events.rest()).expect("text");
    assert!(rest.ends_with("0\r\n\r\n"), "whole: {rest}");
    assert!(file.rest().ends_with(b"0\r\n\r\n"), "whole, for it did not have to wait");
    kernel.stop();
}

#[test]
fn a_filter_sees_the_head_and_not_the_content() {
    let config = format!("{GRANT}[plugins.test-filter.grant]\nhttp = {{ filter = [\"/test/stream\"] }}\n");
    let setup = Setup::new(&["stream"], &config);
    setup.variant(
        "filter",
        "test-filter",
        "[filter]\nphases = [\"after\"]\nmounts = [\"/test/stream\"]\n[want.http]\nfilter = true\n",
    );
    let kernel = setup.start();
    let rows = kernel.get("/test/stream/rows?3");
    assert_eq!((rows.status, rows.text().lines().count()), (200, 4));
    assert_eq!((rows.header("x-back"), rows.header("x-digest")), ("inner", ""), "a stream has no digest");
    let ask = |what: &str| kernel.ask("GET", "/test/stream/rows", &[("x-filter", what)], b"");
    assert_eq!(ask("replace").text(), "replaced", "and whoever wrote in vain ends");
    ask("wrap").refuses(500, "plugin.trap");
    settled(&kernel);
}

#[test]
fn a_plugin_that_asks_gets_a_streamed_answer_whole() {
    let config = format!(
        "{GRANT}[plugins.asker]\ngrant.http = {{}}\ngrant.dispatch.routes = [\"GET /test/stream/{{what}}\"]\n\
         limits = {{ host_memory = \"1MiB\", deadline = \"2s\" }}\n"
    );
    let setup = Setup::new(&["stream"], &config);
    let route = "[[route]]\nname = \"main\"\npath = \"/\"\nmounts = [\"/test/asker\"]\n";
    let want = "[want.http]\n[want.dispatch]\nroutes = [\"GET /test/stream/{what}\"]\n";
    setup.variant("dispatch", "asker", &format!("{route}{want}"));
    let kernel = setup.start();
    let ask = |target: &str| {
        let order = serde_json::json!({ "method": "GET", "target": format!("/test/stream/{target}") });
        kernel.post("/test/asker/", &order).ok()
    };
    assert_eq!(ask("rows?3")["body"], "id,square\n1,1\n2,4\n3,9\n");
    assert_eq!(ask("late")["problem"], "test.late");
    assert_eq!(ask("endless")["problem"], "plugin.out-of-memory");
    assert_eq!(ask("sleep")["problem"], "plugin.timeout");
    settled(&kernel);
}

#[test]
fn a_swap_lets_a_stream_go_on_and_nobody_answers_in_the_place_of_a_broken_one() {
    let kernel = Kernel::start(&[], "");
    let install = |version: &str| {
        let manifest = include_str!("../guest/stream/plugin.toml").replace("version = \"0.1.0\"", version);
        let file = packed("stream", &manifest);
        let answer = kernel.operate("POST", "plugins", &file);
        let seal =
            (answer.status == 409).then(|| answer.json()["details"]["seal"].as_str().map(str::to_owned)).flatten();
        match seal {
            Some(seal) => kernel.operate("POST", &format!("plugins?approve={seal}"), &file).ok(),
            None => answer.ok(),
        }
    };
    install("version = \"1.0.0\"");
    let mut events = Wire::open(&kernel);
    assert_eq!(events.ask(&get("events")).status, 200);
    install("version = \"2.0.0\"");
    let mut wire = Wire::open(&kernel);
    assert_eq!(wire.ask(&get("trap")).status, 200);
    let rest = wire.rest();
    assert_eq!(rest.windows(5).filter(|bytes| bytes == b"begun").count(), 1, "the version before did not begin again");
    assert_eq!(code(&kernel, "trap"), "plugin.trap");
    wait_until("one crash has taken the new version back", || {
        kernel.get("/test/stream/answer").status == 200
            && kernel.operate("GET", "plugins/test-stream", b"").json()["version"] == "1.0.0"
    });
    for number in 1..4 {
        assert_eq!(events.chunk(), format!("id: {number}\ndata: number {number}\n\n").as_bytes());
    }
}

#[test]
fn the_example_of_the_documentation_is_the_one_that_is_tested() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).expect("a file");
    let code = read("tests/guest/stream/src/events.rs");
    let code = code.split_once("\n\n").expect("a head").1;
    assert!(read("../docs/plugins.md").contains(code), "docs/plugins.md has another example");
}
