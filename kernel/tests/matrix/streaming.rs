//! Attacks with streams, from both sides: plugins that write without end or sense, and clients that read in their own way.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::attack::{Attack, How};
use super::beside::Good;
use super::{Group, Scene};
use crate::kernel::{Answer, wait_until};

const GOOD: &[Good] = &[
    Good { path: "/test/stream/rows?1000", bob: false, body: "", says: "1000,1000000" },
    Good { path: "/test/stream/answer", bob: false, body: "", says: "at once" },
    Good { path: "/test/http/echo", bob: false, body: "", says: "echo" },
];

/// The same with the time of most plugins, for what takes a while on a busy machine and is to succeed.
const PATIENT: &str = "[[route]]\nname = \"main\"\npath = \"/{what}\"\nmounts = [\"/test/stream/patient\"]\n\
    [want.http]\n[want.log]\n";

pub const GROUP: Group = Group {
    title: "Streams",
    who: "A plugin with no capability but `http` and `log` that streams, to clients of its own; the good requests go to \
          another plugin and to the same one, which streams to them too. What is broken off has its code in the log.",
    plugins: &["http", "stream"],
    variants: &[("stream", "patient", PATIENT)],
    config: "[server]\nbody_timeout = \"1s\"\n[plugins.test-http.grant]\nhttp = {}\n[plugins.test-stream]\ngrant = { http = {}, log = {} }\n\
             limits = { deadline = \"2s\", fuel = 1_000_000_000_000, stream_time = \"4s\", host_memory = \"16MiB\", stream_bytes = \"64MiB\", \
             stream_stall = \"1s\", breaker_failures = 0 }\n\
             [plugins.patient]\ngrant = { http = {}, log = {} }\nlimits = { fuel = 1_000_000_000_000, breaker_failures = 0 }",
    prepare: "",
    attacks: &[
        Attack::path("endless content, to a client that reads everything", "endless reads", "stream.too-large"),
        Attack::path("endless content, to a client that reads nothing", "endless waits", "stream.gone"),
        Attack::path("endless content, to a client that leaves", "endless leaves", "stream.gone"),
        Attack::path("a little content now and then, for ever", "events reads", "plugin.timeout"),
        Attack::path("a stream that is begun and sleeps", "sleep reads", "plugin.timeout"),
        Attack::path("the same, whose client leaves", "sleep leaves", "stream.gone"),
        Attack::path("a stream that is begun and computes", "compute reads", "plugin.timeout"),
        Attack::path("the same, whose client leaves", "compute leaves", "stream.gone"),
        Attack::path("writing on when nobody is there", "stubborn leaves", "stream.gone"),
        Attack::answers(
            "a million pieces of one byte",
            "patient/drops?1000000 reads",
            "1000006 bytes",
            "what the client has not taken yet is sent in one piece",
        ),
        Attack::path("a crash in the middle", "trap reads", "plugin.trap"),
        Attack::path("a stream that is never finished", "dropped reads", "stream.unfinished"),
        Attack::path("a stream that is kept for the next call", "kept reads", "stream.unfinished"),
        Attack::path("an upload without end", "in/count floods", "http.body-too-large"),
        Attack::path("an upload that stalls in the middle", "in/count stalls", "http.body-timeout"),
        Attack::path("an upload of a byte now and then, for ever", "in/count drips", "plugin.timeout"),
        Attack::path("an upload without end that is wanted whole", "in/pass floods", "plugin.out-of-memory"),
        Attack::answers(
            "an upload whose client leaves in the middle",
            "in/count breaks",
            "left",
            "the call ends with its client, and so does its instance",
        ),
        Attack::answers(
            "an upload that nobody reads",
            "in/nothing floods",
            "unread",
            "it is thrown away, as far as that is cheap",
        ),
    ],
    ask,
    good: GOOD,
    settings: |_| Default::default(),
};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A path, and what its client does.
fn ask(scene: &Scene, how: &How) -> Answer {
    let How::Path(path) = how else { panic!("streams are attacked with by path") };
    let (path, manner) = path.split_once(' ').expect("a path and a manner");
    let id = format!("attack-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut client = TcpStream::connect(scene.kernel.url.trim_start_matches("http://")).expect("connected");
    client.set_read_timeout(Some(Duration::from_secs(30))).expect("set");
    if path.starts_with("in/") {
        return upload(&mut client, path, manner);
    }
    let request =
        format!("GET /test/stream/{path} HTTP/1.1\r\nhost: a\r\nx-request-id: {id}\r\nconnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).expect("sent");
    match manner {
        "reads" => drop(std::io::copy(&mut client, &mut std::io::sink())),
        "leaves" => {
            client.read_exact(&mut [0; 15]).expect("the head");
            drop(client);
        }
        _ => {
            let answer = outcome(scene, &id);
            drop(client);
            return answer;
        }
    }
    outcome(scene, &id)
}

const CHUNK: usize = 64 << 10;

/// An upload, and what is answered to it.
fn upload(client: &mut TcpStream, path: &str, manner: &str) -> Answer {
    let head = "HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked";
    client.write_all(format!("POST /test/stream/{path} {head}\r\n\r\n4\r\nhalf\r\n").as_bytes()).expect("sent");
    let piece = match manner {
        "breaks" => return Answer { status: 200, headers: Default::default(), body: b"left".to_vec() },
        "floods" => format!("{CHUNK:x}\r\n{}\r\n", "x".repeat(CHUNK)),
        _ => "1\r\nx\r\n".to_owned(),
    };
    let mut sender = client.try_clone().expect("the same connection");
    std::thread::scope(|scope| {
        let read = scope.spawn(|| answer(client));
        let (_nobody, never) = std::sync::mpsc::channel::<()>();
        let pause = if manner == "floods" { Duration::ZERO } else { Duration::from_millis(100) };
        while manner != "stalls" && !read.is_finished() && sender.write_all(piece.as_bytes()).is_ok() {
            let _ = never.recv_timeout(pause);
        }
        read.join().expect("answered")
    })
}

/// The next answer of a connection, whatever becomes of it then.
fn answer(client: &mut TcpStream) -> Answer {
    let (mut seen, mut part) = (Vec::new(), [0; 4096]);
    let end = |seen: &[u8]| seen.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    while let Ok(count @ 1..) = client.read(&mut part) {
        seen.extend_from_slice(&part[..count]);
        let whole = end(&seen).is_some_and(|at| {
            let head = String::from_utf8_lossy(&seen[..at]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            seen.len() >= at + 4 + length.unwrap_or(0)
        });
        if whole {
            break;
        }
    }
    let at = end(&seen).unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&seen)));
    let status = String::from_utf8_lossy(&seen[9..12]).parse().expect("a status");
    Answer { status, headers: Default::default(), body: seen[at + 4..].to_vec() }
}

/// What the log says of it, as if it were an answer.
fn outcome(scene: &Scene, id: &str) -> Answer {
    let mut last = Value::Null;
    wait_until(&format!("{id} has ended"), || {
        last = lines(scene, id).pop().unwrap_or_default();
        let begun = last["message"] == "answered" && last["status"] == 200;
        !last.is_null() && !begun
    });
    let (status, body) = match last["code"].as_str() {
        Some("ok") => (200, format!("{} bytes", last["bytes"])),
        code => (500, json!({ "code": code }).to_string()),
    };
    Answer { status, headers: Default::default(), body: body.into_bytes() }
}

fn lines(scene: &Scene, id: &str) -> Vec<Value> {
    let log = scene.kernel.log.lock();
    let own = log.lines().filter(|line| line.contains(&format!("\"{id}\"")) && line.contains("\"http\""));
    own.map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
