//! The wire itself, byte by byte: what a well-behaved client never sends, and clients that are slow on purpose.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::kernel::Kernel;

const HTTP: &str = "[plugins.test-http.grant]\nhttp = {}\n";

/// Longer than any time-out that these tests set: an answer that takes this long is none.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection without any client's manners.
pub struct Wire(BufReader<TcpStream>);

/// An answer as it was sent.
pub struct Raw {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Wire {
    pub fn open(kernel: &Kernel) -> Self {
        let address = kernel.url.trim_start_matches("http://");
        let stream = TcpStream::connect(address).expect("connected");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        Self(BufReader::new(stream))
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).expect("sent");
    }

    /// The next answer, to its end; the answer to HEAD has no body, whatever its head says.
    pub fn answer(&mut self, to_head: bool) -> Raw {
        let mut raw = self.head();
        if !to_head {
            raw.body = self.body(&raw);
        }
        raw
    }

    /// The next answer's head.
    pub fn head(&mut self) -> Raw {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut head).expect("an answer in time") > 0, "ended after {head:?}");
        }
        let head = head.to_ascii_lowercase();
        Raw { status: head[9..12].parse().expect("a status"), head, body: Vec::new() }
    }

    /// The body that a head announces.
    pub fn body(&mut self, raw: &Raw) -> Vec<u8> {
        let length = raw.head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        self.0.read_exact(&mut body).expect("a body");
        body
    }

    pub fn ask(&mut self, request: &str) -> Raw {
        self.send(request);
        self.answer(request.starts_with("HEAD"))
    }

    /// What follows, to the end of the answer or of the connection.
    pub fn rest(&mut self) -> Vec<u8> {
        let (mut rest, mut line) = (Vec::new(), Vec::new());
        while !rest.ends_with(b"\r\n0\r\n\r\n") && self.0.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            rest.append(&mut line);
        }
        rest
    }

    /// The next chunk of an answer.
    pub fn chunk(&mut self) -> Vec<u8> {
        let mut size = String::new();
        self.0.read_line(&mut size).expect("a chunk in time");
        let mut chunk = vec![0; usize::from_str_radix(size.trim(), 16).expect("a size") + 2];
        self.0.read_exact(&mut chunk).expect("a chunk");
        chunk.truncate(chunk.len() - 2);
        chunk
    }

    /// Sends the same again and again, slowly, until there is an answer.
    pub fn drip(&mut self, piece: &str, pause: Duration) -> Raw {
        self.0.get_ref().set_read_timeout(Some(pause)).expect("set");
        let started = Instant::now();
        while self.0.fill_buf().is_err() {
            assert!(started.elapsed() < PATIENCE, "no answer");
            let _ = self.0.get_mut().write_all(piece.as_bytes());
        }
        self.0.get_ref().set_read_timeout(Some(PATIENCE)).expect("set");
        self.answer(false)
    }

    /// Goes away without a word.
    pub fn leave(self) {
        drop(self);
    }

    /// Whether the kernel ends the connection, with no more than this long to do so.
    pub fn ends(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Ok(_) => true,
            Err(fault) => fault.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}

/// One request on a connection of its own.
fn once(kernel: &Kernel, request: &str) -> Raw {
    Wire::open(kernel).ask(request)
}

#[test]
fn a_client_that_sends_its_head_too_slowly_is_cut_off() {
    let kernel = Kernel::start(&[], "[server]\nheader_timeout = \"500ms\"");
    for part in ["", "G", "GET /health HTTP/1.1\r\nhost: a\r\nx-slow: "] {
        let (mut wire, started) = (Wire::open(&kernel), Instant::now());
        wire.send(part);
        assert!(wire.ends() && started.elapsed() < PATIENCE / 2, "{part:?}");
    }
}

#[test]
fn a_client_that_sends_its_body_too_slowly_is_told_so() {
    let kernel = Kernel::start(&["http"], &format!("[server]\nbody_timeout = \"500ms\"\n{HTTP}"));
    let mut wire = Wire::open(&kernel);
    let refused = wire.ask("POST /test/http/pass HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nslow");
    assert_eq!(refused.status, 408, "{}", refused.head);
    assert!(String::from_utf8_lossy(&refused.body).contains("http.body-timeout"));
    assert!(wire.ends(), "what comes now would be the rest of the body");
}

#[test]
fn a_silent_connection_is_closed_and_makes_room() {
    let kernel = Kernel::start(&[], "[server]\nidle_timeout = \"500ms\"\nmax_connections = 1");
    let mut wire = Wire::open(&kernel);
    assert_eq!(wire.ask("GET /health HTTP/1.1\r\nhost: a\r\n\r\n").status, 200);
    assert_eq!(kernel.get("/health").status, 200, "once the silent one is gone");
    assert!(wire.ends());
}

