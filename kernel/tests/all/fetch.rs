//! `fetch`: a plugin asks servers outside, those that were named and no others, and no server costs more than the limits say.

mod tls;

use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::kernel::{Kernel, Setup, wait_until};

/// A server outside. It keeps what it was sent: for each request its connection's number and its text.
pub struct Outside {
    pub port: u16,
    seen: Arc<Mutex<Vec<(usize, String)>>>,
}

/// Writes an answer; whether the connection stays.
pub type Answer = fn(request: &str, stream: &mut TcpStream) -> bool;

impl Outside {
    pub fn start(answer: Answer) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").expect("a port"), answer)
    }

    pub fn on(listener: TcpListener, answer: Answer) -> Self {
        let (port, seen) = (listener.local_addr().expect("an address").port(), Arc::default());
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(number, stream, &kept, answer));
            }
        });
        Self { port, seen }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().iter().map(|(_, text)| text.clone()).collect()
    }
}

fn serve(number: usize, mut stream: TcpStream, kept: &Mutex<Vec<(usize, String)>>, answer: Answer) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    while let Some(request) = read(&mut reader) {
        kept.lock().push((number, request.clone()));
        if !answer(&request, &mut stream) {
            return;
        }
    }
}

fn read(reader: &mut impl std::io::BufRead) -> Option<String> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let from = head.len();
        reader.read_line(&mut head).ok().filter(|read| *read > 0)?;
        if let Some(value) = head[from..].to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if &head[from..] == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8_lossy(&body))
}

fn write(stream: &mut TcpStream, head: &str, body: &str) -> bool {
    let text = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(text.as_bytes()).is_ok()
}

pub fn hello(_: &str, stream: &mut TcpStream) -> bool {
    write(stream, "200 OK\r\nx-two: a\r\nx-two: b\r\nconnection: keep-alive", "hello")
}

/// Waits until the other side has gone away.
fn hold(stream: &mut TcpStream) -> bool {
    let _ = stream.read(&mut [0; 1024]);
    false
}

/// A kernel with a plugin that is granted these servers, and this besides.
fn kernel(hosts: &[&Outside], more: &str) -> Kernel {
    let hosts: Vec<_> = hosts.iter().map(|outside| outside.url("")).collect();
    let setup = Setup::new(&[], &section("asking", &hosts, more));
    variant(&setup, "asking", &hosts);
    setup.start()
}

fn section(id: &str, hosts: &[String], more: &str) -> String {
    format!("[plugins.{id}]\ngrant = {{ http = {{}}, fetch = {{ hosts = {hosts:?} }} }}\n{more}")
}

fn variant(setup: &Setup, id: &str, hosts: &[String]) {
    let route = format!("[[route]]\nname = \"ask\"\npath = \"/\"\nmounts = [\"/{id}\"]\n");
    setup.variant("fetch", id, &format!("{route}[want.http]\n[want.fetch]\nhosts = {hosts:?}\n"));
}

fn ask(kernel: &Kernel, order: Value) -> Value {
    kernel.post("/asking/", &order).ok()
}

fn get(kernel: &Kernel, url: &str) -> Value {
    ask(kernel, json!({ "method": "GET", "url": url }))
}

#[test]
fn a_plugin_asks_what_it_was_granted() {
    let outside = Outside::start(hello);
    let kernel = kernel(&[&outside], "");
    let answer = ask(
        &kernel,
        json!({ "method": "POST", "url": outside.url("/a?b=%20c"), "body": "four",
        "headers": [["authorization", "Bearer mine"], ["x-own", "1"], ["host", "evil"], ["content-length", "1"],
            ["transfer-encoding", "chunked"], ["connection", "x-own"], ["upgrade", "h2c"], ["expect", "100-continue"]] }),
    );
    assert_eq!((&answer["status"], &answer["body"]), (&json!(200), &json!("hello")));
    assert_eq!(answer["headers"], json!([["x-two", "a"], ["x-two", "b"], ["content-length", "5"]]));
    let seen = &outside.seen()[0];
    let host = format!("host: 127.0.0.1:{}\r\n", outside.port);
    for part in ["POST /a?b=%20c HTTP/1.1\r\n", "authorization: Bearer mine\r\n", "x-own: 1\r\n", &host] {
        assert!(seen.contains(part), "{part:?} is not in {seen:?}");
    }
    assert!(seen.contains("content-length: 4\r\n") && seen.ends_with("\r\n\r\nfour"), "{seen:?}");
    for name in ["evil", "transfer-encoding", "connection", "upgrade", "expect"] {
        assert!(!seen.contains(name), "{name} is in {seen:?}");
    }
    assert_eq!(kernel.metric("basalt_plugin_fetches_total{plugin=\"asking\"}"), 1);
    assert_eq!(kernel.metric("basalt_plugin_fetch_bytes_total{plugin=\"asking\"}"), 9);
}

