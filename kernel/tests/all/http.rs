//! `http`: what a handler sees of a request and what becomes of its answer; the wire's own limits.

use serde_json::json;

use crate::kernel::Kernel;

const CONFIG: &str = "[plugins.test-http.grant]\nhttp = {}\n";

#[test]
fn a_handler_sees_the_request_but_no_credential() {
    let kernel = Kernel::start(&["http"], CONFIG);
    let bearer = kernel.bearer("authenticated", "7");
    let headers = [
        ("authorization", bearer.as_str()),
        ("apikey", "secret"),
        ("cookie", "a=b"),
        ("accept", "x/y"),
        ("x-twice", "1"),
    ];
    let seen = kernel.ask("POST", "/test/http/echo?a=%20b&c", &headers, b"four").ok();
    assert_eq!(seen["method"], "POST");
    assert_eq!((&seen["route"], &seen["mount"], &seen["what"]), (&json!("main"), &json!("/test/http"), &json!("echo")));
    assert_eq!((&seen["path"], &seen["query"]), (&json!("/test/http/echo"), &json!("a=%20b&c")));
    assert_eq!(seen["head"], json!(["POST", "main", "/test/http/echo", "/test/http", "a=%20b&c", [["what", "echo"]]]));
    assert_eq!(seen["named"], json!(["1", null, null, "x/y"]));
    assert_eq!((&seen["length"], &seen["accept"]), (&json!(4), &json!("x/y")));
    assert_eq!((&seen["role"], &seen["authenticated"]), (&json!("authenticated"), &json!(true)));
    assert_eq!(seen["credentials"], json!([null, null, null]));
    let text = seen["headers"].to_string();
    assert!(text.contains("x-twice") && !text.contains("Bearer") && !text.contains("secret"), "{text}");
}

#[test]
fn bodies_pass_through_without_a_change() {
    let kernel = Kernel::start(&["http"], CONFIG);
    let content: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    assert_eq!(kernel.ask("POST", "/test/http/pass", &[], &content).body, content);
    let wrapped = kernel.ask("POST", "/test/http/wrap", &[], b"1,2");
    assert_eq!((wrapped.status, wrapped.text().as_str()), (201, "[1,2]"));
    assert_eq!(kernel.get("/test/http/pass").text(), "none");
    assert_eq!(kernel.ask("POST", "/test/http/read", &[], b"12345678").text(), "12345678");
    kernel.ask("POST", "/test/http/read", &[], b"123456789").refuses(413, "body.too-large");
}

#[test]
fn handles_stand_for_no_more_memory_than_the_limit() {
    let kernel = Kernel::start(&["http"], CONFIG);
    kernel.ask("POST", "/test/http/hoard", &[], &vec![0; 100_000]).refuses(500, "plugin.out-of-memory");
    assert_eq!(kernel.ask("POST", "/test/http/hoard", &[], b"few").text(), "9000");
}

#[test]
fn a_problem_has_the_status_of_its_code() {
    let kernel = Kernel::start(&["http"], CONFIG);
    for (code, status) in
        [("http.not-found", 404), ("23505", 409), ("42501", 403), ("sql.busy", 503), ("shop.closed", 500)]
    {
        let answer = kernel.get(&format!("/test/http/problem?{code}"));
        answer.refuses(status, code);
        assert_eq!(answer.json()["hint"], "a hint");
    }
}

#[test]
fn an_answer_that_http_does_not_allow_is_the_plugins_fault() {
    let kernel = Kernel::start(&["http"], CONFIG);
    kernel.get("/test/http/status?99").refuses(500, "plugin.bad-response");
    kernel.get("/test/http/status?700").refuses(500, "plugin.bad-response");
    let split = kernel.get("/test/http/header");
    split.refuses(500, "plugin.bad-response");
    assert!(!split.headers.contains_key("x-injected"));
    let framing = kernel.get("/test/http/framing");
    assert_eq!((framing.text().as_str(), framing.header("x-kept")), ("whole", "1"));
}

#[test]
fn a_method_that_a_route_does_not_list_is_refused_with_those_that_it_does() {
    let kernel = Kernel::start(&["http"], CONFIG);
    assert_eq!(kernel.get("/test/http/only/get").text(), "fixed");
    let refused = kernel.ask("POST", "/test/http/only/get", &[], b"");
    refused.refuses(405, "http.method-not-allowed");
    assert_eq!(refused.header("allow"), "GET, HEAD");
    let head = kernel.ask("HEAD", "/test/http/only/get", &[], b"");
    assert_eq!(
        (head.status, head.header("content-length"), head.text().as_str()),
        (200, "5", ""),
        "HEAD is GET without its content"
    );
}

#[test]
fn a_bad_token_is_refused_before_a_plugin_sees_the_request() {
    let kernel = Kernel::start(&["http"], CONFIG);
    for (token, code) in [("Bearer x", "auth.invalid-token"), ("Basic abc", "auth.invalid-token")] {
        let answer = kernel.ask("GET", "/test/http/echo", &[("authorization", token)], b"");
        answer.refuses(401, code);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[test]
fn what_is_too_large_is_refused_with_the_limit() {
    let kernel = Kernel::start(&["http"], CONFIG);
    kernel.ask("POST", "/test/http/pass", &[], &vec![0; (1 << 20) + 1]).refuses(413, "http.body-too-large");
    kernel.get(&format!("/test/http/echo?{}", "x".repeat(8200))).refuses(414, "http.url-too-long");
    let long = "x".repeat(17 << 10);
    kernel.ask("GET", "/test/http/echo", &[("x-long", &long)], b"").refuses(431, "http.headers-too-large");
    assert_eq!(kernel.get("/test/http/echo").status, 200, "and the next request is served");
}

#[test]
fn every_answer_has_its_id_and_protects_browsers() {
    let kernel = Kernel::start(&["http"], CONFIG);
    for path in ["/test/http/echo", "/health", "/nowhere"] {
        let answer = kernel.ask("GET", path, &[("x-request-id", "from-a-client")], b"");
        assert_eq!(answer.header("x-request-id"), "from-a-client", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("x-xss-protection"), "0");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(answer.header("strict-transport-security").starts_with("max-age="));
        assert!(!answer.headers.contains_key("server"), "{path}");
    }
    kernel.wait_for_log("from-a-client");
}

#[test]
fn an_error_is_a_problem_document_for_those_who_ask_for_one() {
    let kernel = Kernel::start(&["http"], CONFIG);
    let plain = kernel.get("/nowhere");
    plain.refuses(404, "http.not-found");
    let problem = kernel.ask("GET", "/nowhere", &[("accept", "text/html, application/problem+json;q=0.5")], b"");
    assert_eq!(problem.header("content-type"), "application/problem+json");
    let body = problem.json();
    assert_eq!(
        (&body["status"], &body["title"], &body["code"]),
        (&json!(404), &json!("Not Found"), &json!("http.not-found"))
    );
}

#[test]
fn a_plugin_cannot_take_the_kernels_word() {
    let kernel = Kernel::start(&["http"], CONFIG);
    let headers = [
        ("x-request-id", "mine"),
        ("answer-x-request-id", "forged"),
        ("answer-x-frame-options", "SAMEORIGIN"),
        ("answer-server", "evil"),
    ];
    let answer = kernel.ask("GET", "/test/http/answer", &headers, b"");
    let all =
        |name: &str| answer.headers.get_all(name).iter().map(|value| value.to_str().expect("text")).collect::<Vec<_>>();
    assert_eq!((all("x-request-id"), all("x-frame-options")), (vec!["mine"], vec!["DENY"]));
    assert!(all("server").is_empty());
}
