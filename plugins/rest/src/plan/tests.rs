//! What plans make of requests: windows, unknown names, refusals. It deliberately leaves the SQL to the next stage's tests.

use super::*;
use crate::fixture::{orders, parse};

fn refused(request: &str, payload: &Payload, config: &Config) -> Refusal {
    let (relation, intent) = (orders(), parse(request, &[]).expect(request));
    plan(&intent, payload, &relation, config).expect_err(request)
}

fn window(request: &str, config: &Config) -> (Option<u64>, Option<u64>, bool) {
    let (relation, intent) = (orders(), parse(request, &[]).expect(request));
    match plan(&intent, &Payload::Empty, &relation, config).expect(request) {
        Plan::Read(read) => (read.window.limit, read.window.cap, read.window.probe),
        other => panic!("{request}: {other:?}"),
    }
}

fn limits(default_limit: u64, max_limit: u64, max_results: u64) -> Config {
    let limit = |limit: u64| (limit > 0).then_some(limit);
    Config {
        default_limit: limit(default_limit),
        max_limit: limit(max_limit),
        max_results: limit(max_results),
        ..Config::default()
    }
}

#[test]
fn limits_what_nobody_limited() {
    let table = [
        ("GET", limits(100, 1000, 10_000), (Some(100), Some(100), true)),
        ("GET limit=100", limits(100, 1000, 10_000), (Some(100), None, false)),
        ("GET limit=500", limits(100, 1000, 10_000), (Some(500), None, false)),
        ("GET limit=5000", limits(100, 1000, 10_000), (Some(1000), Some(1000), true)),
        ("GET limit=500&offset=9900", limits(100, 1000, 10_000), (Some(100), Some(10_000), true)),
        ("GET offset=9950", limits(100, 1000, 10_000), (Some(50), Some(10_000), true)),
        ("GET offset=20000", limits(100, 1000, 10_000), (Some(0), Some(10_000), true)),
        ("GET", limits(0, 1000, 0), (Some(1000), Some(1000), true)),
        ("GET", limits(100, 50, 0), (Some(50), Some(50), true)),
        ("GET", limits(0, 0, 0), (None, None, false)),
        ("GET limit=5000", limits(100, 0, 0), (Some(5000), None, false)),
    ];
    for (request, config, expected) in table {
        assert_eq!(window(request, &config), expected, "{request}");
    }
}

#[test]
fn does_not_limit_what_a_key_pins_down() {
    let free = (None, None, false);
    let capped = (Some(100), Some(100), true);
    let table = [
        ("GET id=eq.1", free),
        ("GET id=eq.1&price=gt.2", free),
        ("GET customer=eq.a&%22order%22=eq.1", free),
        ("GET id=not.eq.1", capped),
        ("GET id=gt.1", capped),
        ("GET id=eq(any).{1,2}", capped),
        ("GET id=in.(1)", capped),
        ("GET customer=eq.a", capped),
        ("GET or=(id.eq.1,id.eq.2)", capped),
        ("GET settings->id=eq.1", capped),
        ("GET id=eq.1&limit=5", (Some(5), None, false)),
    ];
    for (request, expected) in table {
        assert_eq!(window(request, &Config::default()), expected, "{request}");
    }
}

#[test]
fn a_count_makes_the_look_beyond_the_limit_needless() {
    let (relation, intent) = (orders(), parse("GET", &[("prefer", "count=exact")]).unwrap());
    let Ok(Plan::Read(read)) = plan(&intent, &Payload::Empty, &relation, &Config::default()) else { panic!() };
    assert_eq!((read.window.cap, read.window.probe), (Some(100), false));
}

#[test]
fn knows_only_the_columns_of_the_catalogue() {
    let table = [
        "GET nope=eq.1",
        "GET select=nope",
        "GET select=x:nope::text",
        "GET order=nope",
        "GET or=(id.eq.1,and(nope.eq.1))",
        "GET ID=eq.1",
        "GET %22id%00%22=eq.1",
        "GET %22id\\%22;--%22=eq.1",
    ];
    for request in table {
        let refusal = refused(request, &Payload::Empty, &Config::default());
        assert_eq!((refusal.status, refusal.code.as_str()), (400, "42703"), "{request}");
    }
    let refusal = refused("GET nope=eq.1", &Payload::Empty, &Config::default());
    assert_eq!(refusal.message, "column orders.nope does not exist");
}

