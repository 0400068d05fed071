//! Requests as text and what they ask for. It deliberately stays with the shape: what becomes of it is tested by the stages
//! that follow.

use super::field::{Field, Key, Step};
use super::filter::{Condition, Operation, Test};
use super::order::{Direction, Nulls};
use super::prefer::{Resolution, Returns};
use super::select::Item;
use super::window::Window;
use crate::fixture::parse;

/// The faults of a parameter: where, and what was expected there.
fn fault(query: &str) -> (String, Box<str>) {
    let refusal = parse(&format!("GET {query}"), &[]).expect_err(query);
    assert_eq!((refusal.status, refusal.code.as_str()), (400, "PGRST100"), "{query}");
    (refusal.message, refusal.details.unwrap())
}

#[test]
fn points_at_the_character_that_does_not_fit() {
    let table = [
        ("id=0", 1, r#"unexpected "0" expecting "not" or operator (eq, gt, ...)"#),
        ("id=", 1, r#"unexpected end of input expecting "not" or operator (eq, gt, ...)"#),
        ("id=eq", 1, r#"unexpected "e" expecting "not" or operator (eq, gt, ...)"#),
        ("id=noop.1", 1, r#"unexpected "n" expecting "not" or operator (eq, gt, ...)"#),
        ("id=EQ.1", 1, r#"unexpected "E" expecting "not" or operator (eq, gt, ...)"#),
        ("id=not.1", 1, r#"unexpected "n" expecting operator (eq, gt, ...)"#),
        ("id=eq(some).1", 1, r#"unexpected "e" expecting "not" or operator (eq, gt, ...)"#),
        ("id=neq(any).1", 1, r#"unexpected "n" expecting "not" or operator (eq, gt, ...)"#),
        ("id=is.nil", 4, r#"unexpected "n" expecting isVal: (null, not_null, true, false, unknown)"#),
        ("id=is.nullx", 4, r#"unexpected "n" expecting isVal: (null, not_null, true, false, unknown)"#),
        ("id=in.1,2", 4, r#"unexpected "1" expecting "(""#),
        ("id=in.(1,2", 8, r#"unexpected end of input expecting ")""#),
        ("id=in.(1)2", 7, r#"unexpected "2" expecting end of input"#),
        ("order=id.ac", 4, r#"unexpected "a" expecting "asc", "desc", "nullsfirst" or "nullslast""#),
        ("order=id.asc.nlsfst", 8, r#"unexpected "n" expecting "nullsfirst" or "nullslast""#),
        ("order=id.asc.nullslasttt", 17, r#"unexpected 't' expecting "," or end of input"#),
        ("order=id,,price", 4, r#"unexpected "," expecting field name (* or [a..z0..9_$])"#),
        ("select=id,", 4, "unexpected end of input expecting field name (* or [a..z0..9_$])"),
        ("select=id::", 5, "unexpected end of input expecting letter or digit"),
        ("select=id%3Bdrop", 3, r#"unexpected ";" expecting "," or end of input"#),
        (
            "select=settings->(x",
            11,
            "unexpected \"(\" expecting \"-\", digit or any non reserved character different from: .,>()",
        ),
        ("columns=id,", 4, "unexpected end of input expecting field name (* or [a..z0..9_$])"),
        (
            "or=()",
            2,
            "unexpected \")\" expecting field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)",
        ),
        ("or=id.eq.1", 1, r#"unexpected "i" expecting "(""#),
        ("and=(id.eq.1", 9, r#"unexpected end of input expecting "," or ")""#),
        ("and=(id.eq.1)x", 10, "unexpected \"x\" expecting end of input"),
        ("and=(id)", 4, r#"unexpected ")" expecting ".""#),
    ];
    for (query, column, details) in table {
        let (message, found) = fault(query);
        assert_eq!(&*found, details, "{query}");
        assert!(message.ends_with(&format!("(line 1, column {column})")), "{query}: {message}");
    }
}

#[test]
fn quotes_the_text_that_does_not_fit() {
    assert_eq!(fault("id=0").0, "\"failed to parse filter (0)\" (line 1, column 1)");
    assert_eq!(fault("order=id.x").0, "\"failed to parse order (id.x)\" (line 1, column 4)");
    assert_eq!(fault("or=(").0, "\"failed to parse logic tree (()\" (line 1, column 2)");
    // Columns are characters, not bytes.
    assert_eq!(fault("order=größe.x").0, "\"failed to parse order (größe.x)\" (line 1, column 7)");
}

#[test]
fn refuses_what_it_does_not_have_instead_of_leaving_it_out() {
    let table = [
        ("GET select=id,customers(name)", "PGRST127"),
        ("GET select=...customers(name)", "PGRST127"),
        ("GET select=id,c:customers!inner(name)", "PGRST127"),
        ("GET select=price.sum()", "PGRST123"),
        ("GET select=count()", "PGRST123"),
        ("GET customers.name=eq.x", "PGRST108"),
        ("GET customers.order=name", "PGRST108"),
        ("GET order=customers(name)", "PGRST108"),
        ("BREW", "PGRST117"),
    ];
    for (request, code) in table {
        assert_eq!(parse(request, &[]).expect_err(request).code, code, "{request}");
    }
    for preference in ["count=planned", "count=estimated", "missing=default"] {
        assert_eq!(parse("GET", &[("prefer", preference)]).unwrap_err().code, "PGRST127", "{preference}");
    }
}

#[test]
fn bounds_how_deep_groups_nest() {
    let nested = |depth: usize| format!("GET and=({}id.eq.1{})", "or(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(32), &[]).is_ok());
    assert!(parse(&nested(33), &[]).unwrap_err().details.unwrap().contains("nest deeper"));
    assert!(parse(&nested(100_000), &[]).is_err());
}

#[test]
fn survives_hostile_text() {
    let long = "x".repeat(1 << 20);
    let cases = [
        format!("id=in.({})", "1,".repeat(200_000)),
        format!("select={}", "id,".repeat(100_000)),
        format!("order={}", "\"".repeat(100_000)),
        format!("{long}=eq.1"),
        format!("id=eq.{long}"),
        "\"=eq.1".to_owned(),
        "%00=eq.%00".to_owned(),
        "id=eq.%FF%FE".to_owned(),
        "=".to_owned(),
        "&&&".to_owned(),
        "select=%22id".to_owned(),
        "id=in.(\"a\\".to_owned(),
        "and=({,})".to_owned(),
    ];
    for query in cases {
        drop(parse(&format!("GET {query}"), &[]));
    }
}

#[test]
fn reads_the_names_that_people_give() {
    let name = |query: &str| match parse(&format!("GET {query}=eq.1"), &[]).expect(query).filters.remove(0) {
        Condition::Test(test) => test.field.name,
        Condition::Group(_) => panic!("{query}"),
    };
    let table = [
        ("id", "id"),
        ("with%20space", "with space"),
        ("%20id%20", "id"),
        ("field-with_sep", "field-with_sep"),
        ("do$llar", "do$llar"),
        ("gr%C3%B6%C3%9Fe", "größe"),
        ("%22a.b%22", "a.b"),
        ("%22we%5C%22ird%22", "we\"ird"),
        ("%22%20id%22", " id"),
        ("1", "1"),
    ];
    for (query, expected) in table {
        assert_eq!(name(query), expected, "{query}");
    }
}

#[test]
fn reads_lists() {
    let values = |query: &str| match parse(&format!("GET id={query}"), &[]).expect(query).filters.remove(0) {
        Condition::Test(Test { operation: Operation::In(values), .. }) => values,
        other => panic!("{query}: {other:?}"),
    };
    let table: [(&str, &[&str]); 10] = [
        ("in.(1,2)", &["1", "2"]),
        ("in.()", &[""]),
        ("in.(%20%20)", &[""]),
        ("in.(%20,3)", &["", "3"]),
        (r#"in.("a,b","c)d")"#, &["a,b", "c)d"]),
        (r#"in.("a\"b","c\\d")"#, &["a\"b", "c\\d"]),
        (r#"in.(a"b"c)"#, &["a\"b\"c"]),
        (r#"in.(")"#, &["\""]),
        (r"in.(\)", &["\\"]),
        (r#"in.("a"b)"#, &["\"a\"b"]),
    ];
    for (query, expected) in table {
        assert_eq!(values(query), expected, "{query}");
    }
}

#[test]
fn reads_select_and_order() {
    let intent =
        parse("GET select=*,total:price::text,settings->a->>0&order=id,price.desc.nullslast,customer.nullsfirst", &[]);
    let intent = intent.unwrap();
    let path = vec![Step { text: false, key: Key::Member("a".to_owned()) }, Step { text: true, key: Key::Index(0) }];
    let field = |name: &str| Field { name: name.to_owned(), path: Vec::new() };
    let aliased = Item::Field { field: field("price"), alias: Some("total".into()), cast: Some("text".into()) };
    let within = Item::Field { field: Field { name: "settings".into(), path }, alias: None, cast: None };
    assert_eq!(intent.select, [Item::All, aliased, within]);
    let order: Vec<_> =
        intent.order.iter().map(|term| (term.field.name.as_str(), term.direction, term.nulls)).collect();
    assert_eq!(
        order,
        [
            ("id", None, None),
            ("price", Some(Direction::Descending), Some(Nulls::Last)),
            ("customer", None, Some(Nulls::First)),
        ]
    );
}

#[test]
fn an_empty_select_is_everything_and_a_parameter_without_value_is_absent() {
    assert_eq!(parse("GET select=", &[]).unwrap().select, []);
    assert_eq!(parse("GET id&select", &[]).unwrap().filters, []);
}

#[test]
fn narrows_the_window() {
    let window = |offset, limit| Ok(Window { offset, limit });
    let refused = |details: &str| Err(details.into());
    let order = "The lower boundary must be lower than or equal to the upper boundary in the Range header.";
    let table = [
        ("", "", window(0, None)),
        ("limit=3", "", window(0, Some(3))),
        ("limit=3&offset=2", "", window(2, Some(3))),
        ("limit=0", "", window(0, Some(0))),
        ("limit=x&offset=y", "", window(0, None)),
        ("offset=-5", "", window(0, None)),
        ("limit=-1", "", refused("Limit should be greater than or equal to zero.")),
        ("", "0-1", window(0, Some(2))),
        ("", "5-", window(5, None)),
        ("limit=3", "0-1", window(0, Some(2))),
        ("limit=3&offset=4", "0-9", window(4, Some(3))),
        ("limit=3", "7-9", window(7, Some(0))),
        ("", "1-0", refused(order)),
        ("", "bytes=0-1", window(0, None)),
        ("", "-1", window(0, None)),
        ("", "0-99999999999999999999", window(0, Some(u64::MAX))),
    ];
    for (query, range, expected) in table {
        let found = parse(&format!("GET {query}"), &[("range", range)]);
        assert_eq!(found.map(|intent| intent.window).map_err(|r| r.details.unwrap()), expected, "{query} {range}");
    }
}

#[test]
fn reads_preferences() {
    let prefer = |text: &str| parse("POST", &[("prefer", text)]).map(|intent| intent.preferences);
    let preferences = prefer("return=representation, resolution=merge-duplicates,count=exact , tx=rollback").unwrap();
    assert_eq!(preferences.returns, Some(Returns::Representation));
    assert_eq!(preferences.resolution, Some(Resolution::Merge));
    assert!(preferences.count);
    assert_eq!(prefer("return=minimal, return=representation").unwrap().returns, Some(Returns::Minimal));
    assert!(prefer("handling=lenient, anything").is_ok());
    assert_eq!(prefer("handling=strict, max-affected=5").unwrap().max_affected, Some(5));
    let refusal = prefer("handling=strict, something, else").unwrap_err();
    assert_eq!(refusal.details.as_deref(), Some("Invalid preferences: something, else"));
}

#[test]
fn chooses_the_form_of_the_answer() {
    let table = [
        ("", Ok("application/json; charset=utf-8")),
        ("*/*", Ok("application/json; charset=utf-8")),
        ("text/html,application/json;q=0.9,*/*;q=0.8", Ok("application/json; charset=utf-8")),
        ("application/vnd.pgrst.object+json", Ok("application/vnd.pgrst.object+json; charset=utf-8")),
        ("application/vnd.pgrst.object", Ok("application/vnd.pgrst.object+json; charset=utf-8")),
        (
            "application/json;q=0.1, application/vnd.pgrst.object+json",
            Ok("application/vnd.pgrst.object+json; charset=utf-8"),
        ),
        (
            "application/vnd.pgrst.array+json;nulls=stripped",
            Ok("application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8"),
        ),
        ("text/unknowntype", Err("None of these media types are available: text/unknowntype")),
        ("text/csv, application/json;q=0", Err("None of these media types are available: text/csv, application/json")),
    ];
    for (accept, expected) in table {
        let found = parse("GET", &[("accept", accept)]);
        let found = found.as_ref().map(|i| i.media.content_type()).map_err(|r| r.message.as_str());
        assert_eq!(found, expected, "{accept}");
    }
}

#[test]
fn refuses_payloads_that_it_cannot_read() {
    for accepted in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        assert!(parse("POST", &[("content-type", accepted)]).is_ok(), "{accepted}");
    }
    let refusal = parse("POST", &[("content-type", "text/csv; header=present")]).unwrap_err();
    assert_eq!(refusal.message, "Content-Type not acceptable: text/csv");
    assert!(parse("DELETE", &[("content-type", "text/csv")]).is_ok());
}
