//! Requests whose body is read as it arrives: at the plugin's pace, within its limits, and of no more memory than a piece.

use std::time::Duration;

use crate::kernel::{Kernel, Setup, wait_until};
use crate::wire::Wire;

const GRANT: &str = "[plugins.test-stream]\ngrant = { http = {}, log = {} }\n";

fn kernel(server: &str, limits: &str) -> Kernel {
    Kernel::start(&["stream"], &format!("[server]\n{server}\n{GRANT}limits = {{ {limits} }}\n"))
}

fn post(what: &str, framing: &str) -> String {
    format!("POST /test/stream/in/{what} HTTP/1.1\r\nhost: a\r\n{framing}\r\n\r\n")
}

const CHUNKED: &str = "transfer-encoding: chunked";

fn chunk(content: &str) -> String {
    format!("{:x}\r\n{content}\r\n", content.len())
}

fn settled(kernel: &Kernel) {
    wait_until("nothing goes on", || kernel.metric("basalt_http_requests_in_flight ") == 0);
    let instances = |kind: &str| kernel.metric(&format!("basalt_plugin_{kind}{{plugin=\"test-stream\"}}"));
    wait_until("no instance is busy", || instances("instances") == instances("idle_instances"));
}

/// Resident, in MiB.
fn memory(kernel: &Kernel) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", kernel.pid())).expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") >> 10
}

#[test]
fn a_hundred_megabytes_pass_through_little_memory() {
    let kernel = kernel("", "");
    let send = |megabytes: usize| {
        let mut wire = Wire::open(&kernel);
        wire.send(post("count", &format!("content-length: {}", megabytes << 20)));
        let piece = vec![b'x'; 1 << 20];
        (0..megabytes).for_each(|_| wire.send(&piece));
        String::from_utf8(wire.answer(false).body).expect("text")
    };
    assert_eq!(send(1), "1048576");
    let before = memory(&kernel);
    assert_eq!(send(120), (120 << 20).to_string());
    let grown = memory(&kernel).saturating_sub(before);
    assert!(grown < 32, "{grown} MiB more for 120 MiB");
    settled(&kernel);
}

#[test]
fn what_is_over_the_limit_is_refused_as_soon_as_that_is_known() {
    let kernel = kernel("", "stream_bytes = \"1MiB\"");
    let mut wire = Wire::open(&kernel);
    let refused = wire.ask(&post("count", "expect: 100-continue\r\ncontent-length: 1048577"));
    assert_eq!(refused.status, 413, "without a byte of it: {}", refused.head);
    let mut wire = Wire::open(&kernel);
    wire.send(post("count", CHUNKED));
    let piece = chunk(&"x".repeat(64 << 10));
    (0..17).for_each(|_| wire.send(&piece));
    let refused = wire.answer(false);
    assert_eq!(refused.status, 413, "the end of it was not waited for: {}", refused.head);
    assert!(String::from_utf8_lossy(&refused.body).contains("http.body-too-large"));
    kernel.wait_for_log("larger bodies");
    settled(&kernel);
}

#[test]
fn a_client_that_asks_is_told_to_send_when_the_plugin_reads() {
    let kernel = kernel("", "");
    let mut wire = Wire::open(&kernel);
    assert_eq!(wire.ask(&post("count", "expect: 100-continue\r\ncontent-length: 4")).status, 100);
    assert_eq!(wire.ask("four").body, b"4");
    let mut wire = Wire::open(&kernel);
    let unread = wire.ask(&post("nothing", "expect: 100-continue\r\ncontent-length: 4"));
    assert_eq!((unread.status, unread.body.as_slice()), (200, &b"unread"[..]));
    let mut wire = Wire::open(&kernel);
    wire.send(post("nothing", "content-length: 5000000"));
    wire.send(vec![b'x'; 5_000_000]);
    assert_eq!(wire.answer(false).body, b"unread", "who was not asked can read why, however much it sends");
    settled(&kernel);
}

