//! Stopping under load: balancers are told first, clients with their answer, and what is stuck does not hold the rest.

use std::time::{Duration, Instant};

use crate::kernel::Kernel;
use crate::wire::Wire;

const HOSTILE: &str = "[plugins.test-hostile]\ngrant = { http = {}, log = {} }\n\
    limits = { fuel = 1_000_000_000_000, deadline = ";

const READY: &str = "GET /ready HTTP/1.1\r\nhost: a\r\n\r\n";

#[test]
fn during_the_delay_everything_is_answered_and_ready_says_no() {
    let kernel = Kernel::start(&["http"], "[server]\ndrain_delay = \"60s\"\n[plugins.test-http.grant]\nhttp = {}\n");
    let (mut old, mut other) = (Wire::open(&kernel), Wire::open(&kernel));
    let before = old.ask(READY);
    assert_eq!(before.status, 200);
    assert!(!before.head.contains("connection: close"), "{}", before.head);
    assert_eq!(other.ask("GET /health HTTP/1.1\r\nhost: a\r\n\r\n").status, 200);
    kernel.signal("TERM");
    kernel.wait_for_log("stopping");
    let draining = old.ask(READY);
    assert_eq!(draining.status, 503);
    assert!(draining.head.contains("connection: close"), "{}", draining.head);
    assert!(String::from_utf8_lossy(&draining.body).contains("http.draining"));
    assert!(old.ends(), "who was told has to go");
    let answered = other.ask("GET /test/http/answer HTTP/1.1\r\nhost: a\r\n\r\n");
    assert_eq!(answered.status, 200, "who was not told yet is served");
    assert!(answered.head.contains("connection: close"), "{}", answered.head);
    assert_eq!(kernel.get("/test/http/answer").status, 200, "and so is who comes anew");
    // The second signal skips the rest of the delay.
    let started = Instant::now();
    kernel.stop();
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_connection_without_a_request_ends_at_once_and_a_running_one_hears_close() {
    let kernel = Kernel::start(&["hostile"], &format!("{HOSTILE}\"1s\" }}"));
    let (mut idle, mut busy) = (Wire::open(&kernel), Wire::open(&kernel));
    assert_eq!(idle.ask(READY).status, 200);
    busy.send("GET /test/hostile/loop HTTP/1.1\r\nhost: a\r\n\r\n");
    kernel.wait_for_requests(1);
    kernel.signal("TERM");
    assert!(idle.ends());
    let last = busy.answer(false);
    assert_eq!(last.status, 504, "{}", last.head);
    assert!(last.head.contains("connection: close"), "{}", last.head);
    assert!(busy.ends());
}

#[test]
fn a_request_that_is_stuck_ends_with_the_drain() {
    let kernel = Kernel::start(&["hostile"], &format!("[server]\ndrain_timeout = \"300ms\"\n{HOSTILE}\"10m\" }}"));
    let mut stuck = Wire::open(&kernel);
    stuck.send("GET /test/hostile/loop HTTP/1.1\r\nhost: a\r\n\r\n");
    kernel.wait_for_requests(1);
    let started = Instant::now();
    kernel.stop();
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    assert!(stuck.ends());
}