#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let config = format!("[server]\nwrite_timeout = \"500ms\"\nmax_connections = 1\n{HTTP}");
    let config = format!("{config}[plugins.test-http.limits]\nrequest = \"32MiB\"\n");
    let kernel = Kernel::start(&["http"], &config);
    let mut wire = Wire::open(&kernel);
    // More than the buffers of both sides hold.
    let size = 24 << 20;
    wire.send(format!("POST /test/http/pass HTTP/1.1\r\nhost: a\r\ncontent-length: {size}\r\n\r\n"));
    wire.send(vec![b'x'; size]);
    assert_eq!(kernel.get("/health").status, 200, "once the one that does not read is gone");
}

#[test]
fn more_connections_than_the_limit_wait() {
    let kernel = Kernel::start(&[], "[server]\nmax_connections = 1");
    let (mut first, mut second) = (Wire::open(&kernel), Wire::open(&kernel));
    assert_eq!(first.ask("GET /health HTTP/1.1\r\nhost: a\r\n\r\n").status, 200);
    second.send("GET /health HTTP/1.1\r\nhost: a\r\n\r\n");
    // The first is still served: nothing was taken away from it.
    assert_eq!(first.ask("GET /health HTTP/1.1\r\nhost: a\r\n\r\n").status, 200);
    second.0.get_ref().set_read_timeout(Some(Duration::from_millis(200))).expect("set");
    assert!(second.0.fill_buf().is_err(), "no answer yet");
    drop(first);
    second.0.get_ref().set_read_timeout(Some(PATIENCE)).expect("set");
    assert_eq!(second.answer(false).status, 200);
}

#[test]
fn more_requests_than_the_limit_are_sent_away_and_health_still_answers() {
    let plugins = "[plugins.test-hostile]\ngrant = { http = {}, log = {} }\n\
        limits = { fuel = 1_000_000_000_000, deadline = \"3s\" }";
    let kernel = Kernel::start(&["http", "hostile"], &format!("[server]\nmax_requests = 1\n{HTTP}{plugins}"));
    std::thread::scope(|scope| {
        let running = scope.spawn(|| kernel.get("/test/hostile/loop"));
        kernel.wait_for_requests(1);
        let refused = kernel.get("/test/http/echo");
        refused.refuses(503, "http.busy");
        assert_eq!(refused.header("retry-after"), "1");
        assert_eq!(kernel.get("/health").status, 200);
        running.join().expect("answered").refuses(504, "plugin.timeout");
    });
    assert_eq!(kernel.get("/test/http/echo").status, 200, "the place is free again");
}

#[test]
fn head_has_the_length_that_get_would_have() {
    let kernel = Kernel::start(&["http"], HTTP);
    for path in ["/health", "/test/http/only/get", "/test/http/answer"] {
        let mut wire = Wire::open(&kernel);
        let get = wire.ask(&format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n"));
        let request = format!("HEAD {path} HTTP/1.1\r\nhost: a\r\n\r\n");
        let head = wire.ask(&request);
        assert_eq!((get.status, head.status), (200, 200), "{path}");
        let length = format!("content-length: {}\r\n", get.body.len());
        assert!(get.head.contains(&length) && head.head.contains(&length), "{path}: {}", head.head);
        // The connection is in order: the next answer is found where it should be.
        assert_eq!(wire.ask(&request).status, 200);
    }
}

#[test]
fn answers_that_have_no_content_send_none() {
    let kernel = Kernel::start(&["http"], HTTP);
    for status in [204, 304] {
        let mut wire = Wire::open(&kernel);
        let request = format!("GET /test/http/answer HTTP/1.1\r\nhost: a\r\nanswer-status: {status}\r\n\r\n");
        for _ in 0..2 {
            let answer = wire.ask(&request);
            assert_eq!(answer.status, status);
            assert!(!answer.head.contains("transfer-encoding"), "{}", answer.head);
            assert!(!answer.head.contains("content-length") || status == 304, "{}", answer.head);
        }
    }
}

#[test]
fn a_client_that_asks_before_it_sends_is_answered_first() {
    let kernel = Kernel::start(&["http"], HTTP);
    let head = |size: usize| {
        format!("POST /test/http/pass HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: {size}\r\n\r\n")
    };
    let mut wire = Wire::open(&kernel);
    assert_eq!(wire.ask(&head(4)).status, 100);
    assert_eq!(wire.ask("four").body, b"four");
    let mut wire = Wire::open(&kernel);
    let refused = wire.ask(&head(2 << 20));
    assert_eq!(refused.status, 413, "without a byte of the body: {}", refused.head);
    assert!(wire.ends());
    let unauthorized = head(4).replacen("host: a", "host: a\r\nauthorization: nonsense", 1);
    assert_eq!(once(&kernel, &unauthorized).status, 401);
}

#[test]
fn framing_that_two_servers_could_read_in_two_ways_is_not_kept_alive() {
    let kernel = Kernel::start(&["http"], HTTP);
    let post = "POST /test/http/pass HTTP/1.1\r\nhost: a\r\n";
    for head in ["content-length: 3\r\ncontent-length: 4\r\n", "content-length: +3\r\n", "content-length: 3, 4\r\n"] {
        assert_eq!(once(&kernel, &format!("{post}{head}\r\nabc")).status, 400, "{head}");
    }
    for head in ["transfer-encoding: gzip\r\n", "transfer-encoding: chunked, gzip\r\n"] {
        assert_eq!(once(&kernel, &format!("{post}{head}\r\n3\r\nabc\r\n0\r\n\r\n")).status, 400, "{head}");
    }
    assert_eq!(once(&kernel, &format!("{post}content-length: 3\r\ncontent-length: 3\r\n\r\nabc")).body, b"abc");
    let smuggled = "GET /test/http/smuggled HTTP/1.1\r\nhost: a\r\n\r\n";
    for both in
        ["content-length: 3\r\ntransfer-encoding: chunked\r\n", "transfer-encoding: chunked\r\ncontent-length: 3\r\n"]
    {
        let mut wire = Wire::open(&kernel);
        let answer = wire.ask(&format!("{post}{both}\r\n3\r\nabc\r\n0\r\n\r\n{smuggled}"));
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"abc"[..]), "{both}");
        assert!(wire.ends(), "chunks win, and nothing that follows is believed");
    }
    assert!(!kernel.log.lock().contains("smuggled"));
}