#[test]
fn knows_only_the_members_that_are_columns() {
    let payload = Payload::Object(vec!["id".to_owned(), "nope".to_owned()]);
    for request in ["POST", "PATCH id=eq.1"] {
        let refusal = refused(request, &payload, &Config::default());
        assert_eq!(refusal.code, "PGRST204");
        assert_eq!(refusal.message, "Could not find the 'nope' column of 'orders' in the schema cache");
    }
}

#[test]
fn refuses_to_change_everything_unless_allowed() {
    let payload = Payload::Object(vec!["price".to_owned()]);
    let refusal = refused("PATCH", &payload, &Config::default());
    assert_eq!((refusal.status, refusal.code.as_str()), (400, "21000"));
    assert_eq!(refusal.message, "UPDATE requires a WHERE clause");
    assert_eq!(refused("DELETE", &Payload::Empty, &Config::default()).message, "DELETE requires a WHERE clause");
    let (relation, config) = (orders(), Config { require_filter: false, ..Config::default() });
    for request in ["PATCH", "DELETE"] {
        let intent = parse(request, &[]).unwrap();
        assert!(plan(&intent, &payload, &relation, &config).is_ok(), "{request}");
    }
}

#[test]
fn an_update_of_nothing_needs_no_filter() {
    let (relation, intent) = (orders(), parse("PATCH", &[]).unwrap());
    assert!(plan(&intent, &Payload::Object(Vec::new()), &relation, &Config::default()).is_ok());
}

#[test]
fn replaces_only_what_its_primary_key_names() {
    let payload = Payload::Object(vec!["id".to_owned(), "price".to_owned()]);
    let table = [
        ("PUT", "PGRST105"),
        ("PUT price=eq.1", "PGRST105"),
        ("PUT id=eq.1&price=eq.1", "PGRST105"),
        ("PUT id=not.eq.1", "PGRST105"),
        ("PUT id=in.(1)", "PGRST105"),
        ("PUT id=eq(any).{1}", "PGRST105"),
        ("PUT and=(id.eq.1)", "PGRST105"),
        ("PUT id->a=eq.1", "PGRST105"),
        ("PUT id=eq.1&limit=1", "PGRST114"),
    ];
    for (request, code) in table {
        assert_eq!(refused(request, &payload, &Config::default()).code, code, "{request}");
    }
    let keyless = Payload::Object(vec!["price".to_owned()]);
    assert_eq!(refused("PUT id=eq.1", &keyless, &Config::default()).code, "PGRST115");
}

#[test]
fn knows_which_writes_may_answer_with_much() {
    let object = Payload::Object(vec!["price".to_owned()]);
    let array = Payload::Array(vec!["price".to_owned()]);
    let table = [
        ("POST", "return=representation", &object, false),
        ("POST", "return=representation", &array, true),
        ("POST", "return=minimal", &array, false),
        ("PATCH id=eq.1", "return=representation", &object, false),
        ("PATCH id=gt.1", "return=representation", &object, true),
        ("PATCH id=gt.1", "", &object, false),
        ("DELETE price=eq.1", "return=representation", &object, true),
    ];
    for (request, prefer, payload, expected) in table {
        let (relation, intent) = (orders(), parse(request, &[("prefer", prefer)]).unwrap());
        let plan = plan(&intent, payload, &relation, &Config::default()).unwrap();
        assert_eq!(plan.returns_many(), expected, "{request} {prefer}");
    }
}

#[test]
fn refuses_limits_on_writes() {
    let payload = Payload::Object(vec!["price".to_owned()]);
    for request in ["PATCH id=gt.1&limit=1", "DELETE id=gt.1&offset=1", "POST limit=1"] {
        assert_eq!(refused(request, &payload, &Config::default()).code, "PGRST127", "{request}");
    }
}

#[test]
fn exposes_only_the_schemas_of_the_setting() {
    let config = Config { schemas: vec!["api".to_owned(), "v2".to_owned()], ..Config::default() };
    let schema = |profile: &[(&str, &str)]| {
        let intent = parse("GET", profile).unwrap();
        super::schema(&intent, &config)
            .map(str::to_owned)
            .map_err(|refusal| (refusal.status, refusal.message, refusal.hint))
    };
    assert_eq!(schema(&[]), Ok("api".to_owned()));
    assert_eq!(schema(&[("profile", "v2")]), Ok("v2".to_owned()));
    let hint = "Only the following schemas are exposed: api, v2".to_owned();
    assert_eq!(schema(&[("profile", "secret")]), Err((406, "Invalid schema: secret".to_owned(), Some(hint.into()))));
}
