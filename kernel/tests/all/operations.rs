//! What operators look at: health, readiness, metrics, request logs, and a stop that loses nothing.

use serde_json::Value;

use crate::kernel::{Kernel, wait_until};

#[test]
fn health_and_readiness_answer_without_credentials() {
    let kernel = Kernel::start(&[], "");
    assert_eq!(kernel.get("/health").ok()["status"], "ok");
    assert_eq!(kernel.get("/ready").ok()["status"], "ready");
    let head = kernel.ask("HEAD", "/health", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let refused = kernel.ask("POST", "/health", &[], b"{}");
    refused.refuses(405, "http.method-not-allowed");
    assert_eq!(refused.header("allow"), "GET, HEAD");
}

#[test]
fn metrics_count_what_happened_and_no_caller_can_add_a_series() {
    let kernel = Kernel::start(&["http"], "[plugins.test-http.grant]\nhttp = {}");
    kernel.get("/test/http/echo");
    kernel.get("/made/up/path");
    kernel.ask("BREW", "/test/http/echo", &[], b"");
    let metrics = kernel.get("/metrics").text();
    for series in [
        "basalt_http_requests_total{method=\"GET\",route=\"test-http:main\",status=\"200\"} 1",
        "basalt_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"} 1",
        "basalt_http_requests_total{method=\"other\",route=\"test-http:main\",status=\"200\"} 1",
        "basalt_http_request_duration_seconds_count",
        "basalt_plugin_calls_total{outcome=\"ok\",plugin=\"test-http\"} 2",
        "basalt_db_connections{",
        "basalt_system_uptime_seconds",
    ] {
        assert!(metrics.contains(series), "{series} in {metrics}");
    }
    assert!(!metrics.contains("made"), "{metrics}");
}

#[test]
fn a_request_is_one_json_line_as_loud_as_its_outcome() {
    let kernel = Kernel::start(&["http"], "[plugins.test-http.grant]\nhttp = {}");
    let bearer = kernel.bearer("authenticated", "user-7");
    kernel.ask("GET", "/test/http/echo?secret=filter", &[("authorization", &bearer), ("x-request-id", "good")], b"");
    kernel.ask("GET", "/nowhere", &[("x-request-id", "bad")], b"");
    kernel.wait_for_log("\"request_id\":\"bad\"");
    let log = kernel.log.lock();
    let line = |id: &str| -> Value {
        let line = log.lines().find(|line| line.contains(&format!("\"request_id\":\"{id}\""))).expect("logged");
        serde_json::from_str(line).expect("JSON")
    };
    let good = line("good");
    for (key, value) in
        [("level", "INFO"), ("user_id", "user-7"), ("method", "GET"), ("path", "/test/http/echo"), ("ip", "127.0.0.1")]
    {
        assert_eq!(good[key], value, "{good}");
    }
    assert_eq!(good["status"], 200);
    assert!(good["duration_ms"].is_number() && good["timestamp"].is_string() && good["user_agent"].is_string());
    assert_eq!((&line("bad")["level"], &line("bad")["code"]), (&"WARN".into(), &"http.not-found".into()));
    assert!(!log.contains("secret=filter"), "queries can hold personal data");
}

#[test]
fn a_stop_lets_running_requests_finish() {
    let config = "[plugins.test-hostile]\ngrant = { http = {}, log = {} }\nlimits = { fuel = 1_000_000_000_000, deadline = \"1s\" }";
    let kernel = Kernel::start(&["hostile"], config);
    let idle = "basalt_plugin_idle_instances{plugin=\"test-hostile\"}";
    let has_idle = |count: u32| kernel.get("/metrics").text().contains(&format!("{idle} {count}"));
    kernel.get("/test/hostile/good");
    assert!(has_idle(1), "an instance is kept for the next call");
    std::thread::scope(|scope| {
        let running = scope.spawn(|| kernel.get("/test/hostile/loop"));
        wait_until("the request runs", || has_idle(0));
        kernel.signal("TERM");
        running.join().expect("answered").refuses(504, "plugin.timeout");
    });
    kernel.wait_for_log("stopping");
}