#[test]
fn a_client_that_stalls_or_leaves_ends_its_call() {
    let kernel = kernel("body_timeout = \"500ms\"", "deadline = \"200ms\"");
    let mut wire = Wire::open(&kernel);
    wire.send(post("count", "content-length: 100"));
    wire.send("half of it");
    let refused = wire.answer(false);
    assert_eq!(refused.status, 408, "{}", refused.head);
    assert!(String::from_utf8_lossy(&refused.body).contains("http.body-timeout"), "not the plugin's time");
    let mut wire = Wire::open(&kernel);
    wire.send(post("count", "content-length: 100"));
    kernel.wait_for_requests(1);
    wire.leave();
    settled(&kernel);
}

#[test]
fn all_of_it_has_a_time_however_steadily_it_arrives() {
    let kernel = kernel("", "stream_time = \"700ms\"");
    let mut wire = Wire::open(&kernel);
    wire.send(post("count", CHUNKED));
    let answered = wire.drip(&chunk("x"), Duration::from_millis(50));
    assert_eq!(answered.status, 504, "{}", answered.head);
    settled(&kernel);
}

#[test]
fn both_directions_stream_at_once() {
    let kernel = kernel("", "");
    let mut wire = Wire::open(&kernel);
    let head = wire.ask(&post("pipe", CHUNKED));
    assert_eq!(head.status, 200);
    for content in ["one", "two", "three"] {
        wire.send(chunk(content));
        assert_eq!(wire.chunk(), content.as_bytes());
    }
    wire.send("0\r\n\r\n");
    assert_eq!(wire.rest(), b"0\r\n\r\n");
    settled(&kernel);
}

#[test]
fn who_needs_the_whole_gets_it_within_the_memory_of_a_call() {
    let kernel = kernel("", "host_memory = \"2MiB\"");
    let ask = |what: &str, body: &[u8]| kernel.ask("POST", &format!("/test/stream/in/{what}"), &[], body);
    assert_eq!(ask("pass", b"handed on").text(), "handed on");
    assert_eq!(ask("concat", b"between").text(), "<between>");
    assert_eq!(ask("whole", &[b'x'; 500_000]).text(), "None 500000 Some(500000)");
    assert_eq!(ask("lines", b"a\nb\nc\n").text(), "3");
    assert_eq!(ask("part", b"twice and more").text(), "twic body.streamed");
    ask("whole", &vec![b'x'; 1_500_000]).refuses(413, "body.too-large");
    ask("pass", &vec![b'x'; 3_000_000]).refuses(500, "plugin.out-of-memory");
    ask("concat", &vec![b'x'; 3_000_000]).refuses(500, "plugin.trap");
    assert_eq!(kernel.get("/test/stream/in/count").text(), "4", "none is an ordinary body");
    settled(&kernel);
}

#[test]
fn uploads_share_the_places_of_streams() {
    let kernel = kernel("", "streams = 1");
    let mut first = Wire::open(&kernel);
    first.send(post("count", "content-length: 8"));
    first.send("four");
    wait_until("the first has the place", || kernel.ask("POST", "/test/stream/in/count", &[], b"x").status == 503);
    kernel.ask("POST", "/test/stream/in/count", &[], b"x").refuses(503, "stream.busy");
    first.send("more");
    assert_eq!(first.answer(false).body, b"8");
    settled(&kernel);
}

#[test]
fn a_filter_does_not_read_what_is_the_handlers() {
    let config = format!("{GRANT}[plugins.test-filter.grant]\nhttp = {{ filter = [\"/test/stream\"] }}\n");
    let setup = Setup::new(&["stream"], &config);
    let filter = "[filter]\nphases = [\"before\"]\nmounts = [\"/test/stream\"]\n[want.http]\nfilter = true\n";
    setup.variant("filter", "test-filter", filter);
    let kernel = setup.start();
    let answer = kernel.ask("POST", "/test/stream/in/count", &[("x-filter", "read")], b"untouched");
    assert_eq!(answer.text(), "9");
    kernel.wait_for_log("answered");
}
