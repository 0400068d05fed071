//! `dispatch`: a plugin asks routes of this instance as its caller, and no others, and no deeper than is allowed.

use serde_json::{Value, json};

use crate::kernel::Kernel;

const GRANT: &str = "[plugins.test-dispatch.grant]\nhttp = {}\n\
    dispatch = { routes = [\"* /test/http/{what}\", \"GET /test/dispatch/deep/{levels}\", \"GET /test/dispatch/fan/{levels}\", \
    \"GET /test/circle/circle\", \"POST /test/sql/\", \
    \"* /test/hostile/{*attack}\", \"GET /nothing\"] }\n\
    [plugins.test-http.grant]\nhttp = {}\n";

fn kernel(more: &str) -> Kernel {
    Kernel::start(&["dispatch", "http", "hostile"], &format!("{GRANT}{more}"))
}

fn ask(kernel: &Kernel, order: Value) -> Value {
    kernel.post("/test/dispatch/", &order).ok()
}

fn seen(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().expect("a body")).expect("JSON")
}

#[test]
fn a_plugin_asks_as_its_caller() {
    let kernel = kernel("");
    let bearer = kernel.bearer("authenticated", "7");
    let headers = [("authorization", bearer.as_str()), ("x-request-id", "one"), ("content-type", "application/json")];
    let order = json!({ "method": "PUT", "target": "/test/http/echo?a=%20b", "body": "four",
        "headers": [["accept", "x/y"], ["authorization", "Bearer forged"], ["cookie", "a=b"]] });
    let answer = kernel.ask("POST", "/test/dispatch/", &headers, order.to_string().as_bytes()).ok();
    assert_eq!(answer["status"], 200);
    let seen = seen(&answer);
    assert_eq!(
        (&seen["role"], &seen["authenticated"], &seen["id"]),
        (&json!("authenticated"), &json!(true), &json!("one"))
    );
    assert_eq!(seen["head"], json!(["PUT", "main", "/test/http/echo", "/test/http", "a=%20b", [["what", "echo"]]]));
    assert_eq!((&seen["length"], &seen["accept"]), (&json!(4), &json!("x/y")));
    assert_eq!(seen["credentials"], json!([null, null, null]));
}

#[test]
fn who_is_nobody_stays_nobody() {
    let kernel = kernel("");
    let order = json!({ "method": "GET", "target": "/test/http/echo", "headers": [["authorization", "Bearer x"]] });
    let seen = seen(&ask(&kernel, order));
    assert_eq!((&seen["role"], &seen["authenticated"]), (&json!("anon"), &json!(false)));
}

#[test]
fn what_was_not_granted_is_not_asked() {
    let kernel = kernel("");
    for (method, target) in [
        ("GET", "/test/http"),
        ("GET", "/test/http/a/b"),
        ("POST", "/test/dispatch/deep/1"),
        ("GET", "/test/dispatch/"),
        ("GET", "/health"),
        ("GET", "/test%2fhttp/echo"),
    ] {
        let answer = ask(&kernel, json!({ "method": method, "target": target }));
        assert_eq!(answer["problem"], "dispatch.not-granted", "{method} {target}: {answer}");
    }
    for (method, target) in [
        ("GET", "http://example.com/test/http/echo"),
        ("GET", "//example.com/test/http/echo"),
        ("GET", "test/http/echo"),
        ("G T", "/test/http/echo"),
        ("GET", "/test/http/\u{0}"),
        ("GET", ""),
    ] {
        let answer = ask(&kernel, json!({ "method": method, "target": target }));
        let code = answer["problem"].as_str().unwrap_or_default();
        assert!(code == "dispatch.invalid" || code == "dispatch.not-granted", "{method} {target}: {answer}");
    }
    let header = json!({ "method": "GET", "target": "/test/http/echo", "headers": [["a b", "c"]] });
    assert_eq!(ask(&kernel, header)["problem"], "dispatch.invalid");
}

#[test]
fn a_wish_beyond_the_grant_keeps_the_plugin_from_loading() {
    let config = "[plugins.test-dispatch.grant]\nhttp = {}\ndispatch = { routes = [\"GET /test/http/{what}\"] }\n";
    let kernel = Kernel::start(&["dispatch"], config);
    kernel.get("/test/dispatch/deep/0").refuses(503, "plugin.unavailable");
    kernel.wait_for_log("dispatch");
}

#[test]
fn what_does_not_answer_is_a_problem_of_its_code() {
    let kernel = kernel("");
    for (target, code) in [("/nothing", "http.not-found"), ("/test/hostile/trap", "plugin.unavailable")] {
        assert_eq!(ask(&kernel, json!({ "method": "GET", "target": target }))["problem"], code, "{target}");
    }
}

#[test]
fn another_plugins_crash_is_a_problem_and_no_crash() {
    let kernel = kernel("[plugins.test-hostile.grant]\nhttp = {}\nlog = {}\n");
    let answer = ask(&kernel, json!({ "method": "GET", "target": "/test/hostile/trap" }));
    assert_eq!(answer["problem"], "plugin.trap");
    assert_eq!(kernel.get("/test/dispatch/deep/1").text(), "bottom");
}

#[test]
fn who_is_asked_has_no_more_time_than_who_asks() {
    let limits = "[plugins.test-hostile]\ngrant = { http = {}, log = {} }\nlimits = { fuel = 1000000000000 }\n\
        [plugins.test-dispatch.limits]\ndeadline = \"4s\"\n";
    let answer = ask(&kernel(limits), json!({ "method": "GET", "target": "/test/hostile/loop" }));
    assert_eq!(answer["problem"], "plugin.timeout", "the asking plugin had the time to say so");
}

#[test]
fn plugins_that_ask_in_circles_come_to_an_end() {
    let kernel = kernel("");
    assert_eq!(kernel.get("/test/dispatch/deep/4").text(), "bottom");
    kernel.get("/test/dispatch/deep/5").refuses(500, "dispatch.too-deep");
    kernel.get("/test/dispatch/deep/4000000000").refuses(500, "dispatch.too-deep");
}

#[test]
fn one_call_asks_only_so_often() {
    let kernel = kernel("[plugins.test-dispatch.limits]\ndispatches = 5\n");
    let order = |times: u32| json!({ "method": "GET", "target": "/test/http/echo", "times": times });
    assert_eq!(ask(&kernel, order(5))["status"], 200);
    assert_eq!(ask(&kernel, order(6))["problem"], "dispatch.too-many");
    assert_eq!(ask(&kernel, order(5))["status"], 200, "each call has its own");
}
