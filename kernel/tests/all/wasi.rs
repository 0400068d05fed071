//! `wasi`: a component that expects an ordinary system finds an empty one, and cannot get more of the kernel than others.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::fetch::{Outside, hello};
use crate::kernel::{Answer, Kernel, Setup, wait_until};

/// A kernel with the fixture, which may ask these servers.
fn kernel(hosts: &[&Outside], limits: &str) -> Kernel {
    let hosts: Vec<_> = hosts.iter().map(|outside| outside.url("")).collect();
    let grant = format!("grant = {{ http = {{}}, wasi = {{}}, fetch = {{ hosts = {hosts:?} }} }}");
    let setup = Setup::new(&[], &format!("[plugins.trying]\n{grant}\nlimits = {{ {limits} }}"));
    let route = "[[route]]\nname = \"try\"\npath = \"/{what}\"\nmounts = [\"/wasi\"]\n";
    setup.variant("wasi", "trying", &format!("{route}[want.http]\n[want.wasi]\n[want.fetch]\nhosts = {hosts:?}\n"));
    setup.start()
}

fn attempt(kernel: &Kernel, what: &str) -> Answer {
    kernel.get(&format!("/wasi/{what}"))
}

fn text(kernel: &Kernel, what: &str) -> String {
    let answer = attempt(kernel, what);
    assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    answer.text()
}

#[test]
fn the_sandbox_is_empty_and_has_a_clock_and_random_bytes() {
    let kernel = kernel(&[], "");
    assert_eq!(text(&kernel, "environment"), "[] [] None false");
    assert_eq!(text(&kernel, "files"), "0");
    assert_eq!(text(&kernel, "stdin"), "Err(StreamError::Closed)");
    for socket in ["tcp", "udp"] {
        assert!(text(&kernel, socket).contains("access-denied"), "{socket}");
    }
    assert!(text(&kernel, "dns").contains("permanent-resolver-failure"));
    let clock = text(&kernel, "clock");
    let seconds: u64 = clock.split(' ').next().and_then(|seconds| seconds.parse().ok()).expect("a number");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    assert!(now.abs_diff(seconds) < 60, "{clock}");
    assert_ne!(text(&kernel, "random?100"), text(&kernel, "random?100"));
    assert_eq!(text(&kernel, "insecure?65536"), "65536");
    for many in ["random?65537", "insecure?65537", "random?18446744073709551615"] {
        attempt(&kernel, many).refuses(500, "plugin.trap");
    }
    assert_eq!(text(&kernel, "nap"), "slept");
}

#[test]
fn a_request_comes_as_the_client_sent_it_with_who_is_calling_and_no_token() {
    let kernel = kernel(&[], "");
    let bearer = kernel.bearer("authenticated", "6f1f8a3e-2f0c-4a3c-9d5e-0d6f6c1b2a3d");
    let headers = [("authorization", &*bearer), ("cookie", "a=b"), ("x-mine", "1"), ("x-basalt-role", "service_role")];
    let answer = kernel.ask("POST", "/wasi/echo?a=%20b&c", &headers, b"content");
    let told = answer.text();
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain"));
    assert!(told.starts_with("POST /wasi/echo?a=%20b&c\n") && told.ends_with("\n\ncontent"), "{told}");
    for line in [
        "x-mine: 1",
        "x-basalt-role: authenticated",
        "x-basalt-authenticated: true",
        "x-basalt-route: try",
        "x-basalt-mount: /wasi",
    ] {
        assert!(told.lines().any(|told| told == line), "{line} is not in {told}");
    }
    assert!(!told.contains("Bearer") && !told.contains("cookie") && !told.contains("service_role"), "{told}");
    assert!(text(&kernel, "echo").contains("x-basalt-role: anon\nx-basalt-authenticated: false"));
}

