//! What responses say about results. It deliberately has no rows: they are not the plugin's to see.

use super::*;
use crate::fixture::{orders, parse};
use crate::payload::Payload;
use crate::plan::plan;

/// The response to a request whose result had these counts, as text: the status, then one header a line.
fn response(request: &str, headers: &[(&str, &str)], counts: &Counts) -> String {
    let config = Config { require_filter: false, ..Config::default() };
    response_with(request, headers, counts, &config)
}

fn response_with(request: &str, headers: &[(&str, &str)], counts: &Counts, config: &Config) -> String {
    let (relation, intent) = (orders(), parse(request, headers).expect(request));
    let payload = Payload::Object(vec!["id".to_owned(), "price".to_owned()]);
    let plan = plan(&intent, &payload, &relation, config).expect(request);
    let context = Context { intent: &intent, relation: &relation, config, mount: "/rest/v1" };
    text(&render(context, &plan, counts))
}

fn text(response: &Response) -> String {
    let headers = response.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    std::iter::once(response.status.to_string()).chain(headers).collect::<Vec<_>>().join("\n")
}

fn page(page: u64, total: Option<u64>) -> Counts {
    Counts { page, total, ..Counts::default() }
}

#[test]
fn says_which_part_of_the_result_it_is() {
    let table = [
        ("GET limit=50", page(15, None), "200", "0-14/*"),
        ("GET limit=2", page(2, Some(15)), "206", "0-1/15"),
        ("GET limit=2&offset=3", page(2, Some(15)), "206", "3-4/15"),
        ("GET limit=50", page(15, Some(15)), "200", "0-14/15"),
        ("GET limit=0", page(0, None), "200", "*/*"),
        ("GET id=eq.0", page(0, Some(0)), "200", "*/0"),
        ("GET offset=15", page(0, Some(15)), "206", "*/15"),
        ("GET offset=1", page(0, Some(0)), "416", "*/0"),
        ("GET offset=100", page(0, Some(15)), "416", "*/15"),
        ("GET offset=100", page(0, None), "200", "*/*"),
        ("HEAD limit=2", page(2, Some(15)), "206", "0-1/15"),
    ];
    for (request, counts, status, range) in table {
        let text = response(request, &[], &counts);
        assert!(text.starts_with(status), "{request}: {text}");
        assert!(text.contains(&format!("\ncontent-range: {range}")), "{request}: {text}");
    }
}

#[test]
fn says_when_a_limit_of_the_operator_cut_the_answer() {
    let cut = |request: &str, counts: Counts, prefer: &str| {
        let text = response(request, &[("prefer", prefer)], &counts);
        text.lines().find_map(|line| line.strip_prefix("x-basalt-limit: ")).map(str::to_owned)
    };
    assert_eq!(cut("GET", page(100, None), ""), None);
    assert_eq!(cut("GET", page(101, None), ""), Some("100".to_owned()));
    assert_eq!(cut("GET limit=5000", page(1001, None), ""), Some("1000".to_owned()));
    assert_eq!(cut("GET limit=5000", page(1000, Some(1000)), "count=exact"), None);
    assert_eq!(cut("GET limit=5000", page(1000, Some(1001)), "count=exact"), Some("1000".to_owned()));
    assert_eq!(cut("GET limit=5", page(5, Some(100)), "count=exact"), None);
    assert_eq!(cut("GET offset=10000", page(1, None), ""), Some("10000".to_owned()));
    assert_eq!(cut("GET offset=10000", page(0, None), ""), None);
}

#[test]
fn the_row_beyond_the_limit_is_not_part_of_the_range() {
    assert!(response("GET", &[], &page(101, None)).contains("content-range: 0-99/*"));
}

