//! Filters: in front of handlers and behind them, in order, with bodies that stay in the host.

use serde_json::json;

use crate::kernel::{Answer, Kernel};

const CONFIG: &str = "[plugins.test-http.grant]\nhttp = {}\n\
    [plugins.test-outer.grant]\nhttp = { filter = true }\n\
    [plugins.test-filter]\ngrant = { http = { filter = true } }\n";

fn kernel(more: &str) -> Kernel {
    Kernel::start(&["http", "filter", "outer"], &format!("{CONFIG}{more}"))
}

fn ask(kernel: &Kernel, path: &str, what: &str) -> Answer {
    kernel.ask("POST", path, &[("x-filter", what)], b"content")
}

#[test]
fn filters_see_a_request_from_the_outside_in_and_its_answer_from_the_inside_out() {
    let kernel = kernel("");
    let answer = ask(&kernel, "/test/http/echo", "");
    let headers = answer.ok()["headers"].to_string();
    assert!(headers.contains("[\"x-mark\",\"outer-inner\"]"), "{headers}");
    assert_eq!(answer.header("x-back"), "inner-outer");
}

#[test]
fn the_operator_can_turn_the_order_around() {
    let kernel = kernel("filter = { order = 1 }");
    assert_eq!(ask(&kernel, "/test/http/echo", "").header("x-back"), "-outerinner");
}

#[test]
fn a_filter_stands_only_in_front_of_its_mounts() {
    let kernel = kernel("filter = { mounts = [\"/test/httpx\", \"/elsewhere\"] }");
    let answer = ask(&kernel, "/test/http/echo", "answer");
    assert_eq!((answer.status, answer.header("x-back")), (200, "-outer"));
    assert!(!kernel.get("/health").headers.contains_key("x-back"), "the kernel's own paths have no filters");
}

#[test]
fn a_filter_can_answer_in_the_handlers_place() {
    let kernel = kernel("");
    let answer = ask(&kernel, "/test/http/echo", "answer");
    assert_eq!((answer.status, answer.text().as_str()), (203, "from the filter"));
    assert_eq!(answer.header("x-back"), "inner-outer", "and those in front of it see the answer");
    ask(&kernel, "/test/http/echo", "problem").refuses(500, "shop.closed");
}

#[test]
fn a_filter_changes_the_query_and_the_answer() {
    let kernel = kernel("");
    assert_eq!(ask(&kernel, "/test/http/echo?a=1", "query").ok()["query"], json!("changed=1"));
    assert_eq!(ask(&kernel, "/test/http/pass", "replace").text(), "replaced");
    assert_eq!(ask(&kernel, "/test/http/pass", "wrap").text(), "<content>");
    assert_eq!(ask(&kernel, "/test/http/pass", "status").status, 299);
    assert!(!ask(&kernel, "/test/http/framing", "").headers.contains_key("x-kept"));
}

#[test]
fn a_filter_cannot_forge_a_credential_or_split_an_answer() {
    let kernel = kernel("");
    ask(&kernel, "/test/http/echo", "forge").refuses(400, "http.invalid");
    ask(&kernel, "/test/http/echo", "split").refuses(400, "http.invalid");
    ask(&kernel, "/test/http/echo", "bad-status").refuses(400, "http.invalid");
}

#[test]
fn a_digest_is_of_the_content_and_made_by_the_host() {
    let kernel = kernel("");
    let answer = ask(&kernel, "/test/http/pass", "");
    let sha256 = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";
    assert_eq!(answer.header("x-digest"), sha256);
    assert_eq!(kernel.get("/test/http/status?204").header("x-digest"), "", "no content, no digest");
}

#[test]
fn a_filter_that_fails_refuses_unless_it_is_to_be_skipped() {
    let strict = kernel("");
    ask(&strict, "/test/http/echo", "trap").refuses(500, "plugin.trap");
    ask(&strict, "/test/http/echo", "trap-after").refuses(500, "plugin.trap");
    let lenient = kernel("filter = { on_failure = \"skip\" }");
    let headers = ask(&lenient, "/test/http/echo", "trap").ok()["headers"].to_string();
    assert!(headers.contains("[\"x-mark\",\"outer-\"]"), "what it did is undone with it: {headers}");
    assert_eq!(ask(&lenient, "/test/http/echo", "trap-after").header("x-back"), "-outer");
    let metrics = lenient.get("/metrics").text();
    assert!(
        metrics.contains("basalt_plugin_calls_total{outcome=\"plugin.trap\",plugin=\"test-filter\"} 2"),
        "{metrics}"
    );
}

#[test]
fn a_filter_that_cannot_load_does_not_let_requests_pass_it() {
    let config = CONFIG.replace("grant = { http = { filter = true } }", "grant = { http = {} }");
    let kernel = Kernel::start(&["http", "filter", "outer"], &config);
    kernel.get("/test/http/echo").refuses(503, "plugin.unavailable");
    kernel.wait_for_log("http = { filter = true }");
}