#[test]
fn what_it_prints_is_in_the_log_line_by_line() {
    let kernel = kernel(&[], "log_lines = 5");
    kernel.ask("GET", "/wasi/print?3", &[("x-request-id", "the-one")], b"");
    kernel.wait_for_log("no end");
    let logged = kernel.log.lock().clone();
    let lines: Vec<serde_json::Value> = logged.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let lines: Vec<_> =
        lines.iter().filter(|line| line["request_id"] == "the-one" && line["target"] == "plugin").collect();
    let told: Vec<_> = lines.iter().map(|line| (line["level"].as_str(), line["message"].as_str())).collect();
    let line = |number| format!("line {number} to \\u{{1b}}[2Jsee");
    let [first, second, third] = [line(0), line(1), line(2)];
    let expected = [("INFO", &*first), ("INFO", &second), ("INFO", &third), ("WARN", "no end")];
    assert_eq!(told, expected.map(|(level, message)| (Some(level), Some(message))));
    assert!(lines.iter().all(|line| line["plugin"] == "trying"));
    kernel.get("/wasi/print?30");
    kernel.wait_for_log("\"dropped\":26");
}

#[test]
fn output_without_an_end_ends_with_the_call() {
    let kernel = kernel(&[], "deadline = \"300ms\", log_lines = 3");
    attempt(&kernel, "endless").refuses(504, "plugin.timeout");
    kernel.wait_for_log("the plugin logged more lines than one call may");
    assert_eq!(kernel.log.lock().matches("\"message\":\"zzzz").count(), 3);
    assert_eq!(text(&kernel, "files"), "0");
}

#[test]
fn an_exit_fails_the_call_and_nothing_else() {
    let kernel = kernel(&[], "");
    for way in ["exit", "exit?well"] {
        let answer = attempt(&kernel, way);
        answer.refuses(500, "plugin.trap");
        assert!(answer.text().contains("the plugin ended itself"), "{}", answer.text());
    }
    kernel.wait_for_log("good bye");
    assert_eq!(text(&kernel, "files"), "0");
}

#[test]
fn waiting_ends_with_the_deadline() {
    let kernel = kernel(&[], "deadline = \"300ms\"");
    for way in ["sleep?3600", "spin"] {
        let started = Instant::now();
        attempt(&kernel, way).refuses(504, "plugin.timeout");
        assert!(started.elapsed() < Duration::from_secs(5), "{way}");
    }
    wait_until("what failed is gone", || kernel.metric("basalt_plugin_instances{plugin=\"trying\"}") == 0);
    assert_eq!(text(&kernel, "nap"), "slept");
}

#[test]
fn handles_are_counted_and_an_instance_that_keeps_them_is_not_used_again() {
    let kernel = kernel(&[], "");
    let idle = || kernel.metric("basalt_plugin_idle_instances{plugin=\"trying\"}");
    for many in ["pollables?5000", "streams?5000", "fields?5000"] {
        attempt(&kernel, many).refuses(500, "plugin.trap");
    }
    assert_eq!((text(&kernel, "files"), idle()), ("0".to_owned(), 1));
    assert_eq!((text(&kernel, "streams?3"), idle()), ("kept".to_owned(), 1), "as every program does");
    for leftover in ["streams?20", "pollables?1", "fields?1"] {
        assert_eq!((text(&kernel, leftover), idle()), ("kept".to_owned(), 0), "{leftover}");
    }
    assert_eq!(text(&kernel, "words"), "Err(()) Err(()) Ok(())", "no word is kept that is megabytes long");
}

#[test]
fn an_answer_is_whole_or_none() {
    let kernel = kernel(&[], "response = \"64KiB\"");
    for half in ["nothing", "leave", "open"] {
        attempt(&kernel, half).refuses(500, "plugin.bad-response");
    }
    attempt(&kernel, "large").refuses(500, "plugin.response-too-large");
    assert_eq!(text(&kernel, "files"), "0");
}

#[test]
fn it_asks_the_servers_that_were_granted_and_no_others() {
    let (outside, other) = (Outside::start(hello), Outside::start(hello));
    let kernel = kernel(&[&outside], "");
    let (port, refused) = (outside.port, "ErrorCode::HttpRequestDenied");
    assert_eq!(text(&kernel, &format!("fetch?127.0.0.1:{port}/a?b")), "200 hello");
    assert!(outside.seen()[0].starts_with("POST /a?b HTTP/1.1\r\n"), "{:?}", outside.seen());
    for place in [
        format!("127.0.0.1:{}", other.port),
        format!("localhost:{port}"),
        format!("127.0.0.2:{port}"),
        "169.254.169.254/latest".to_owned(),
        "example.com".to_owned(),
    ] {
        assert_eq!(text(&kernel, &format!("fetch?{place}")), refused, "{place}");
    }
    kernel.wait_for_log("fetch.not-granted: the plugin was not granted http://169.254.169.254");
    assert_eq!((outside.seen().len(), other.seen().len()), (1, 0));
    assert_eq!(kernel.metric("basalt_plugin_fetches_total{plugin=\"trying\"}"), 6);
}