#[test]
fn a_read_tells_its_canonical_place() {
    insta::assert_snapshot!(response("GET price=gt.1&id=eq.2", &[("prefer", "count=exact, return=minimal")], &page(1, Some(1))), @r#"
    200
    content-range: 0-0/1
    content-location: /rest/v1/orders?id=eq.2&price=gt.1
    content-type: application/json; charset=utf-8
    preference-applied: count=exact
    "#);
}

#[test]
fn writes_answer_with_what_was_preferred() {
    let one = page(1, None);
    insta::assert_snapshot!(response("POST", &[], &one), @r#"
    201
    content-range: */*
    "#);
    insta::assert_snapshot!(response("POST", &[("prefer", "return=representation, count=exact")], &one), @r#"
    201
    content-range: */1
    content-type: application/json; charset=utf-8
    preference-applied: return=representation, count=exact
    "#);
    insta::assert_snapshot!(response("PATCH id=eq.1", &[("prefer", "return=minimal")], &one), @r#"
    204
    content-range: 0-0/*
    preference-applied: return=minimal
    "#);
    insta::assert_snapshot!(response("PATCH id=eq.1", &[("prefer", "return=representation")], &page(0, None)), @r#"
    200
    content-range: */*
    content-type: application/json; charset=utf-8
    preference-applied: return=representation
    "#);
    insta::assert_snapshot!(response("DELETE id=eq.1", &[("prefer", "handling=strict, max-affected=1, count=exact")], &one), @r#"
    204
    content-range: */1
    preference-applied: count=exact, handling=strict, max-affected=1
    "#);
}

#[test]
fn an_insert_of_one_row_tells_where_it_is() {
    let counts = Counts { page: 1, key: Some(r#"["a b&c"]"#.to_owned()), ..Counts::default() };
    let text = response("POST", &[("prefer", "return=headers-only")], &counts);
    assert!(text.contains("location: /rest/v1/orders?id=eq.a%20b%26c"), "{text}");
    assert!(!response("POST", &[("prefer", "return=headers-only")], &page(2, None)).contains("location"));
}

#[test]
fn a_merge_that_inserted_nothing_created_nothing() {
    let merge = [("prefer", "resolution=merge-duplicates")];
    let inserted = |inserted| Counts { page: 1, inserted: Some(inserted), ..Counts::default() };
    assert!(response("POST", &merge, &inserted(1)).starts_with("201"));
    assert!(response("POST", &merge, &inserted(0)).starts_with("200"));
    assert!(response("POST", &merge, &page(0, None)).starts_with("200"));
}

#[test]
fn a_replacement_tells_whether_the_row_is_new() {
    let represented = [("prefer", "return=representation")];
    let inserted = |inserted| Counts { page: 1, inserted: Some(inserted), ..Counts::default() };
    assert!(response("PUT id=eq.1", &represented, &inserted(1)).starts_with("201"));
    assert!(response("PUT id=eq.1", &represented, &inserted(0)).starts_with("200"));
    assert_eq!(response("PUT id=eq.1", &[], &inserted(1)), "204");
}

#[test]
fn names_the_schema_where_there_are_several() {
    let several = Config { schemas: vec!["public".to_owned(), "v2".to_owned()], ..Config::default() };
    let told = |headers: &[(&str, &str)], config: &Config| {
        response_with("GET", headers, &page(0, None), config).contains("content-profile: public")
    };
    assert!(told(&[], &several));
    assert!(told(&[("profile", "public")], &Config::default()));
    assert!(!told(&[], &Config::default()));
}

#[test]
fn tells_what_can_be_done() {
    assert_eq!(text(&describe(&orders())), "200\nallow: OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE");
    let mut view = orders();
    (view.insertable, view.updatable, view.deletable) = (false, false, false);
    assert_eq!(text(&describe(&view)), "200\nallow: OPTIONS,GET,HEAD");
}

#[test]
fn a_refusal_has_exactly_four_members() {
    let refusal = Refusal::not_singular(5);
    let response = refuse(&refusal);
    assert_eq!(
        text(&response),
        "406\ncontent-type: application/json; charset=utf-8\nproxy-status: PostgREST; error=PGRST116"
    );
    let sdk_plugin::http::Content::Text(body) = response.content else { panic!() };
    insta::assert_snapshot!(body, @r#"{"code":"PGRST116","details":"The result contains 5 rows","hint":null,"message":"Cannot coerce the result to a single JSON object"}"#);
}