#[test]
fn a_path_is_taken_literally_and_has_no_nul() {
    let kernel = Kernel::start(&["http"], HTTP);
    let seen = kernel.get("/test/http/echo%2F..%2Fx");
    assert_eq!((seen.status, seen.text().as_str()), (200, "fixed"), "an encoded slash is a character of a parameter");
    assert_eq!(kernel.get("/test/http/ec%68o").ok()["what"], "echo");
    assert_eq!(kernel.get("/test/../health").status, 404, "no path is resolved");
    kernel.get("/test/http/echo%00").refuses(400, "http.invalid");
    assert_eq!(once(&kernel, "GET /test/http/echo\0 HTTP/1.1\r\nhost: a\r\n\r\n").status, 400);
    assert_eq!(once(&kernel, "GET /health\r\nx: y HTTP/1.1\r\nhost: a\r\n\r\n").status, 400);
}

#[test]
fn a_request_line_may_name_the_host_and_the_odd_forms_find_nothing() {
    let kernel = Kernel::start(&["http"], HTTP);
    let absolute = once(&kernel, "GET http://elsewhere/test/http/echo?a=b HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(absolute.status, 200, "{}", absolute.head);
    let seen: serde_json::Value = serde_json::from_slice(&absolute.body).expect("JSON");
    assert_eq!((&seen["path"], &seen["query"]), (&"/test/http/echo".into(), &"a=b".into()));
    for hosts in ["", "host: a\r\nhost: b\r\n"] {
        assert_eq!(once(&kernel, &format!("GET /health HTTP/1.1\r\n{hosts}\r\n")).status, 400, "{hosts:?}");
    }
    assert_eq!(once(&kernel, "GET /health HTTP/1.0\r\n\r\n").status, 200, "HTTP/1.0 knows no hosts");
    assert_eq!(once(&kernel, "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n").status, 404);
    assert_eq!(once(&kernel, "CONNECT elsewhere:80 HTTP/1.1\r\nhost: a\r\n\r\n").status, 404);
}

#[test]
fn a_route_takes_no_more_than_its_manifest_says_nor_than_the_operator_grants() {
    let kernel = Kernel::start(&["http"], HTTP);
    assert_eq!(kernel.ask("POST", "/test/http/small/body", &[], &[0; 1024]).status, 200);
    kernel.ask("POST", "/test/http/small/body", &[], &[0; 1025]).refuses(413, "http.body-too-large");
    assert_eq!(kernel.ask("POST", "/test/http/pass", &[], &[0; 1025]).status, 200, "other routes are not affected");
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    let chunked = "POST /test/http/small/body HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(once(&kernel, &format!("{chunked}{chunk}0\r\n\r\n")).status, 200);
    assert_eq!(once(&kernel, &format!("{chunked}{chunk}{chunk}0\r\n\r\n")).status, 413, "no length was declared");
    let capped = Kernel::start(&["http"], &format!("{HTTP}[plugins.test-http.limits]\nrequest = \"1000B\"\n"));
    capped.wait_for_log("larger bodies");
    capped.ask("POST", "/test/http/small/body", &[], &[0; 1001]).refuses(413, "http.body-too-large");
}

#[test]
fn json_that_is_nested_too_deeply_is_refused_before_a_plugin_sees_it() {
    let kernel = Kernel::start(&["http"], &format!("[server]\nmax_json_depth = 8\n{HTTP}"));
    let json = [("content-type", "application/json")];
    assert_eq!(kernel.ask("POST", "/test/http/pass", &json, b"[[[[[[[[]]]]]]]]").status, 200);
    kernel.ask("POST", "/test/http/pass", &json, b"[[[[[[[[[]]]]]]]]]").refuses(400, "http.json-too-deep");
    assert_eq!(kernel.ask("POST", "/test/http/pass", &[], b"[[[[[[[[[]]]]]]]]]").status, 200, "no JSON");
}