#[test]
fn asking_costs_what_fetch_costs() {
    let outside = Outside::start(hello);
    let kernel = kernel(&[&outside], "fetches = 3, fetch_bytes = \"32KiB\"");
    let port = outside.port;
    let flooded = text(&kernel, &format!("flood?127.0.0.1:{port}/"));
    assert_eq!(flooded.matches("200 hello").count(), 3, "{flooded}");
    assert!(flooded.contains("fetch.too-many"), "{flooded}");
    let sent = text(&kernel, &format!("send?127.0.0.1:{port}/"));
    assert!(sent.contains("fetch.too-many"), "{sent}");
    assert_eq!(outside.seen().len(), 3, "a request whose rest is refused is not sent");
}

#[test]
fn half_a_request_is_not_sent() {
    let outside = Outside::start(hello);
    let kernel = kernel(&[&outside], "");
    // Fewer than open the breaker.
    for _ in 0..10 {
        let answer = attempt(&kernel, &format!("half?127.0.0.1:{}", outside.port));
        assert!(answer.text().contains("the plugin ended itself"), "{}", answer.text());
    }
    assert_eq!(text(&kernel, &format!("fetch?127.0.0.1:{}/", outside.port)), "200 hello");
    assert_eq!(outside.seen().len(), 1, "{:?}", outside.seen());
}

/// Writes without an end.
fn pour(_: &str, stream: &mut TcpStream) -> bool {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    while stream.write_all(&[b'x'; 64 << 10]).is_ok() {}
    false
}

/// Takes the request, and says nothing.
fn hush(_: &str, stream: &mut TcpStream) -> bool {
    let _ = stream.read(&mut [0; 1024]);
    false
}

#[test]
fn no_server_keeps_it_longer_or_gives_it_more_than_the_limits() {
    let (endless, silent) = (Outside::start(pour), Outside::start(hush));
    let kernel = kernel(&[&endless, &silent], "deadline = \"1s\", fetch_response = \"1MiB\"");
    let poured = text(&kernel, &format!("fetch?127.0.0.1:{}/", endless.port));
    assert!(poured.starts_with("ErrorCode::HttpResponseBodySize"), "{poured}");
    let hushed = text(&kernel, &format!("fetch?127.0.0.1:{}/", silent.port));
    assert_eq!(hushed, "ErrorCode::HttpResponseTimeout");
    wait_until("what was held is given back", || {
        let instances = kernel.metric("basalt_plugin_instances{plugin=\"trying\"}");
        let memory = kernel.metric("basalt_host_memory_bytes");
        memory <= instances * (4 << 20)
    });
}

#[test]
fn what_is_not_wanted_is_refused_before_it_runs() {
    let route = "[[route]]\nname = \"try\"\npath = \"/{what}\"\nmounts = [\"/wasi\"]\n[want.http]\n";
    for (id, wants, missing) in [
        ("one", "", "imports the capability \\\"wasi\\\", which its manifest does not ask for"),
        ("two", "[want.wasi]\n", "imports the capability \\\"fetch\\\", which its manifest does not ask for"),
    ] {
        let setup = Setup::new(&[], &format!("[plugins.{id}]\ngrant = {{ http = {{}}, wasi = {{}} }}"));
        setup.variant("wasi", id, &format!("{route}{wants}"));
        let kernel = setup.start();
        kernel.wait_for_log(missing);
        kernel.get("/wasi/files").refuses(503, "plugin.unavailable");
    }
    let setup = Setup::new(&[], "[plugins.three]\ngrant = { http = {}, fetch = { hosts = [] } }");
    setup.variant("wasi", "three", &format!("{route}[want.wasi]\n[want.fetch]\nhosts = []\n"));
    let kernel = setup.start();
    kernel.wait_for_log("be a WASI program, with a clock, random bytes and the log: no files, no sockets");
    kernel.get("/wasi/files").refuses(503, "plugin.unavailable");
}