#[test]
fn what_was_not_granted_is_not_asked() {
    let (outside, other) = (Outside::start(hello), Outside::start(hello));
    let kernel = kernel(&[&outside], "");
    let port = outside.port;
    for url in [
        other.url("/"),
        format!("http://localhost:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("http://127.0.0.2:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        kernel.url.clone(),
    ] {
        assert_eq!(get(&kernel, &url)["problem"], "fetch.not-granted", "{url}");
    }
    for url in [
        format!("http://2130706433:{port}/"),
        format!("http://0x7f.1:{port}/"),
        format!("http://0177.0.0.1:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://127.0.0.1.:{port}/"),
        format!("http://a@127.0.0.1:{port}/"),
        format!("http://127.0.0.1:{port}/ HTTP/1.1\r\nx: y"),
    ] {
        assert_eq!(get(&kernel, &url)["problem"], "fetch.invalid", "{url}");
    }
    let order = json!({ "method": "GET", "url": outside.url("/"), "headers": [["x", "a\r\nhost: evil"]] });
    assert_eq!(ask(&kernel, order)["problem"], "fetch.invalid");
    assert!(outside.seen().is_empty() && other.seen().is_empty());
}

#[test]
fn a_wish_beyond_the_grant_keeps_the_plugin_from_loading() {
    for granted in ["[]", "[\"localhost:8443\"]", "[\"http://localhost\"]", "[\"*\"]"] {
        let config = format!("[plugins.test-fetch]\ngrant = {{ http = {{}}, fetch = {{ hosts = {granted} }} }}\n");
        let kernel = Kernel::start(&["fetch"], &config);
        kernel.get("/test/fetch/").refuses(503, "plugin.unavailable");
        kernel.wait_for_log("plugin.not-granted");
    }
    let config = "[plugins.test-fetch]\ngrant = { http = {}, fetch = { hosts = [\"http://169.254.169.254\"] } }\n";
    let kernel = Kernel::start(&["fetch"], config);
    kernel.get("/test/fetch/").refuses(503, "plugin.unavailable");
    kernel.wait_for_log("no plugin is granted this address");
}

#[test]
fn no_proxy_of_the_environment_is_asked() {
    let (outside, proxy) = (Outside::start(hello), Outside::start(hello));
    let hosts = [outside.url("")];
    let mut setup = Setup::new(&[], &section("asking", &hosts, ""));
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "https_proxy"] {
        setup = setup.env(name, &proxy.url("/"));
    }
    variant(&setup, "asking", &hosts);
    assert_eq!(get(&setup.start(), &outside.url("/"))["body"], "hello");
    assert!(proxy.seen().is_empty());
}

/// Redirects to the URL that the query holds.
fn redirect(request: &str, stream: &mut TcpStream) -> bool {
    let target = request.split(' ').nth(1).unwrap_or_default();
    match target.split_once('?') {
        Some((_, location)) => write(stream, &format!("302 Found\r\nlocation: {location}"), ""),
        None => write(stream, "200 OK", "arrived"),
    }
}

#[test]
fn redirects_are_answers_and_every_hop_is_looked_at() {
    let (one, two, foreign) = (Outside::start(redirect), Outside::start(redirect), Outside::start(redirect));
    let kernel = kernel(&[&one, &two], "");
    let order = |to: &str, follow: bool| {
        json!({ "method": "POST", "url": one.url(&format!("/?{to}")), "body": "x", "follow": follow,
            "headers": [["authorization", "Bearer mine"], ["x-own", "1"], ["content-type", "a/b"]] })
    };
    let answer = ask(&kernel, order(&two.url("/"), false));
    assert_eq!((&answer["status"], two.seen().len()), (&json!(302), 0), "not followed by the host");

    assert_eq!(ask(&kernel, order("/here", true))["body"], "arrived");
    let here = one.seen().pop().expect("a request");
    assert!(here.starts_with("GET /here ") && here.contains("authorization: Bearer mine"), "{here}");

    assert_eq!(ask(&kernel, order(&two.url("/there"), true))["body"], "arrived");
    let there = two.seen().pop().expect("a request");
    assert!(there.starts_with("GET /there ") && there.contains("x-own: 1"), "{there}");
    assert!(!there.contains("authorization") && !there.contains("content-"), "{there}");

    for to in [foreign.url("/"), "http://169.254.169.254/".to_owned(), format!("//localhost:{}/", foreign.port)] {
        assert_eq!(ask(&kernel, order(&to, true))["problem"], "fetch.not-granted", "{to}");
    }
    assert!(foreign.seen().is_empty());
}

#[test]
fn redirects_without_end_come_to_one() {
    let outside = Outside::start(|_, stream| write(stream, "301 Moved\r\nlocation: /on", ""));
    let kernel = kernel(&[&outside], "");
    let answer = ask(&kernel, json!({ "method": "GET", "url": outside.url("/"), "follow": true }));
    assert_eq!((&answer["status"], outside.seen().len()), (&json!(301), 6));
}

