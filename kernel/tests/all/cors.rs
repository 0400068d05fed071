//! Pages of other origins: nobody unless the operator says so, and then only those whom the operator names.

use crate::kernel::{Answer, Kernel, Setup};

const HTTP: &str = "[plugins.test-http.grant]\nhttp = {}\n";
const APP: &str = "https://app.example.com";

fn start(cors: &str) -> Kernel {
    Kernel::start(&["http"], &format!("{HTTP}[server.cors]\n{cors}"))
}

fn preflight(kernel: &Kernel, path: &str, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "authorization, x-client-info"),
        // A browser never sends one; it shows that nobody looks.
        ("authorization", "nonsense"),
    ];
    kernel.ask("OPTIONS", path, &headers, b"")
}

#[test]
fn without_configuration_no_page_of_another_origin_may_call() {
    let kernel = Kernel::start(&["http"], HTTP);
    let headers = [("origin", APP), ("answer-access-control-allow-origin", "*")];
    let answer = kernel.ask("GET", "/test/http/answer", &headers, b"");
    assert_eq!((answer.status, answer.header("vary")), (200, ""));
    assert!(!answer.headers.contains_key("access-control-allow-origin"), "not even where the plugin would");
    assert!(!preflight(&kernel, "/health", APP).headers.contains_key("access-control-allow-origin"));
}

#[test]
fn a_browser_is_told_before_any_path_or_credential_is_looked_at() {
    let kernel = start(&format!("origins = [\"{APP}\"]\ncredentials = true\nmax_age = \"1m\""));
    for path in ["/test/http/echo", "/nowhere", "/health"] {
        let answer = preflight(&kernel, path, APP);
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{path}");
        for (name, value) in [
            ("access-control-allow-origin", APP),
            ("access-control-allow-credentials", "true"),
            ("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE"),
            ("access-control-allow-headers", "authorization, x-client-info"),
            ("access-control-max-age", "60"),
            ("vary", "Origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}: {name}");
        }
    }
    kernel.wait_for_log("\"route\":\"preflight\"");
    let metrics = kernel.get("/metrics").text();
    let mut calls = metrics.lines().filter(|line| line.starts_with("basalt_plugin_calls_total{"));
    assert!(calls.all(|line| line.ends_with(" 0")), "no plugin was asked: {metrics}");
}

#[test]
fn a_page_reads_answers_and_refusals_alike() {
    let kernel = start(&format!("origins = [\"http://localhost:3000\", \"{APP}\"]"));
    for path in ["/test/http/echo", "/nowhere"] {
        let answer = kernel.ask("GET", path, &[("origin", APP)], b"");
        assert_eq!(answer.header("access-control-allow-origin"), APP);
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));
        for exposed in
            ["X-Request-ID", "Content-Range", "ETag", "Retry-After", "X-RateLimit-Remaining", "X-Total-Count"]
        {
            assert!(answer.header("access-control-expose-headers").contains(exposed), "{exposed}");
        }
        assert_eq!(answer.header("vary"), "Origin");
    }
    assert_eq!(kernel.get("/health").header("vary"), "Origin", "caches must not mix them up");
}

#[test]
fn other_origins_are_refused_byte_by_byte() {
    let kernel = start(&format!("origins = [\"{APP}\"]"));
    for origin in
        ["https://app.example.com.evil", "https://evil", "http://app.example.com", "null", "https://APP.example.com"]
    {
        preflight(&kernel, "/test/http/echo", origin).refuses(403, "http.origin-not-allowed");
        let answer = kernel.ask("GET", "/test/http/echo", &[("origin", origin)], b"");
        assert_eq!((answer.status, answer.header("vary")), (200, "Origin"));
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{origin}");
    }
}

#[test]
fn every_page_may_call_only_without_cookies() {
    let kernel = start("origins = [\"*\"]\nmethods = [\"GET\"]\nheaders = [\"apikey\"]");
    let answer = preflight(&kernel, "/test/http/echo", "https://any.where");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(
        (answer.header("access-control-allow-methods"), answer.header("access-control-allow-headers")),
        ("GET", "apikey")
    );
    assert_eq!(answer.header("vary"), "");
    let unnamed = kernel.get("/test/http/echo");
    assert_eq!(
        unnamed.header("access-control-allow-origin"),
        "*",
        "the same for everybody, so that caches can keep it"
    );
    let setup = Setup::embedded(&[], "[server.cors]\norigins = [\"*\"]\ncredentials = true");
    let output = setup.run(&["--config-test"]);
    let fault = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && fault.contains("server.cors.credentials"), "{fault}");
}
