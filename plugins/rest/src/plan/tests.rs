//! What is decided before any SQL is written.

use super::window::Cap;
use super::{Plan, Read};
use crate::config::Config;
use crate::fixture::planned;
use crate::run::Check;

fn read(request: &str, headers: &[(&str, &str)], config: &Config) -> Read {
    match planned(request, headers, "", config).unwrap().1 {
        Plan::Read(read) => read,
        other => panic!("{other:?}"),
    }
}

#[test]
fn limits_cut_what_nobody_limited() {
    let config = Config::default();
    let cut = |request: &str| {
        let read = read(request, &[], &config);
        (read.tree.window.limit, read.cap.map(|cap| cap.limit))
    };
    assert_eq!(cut("GET orders"), (Some(100), Some(100)));
    assert_eq!(cut("GET orders?limit=50"), (Some(50), None));
    assert_eq!(cut("GET orders?limit=5000"), (Some(1000), Some(1000)));
    assert_eq!(cut("GET orders?limit=500&offset=9900"), (Some(100), Some(10_000)));
    assert_eq!(cut("GET orders?id=eq.1"), (None, None));
    assert_eq!(cut("GET orders?customer=eq.x&price=eq.1"), (None, None));
    let off = Config { default_limit: None, max_limit: None, max_results: None, ..Config::default() };
    assert_eq!(read("GET orders", &[], &off).cap, None);
    let counted = read("GET orders", &[("prefer", "count=exact")], &config);
    assert_eq!(counted.cap, Some(Cap { limit: 100, probe: false }));
    assert_eq!(read("GET clients?select=projects(id)", &[], &config).tree.children[0].window.limit, Some(1000));
}

#[test]
fn what_a_client_insists_on_is_checked() {
    let check = |request: &str, prefer: &str, accept: &str| {
        let (intent, plan) =
            planned(request, &[("prefer", prefer), ("accept", accept)], r#"{"id":1}"#, &Config::default()).unwrap();
        Check::of(&intent, &plan)
    };
    let single = "application/vnd.pgrst.object+json";
    assert!(check("GET orders", "", single).single);
    assert!(check("PUT orders?id=eq.1", "", "*/*").matching);
    assert_eq!(check("DELETE orders?id=gt.1", "handling=strict, max-affected=2", "*/*").at_most, Some(2));
    assert_eq!(check("DELETE orders?id=gt.1", "max-affected=2", "*/*").at_most, None);
    assert!(check("DELETE orders?id=gt.1", "return=representation", "*/*").fits);
    assert!(!check("DELETE orders?id=eq.1", "return=representation", "*/*").fits);
    assert_eq!(Check::default().apply(5).map_err(|refusal| refusal.code), Ok(()));
    let refused = Check { single: true, ..Check::default() }.apply(2).unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (406, "PGRST116"));
}

#[test]
fn strict_clients_hear_of_what_is_not_known() {
    let plan = |prefer: &str| planned("GET orders", &[("prefer", prefer)], "", &Config::default()).map(drop);
    assert_eq!(plan("handling=strict, what=ever").unwrap_err().code, "PGRST122");
    assert!(plan("what=ever").is_ok());
}

#[test]
fn aggregates_need_the_operators_word() {
    let refused = planned("GET orders?select=price.sum()", &[], "", &Config::default()).unwrap_err();
    assert_eq!(refused.code, "PGRST123");
}

#[test]
fn of_several_relationships_one_has_to_be_named() {
    let refused = planned("GET orders?select=clients(*)", &[], "", &Config::default()).unwrap_err();
    assert_eq!(refused.code, "PGRST200");
    let named = planned("GET projects?select=clients!projects_client_fkey(*)", &[], "", &Config::default());
    assert!(named.is_ok());
}

#[test]
fn what_is_allowed_is_told() {
    let allow = |request: &str| match planned(request, &[], "", &Config::default()).unwrap().1 {
        Plan::Allow(allow) => allow,
        other => panic!("{other:?}"),
    };
    assert_eq!(allow("OPTIONS orders"), "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE");
}