#[test]
fn a_server_that_is_slow_takes_no_longer_than_it_may() {
    let silent = Outside::start(|_, stream| hold(stream));
    let stuck = Outside::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nslow");
        hold(stream)
    });
    let kernel = kernel(&[&silent, &stuck], "limits = { deadline = \"2s\" }\n");
    for outside in [&silent, &stuck] {
        let order = json!({ "method": "GET", "url": outside.url("/"), "timeout": 100 });
        assert_eq!(ask(&kernel, order)["problem"], "fetch.timeout", "by its own time");
    }
    assert_eq!(get(&kernel, &silent.url("/"))["problem"], "fetch.timeout", "by the call's, with time to say so");
    assert_eq!(silent.seen().len(), 2, "what was late is not asked again");
}

#[test]
fn an_answer_is_no_larger_than_it_may_be() {
    let endless = Outside::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000000\r\n\r\n");
        while stream.write_all(&[b'x'; 65536]).is_ok() {}
        false
    });
    let chunked = Outside::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        while stream.write_all(b"1\r\nx\r\n").is_ok() {}
        false
    });
    let exact = Outside::start(|_, stream| write(stream, "200 OK", &"x".repeat(100_000)));
    let limits = "limits = { fetch_response = \"100kB\", fetch_bytes = \"250kB\" }\n";
    let kernel = kernel(&[&endless, &chunked, &exact], limits);
    for outside in [&endless, &chunked] {
        assert_eq!(get(&kernel, &outside.url("/"))["problem"], "fetch.too-large");
    }
    assert_eq!(get(&kernel, &exact.url("/"))["length"], 100_000);
    let thrice = json!({ "method": "GET", "url": exact.url("/"), "times": 3 });
    assert_eq!(ask(&kernel, thrice)["problem"], "fetch.too-many", "all answers of a call together");
}

#[test]
fn a_head_is_no_larger_than_it_may_be() {
    let long = Outside::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nx: ");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
        false
    });
    let many = Outside::start(|_, stream| write(stream, &format!("200 OK{}", "\r\nx: y".repeat(200)), ""));
    let nonsense = Outside::start(|_, stream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9\r\n\r\n");
        false
    });
    let kernel = kernel(&[&long, &many, &nonsense], "");
    for outside in [&long, &many, &nonsense] {
        assert_eq!(get(&kernel, &outside.url("/"))["problem"], "fetch.unreachable");
        assert_eq!(outside.seen().len(), 1, "an answer that cannot be read is not asked for again");
    }
}

#[test]
fn one_call_fetches_only_so_often() {
    let outside = Outside::start(hello);
    let kernel = kernel(&[&outside], "limits = { fetches = 3 }\n");
    let order = |times: u32| json!({ "method": "GET", "url": outside.url("/"), "times": times });
    assert_eq!(ask(&kernel, order(3))["status"], 200);
    assert_eq!(ask(&kernel, order(4))["problem"], "fetch.too-many");
    assert_eq!(ask(&kernel, order(3))["status"], 200, "each call has its own");
}

#[test]
fn only_what_changes_nothing_is_sent_again_when_a_connection_fails() {
    let outside = Outside::start(|_, _| false);
    let kernel = kernel(&[&outside], "");
    for (method, sent) in [("GET", 2), ("PUT", 2), ("DELETE", 2), ("POST", 1), ("PATCH", 1)] {
        outside.seen.lock().clear();
        let answer = ask(&kernel, json!({ "method": method, "url": outside.url("/"), "body": "x" }));
        assert_eq!((&answer["problem"], outside.seen().len()), (&json!("fetch.unreachable"), sent), "{method}");
    }
}

#[test]
fn connections_are_kept_and_each_plugin_has_its_own() {
    let outside = Outside::start(hello);
    let hosts = [outside.url("")];
    let setup = Setup::new(&[], &(section("asking", &hosts, "") + &section("other", &hosts, "")));
    variant(&setup, "asking", &hosts);
    variant(&setup, "other", &hosts);
    let kernel = setup.start();
    let order = json!({ "method": "GET", "url": outside.url("/"), "times": 3 });
    assert_eq!(kernel.post("/asking/", &order).ok()["status"], 200);
    assert_eq!(kernel.post("/other/", &order).ok()["status"], 200);
    let connections: Vec<_> = outside.seen.lock().iter().map(|(connection, _)| *connection).collect();
    assert_eq!(connections, [0, 0, 0, 1, 1, 1]);
}

#[test]
fn who_cannot_show_that_he_is_who_he_should_be_is_not_talked_to() {
    let outside = Outside::start(hello);
    let hosts = [format!("https://127.0.0.1:{}", outside.port)];
    let setup = Setup::new(&[], &section("asking", &hosts, ""));
    variant(&setup, "asking", &hosts);
    let kernel = setup.start();
    assert_eq!(get(&kernel, &format!("{}/", hosts[0]))["problem"], "fetch.unreachable");
    wait_until("nothing was said in the clear", || outside.seen().iter().all(|seen| !seen.contains("GET")));
}
