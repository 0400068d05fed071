//! `etag`: a tag for every whole answer, and 304 for those who have it.

use serde_json::json;

use crate::kernel::{Kernel, wait_until, without_plugins};

const CONFIG: &str = "[plugins.etag]\ngrant = { http = { filter = true } }\n\
    [plugins.test-http]\ngrant = { http = {} }\n\
    [plugins.rest]\ntrusted = true\n\
    grant = { http = {}, sql = { modes = [\"caller\"] }, schema = { schemas = [\"*\"] }, log = {}, clock = {}, settings = {} }\n";

#[test]
fn an_answer_that_the_client_has_is_not_sent_again() {
    if without_plugins() {
        return;
    }
    let kernel = Kernel::start(&["etag", "rest"], CONFIG);
    kernel.sql("create table city (id int primary key, name text); insert into city values (1, 'Bern'); grant all on city to anon");
    wait_until("the table is known", || kernel.get("/rest/v1/city").status == 200);
    let first = kernel.get("/rest/v1/city");
    let tag = first.header("etag").to_owned();
    assert!(tag.len() == 34 && tag.starts_with('"'), "a strong tag: {tag}");
    let again = |known: &str| kernel.ask("GET", "/rest/v1/city", &[("if-none-match", known)], b"");
    for known in [tag.as_str(), "*", &format!("\"other\", W/{tag}")] {
        let answer = again(known);
        assert_eq!((answer.status, answer.header("etag")), (304, tag.as_str()), "{known}");
        assert!(answer.body.is_empty() && !answer.headers.contains_key("content-type"));
    }
    assert_eq!(again("\"other\"").status, 200);
    let change =
        kernel.ask("PATCH", "/rest/v1/city?id=eq.1", &[("content-type", "application/json")], br#"{"name":"Basel"}"#);
    assert_eq!((change.status, change.header("etag")), (204, ""));
    let changed = again(&tag);
    assert_eq!((changed.status, changed.ok()), (200, json!([{ "id": 1, "name": "Basel" }])));
    assert_ne!(changed.header("etag"), tag);
}

#[test]
fn errors_and_empty_answers_have_no_tag() {
    if without_plugins() {
        return;
    }
    let kernel = Kernel::start(&["etag", "http"], CONFIG);
    for path in ["/test/http/status?404", "/test/http/status?204", "/test/http/status?206", "/nowhere"] {
        assert_eq!(kernel.get(path).header("etag"), "", "{path}");
    }
    assert_eq!(kernel.ask("POST", "/test/http/pass", &[], b"x").header("etag"), "");
    assert_eq!(kernel.ask("GET", "/test/http/status?500", &[("if-none-match", "*")], b"").status, 500);
}

#[test]
fn the_tag_of_a_compressed_answer_is_weak_and_still_matches() {
    if without_plugins() {
        return;
    }
    let kernel = Kernel::start(&["etag", "http"], CONFIG);
    let ask = |known: &str| {
        let headers = [("accept-encoding", "gzip"), ("answer-content-type", "text/plain"), ("if-none-match", known)];
        kernel.ask("GET", "/test/http/answer?5000", &headers, b"")
    };
    let first = ask("\"other\"");
    let tag = first.header("etag").to_owned();
    assert_eq!((first.status, first.header("content-encoding")), (200, "gzip"));
    assert!(tag.starts_with("W/\""), "{tag}");
    let again = ask(&tag);
    assert_eq!((again.status, again.header("etag"), again.body.len()), (304, tag.as_str(), 0));
}
