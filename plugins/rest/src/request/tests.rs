//! What requests ask for, by table.

use super::{Action, Target};
use crate::fixture::parse;
use crate::request::media::{self, Media};
use crate::request::order::{Direction, Nulls};
use crate::request::prefer::{self, Count, Missing, Resolution, Returns};
use crate::request::select::{Aggregate, Item};

#[test]
fn each_method_is_an_action() {
    let table = [
        ("GET orders", Action::Read),
        ("HEAD orders", Action::Peek),
        ("POST orders", Action::Insert),
        ("PATCH orders", Action::Update),
        ("PUT orders", Action::Replace),
        ("DELETE orders", Action::Delete),
        ("OPTIONS orders", Action::Describe),
        ("GET rpc/add", Action::Read),
        ("POST rpc/add", Action::Call),
    ];
    for (request, action) in table {
        assert_eq!(parse(request, &[]).unwrap().action, action, "{request}");
    }
    assert_eq!(parse("TRACE orders", &[]).unwrap_err().code, "PGRST117");
    assert_eq!(parse("DELETE rpc/add", &[]).unwrap_err().code, "PGRST101");
    assert_eq!(parse("GET rpc/add", &[]).unwrap().target, Target::Function("add".to_owned()));
}

#[test]
fn reads_what_is_selected() {
    let intent =
        parse("GET orders?select=id,total:price.sum()::int,count(),a:b!inner!h(c,...d(*)),settings->x::text", &[])
            .unwrap();
    let select = intent.query.select;
    assert_eq!(select.len(), 5);
    let Item::Field(total) = &select[1] else { panic!("{select:?}") };
    assert_eq!(
        (total.alias.as_deref(), total.aggregate, total.aggregate_cast.as_deref()),
        (Some("total"), Some(Aggregate::Sum), Some("int"))
    );
    let Item::Field(count) = &select[2] else { panic!("{select:?}") };
    assert_eq!((count.field.name.as_str(), count.aggregate), ("*", Some(Aggregate::Count)));
    let Item::Relation(embed) = &select[3] else { panic!("{select:?}") };
    assert_eq!(
        (embed.alias.as_deref(), embed.hint.as_deref(), embed.inner, embed.spread),
        (Some("a"), Some("h"), true, false)
    );
    assert!(matches!(&embed.items[1], Item::Relation(spread) if spread.spread));
    let Item::Field(path) = &select[4] else { panic!("{select:?}") };
    assert_eq!((path.field.path.len(), path.cast.as_deref()), (1, Some("text")));
}

#[test]
fn refuses_what_cannot_be_read() {
    let table = [
        ("GET orders?select=id,", "failed to parse select parameter (id,)"),
        ("GET orders?select=a(b", "failed to parse select parameter (a(b)"),
        ("GET orders?select=id;x", "failed to parse select parameter (id;x)"),
        ("GET orders?id=noop.1", "failed to parse filter (noop.1)"),
        ("GET orders?order=id.up", "failed to parse order (id.up)"),
        ("GET orders?order=id.asc.nullslastt", "failed to parse order (id.asc.nullslastt)"),
        ("GET orders?or=(a.eq.1", "failed to parse logic tree ((a.eq.1)"),
        ("GET orders?columns=", "failed to parse columns parameter ()"),
    ];
    for (request, message) in table {
        let refusal = parse(request, &[]).unwrap_err();
        assert_eq!(refusal.code, "PGRST100", "{request}");
        assert!(refusal.message.contains(message), "{request}: {}", refusal.message);
    }
    let deep = format!("GET orders?select={}*{}", "a(".repeat(5000), ")".repeat(5000));
    assert!(parse(&deep, &[]).unwrap_err().details.unwrap().to_string().contains("deeper"));
}

#[test]
fn a_function_takes_what_is_no_filter() {
    let query = parse("GET rpc/add?a=1&b=eq.2&c=not.x", &[]);
    assert_eq!(query.unwrap_err().code, "PGRST100");
    let query = parse("GET rpc/add?a=1&b=eq.2&limit=5&select=x", &[]).unwrap().query;
    assert_eq!(query.arguments, [("a".to_owned(), "1".to_owned())]);
    assert_eq!((query.filters.len(), query.window.limit), (1, Some(5)));
}

#[test]
fn orders_and_windows_go_where_their_names_lead() {
    let query = parse("GET clients?order=name.desc.nullsfirst,projects(id)&projects.order=id&projects.limit=2&projects.tasks.offset=3", &[]).unwrap().query;
    let (way, terms) = &query.order[0];
    assert!(way.is_empty());
    assert_eq!((terms[0].direction, terms[0].nulls), (Some(Direction::Descending), Some(Nulls::First)));
    assert_eq!(terms[1].relation.as_deref(), Some("projects"));
    assert_eq!(query.order[1].0, ["projects"]);
    assert_eq!((query.windows[0].1.limit, query.windows[1].1.offset), (Some(2), 3));
}

#[test]
fn the_range_header_narrows_the_window() {
    let window = |request: &str, range: &str| parse(request, &[("range", range)]).unwrap().window;
    let read = |request: &str, range: &str| (window(request, range).offset, window(request, range).limit);
    assert_eq!(read("GET orders", "0-9"), (0, Some(10)));
    assert_eq!(read("GET orders", "5-"), (5, None));
    assert_eq!(read("GET orders?limit=3&offset=1", "2-9"), (2, Some(2)));
    assert_eq!(read("GET orders?limit=0", "2-9"), (0, Some(0)));
    assert_eq!(read("GET orders", "rows=1-2"), (0, None));
    assert_eq!(parse("GET orders", &[("range", "9-0")]).unwrap_err().code, "PGRST103");
    assert_eq!(parse("GET orders?limit=-1", &[]).unwrap_err().code, "PGRST103");
    assert_eq!(parse("PUT orders?limit=1", &[]).unwrap_err().code, "PGRST114");
}

#[test]
fn preferences_are_the_first_of_their_kind() {
    let header = "return=minimal, return=representation,count=planned ,missing=default, resolution=merge-duplicates, tx=rollback, \
                  timezone=UTC, max-affected=5, handling=lenient, what=ever";
    let preferences = prefer::parse(header, false);
    assert_eq!((preferences.returns, preferences.count), (Some(Returns::Minimal), Some(Count::Planned)));
    assert_eq!((preferences.missing, preferences.resolution), (Some(Missing::Default), Some(Resolution::Merge)));
    assert_eq!(
        (preferences.timezone.as_deref(), preferences.max_affected, preferences.at_most()),
        (Some("UTC"), Some(5), None)
    );
    assert_eq!((preferences.transaction, preferences.unknown.as_slice()), (None, ["what=ever".to_owned()].as_slice()));
    assert!(prefer::parse(header, true).transaction.is_some());
}

#[test]
fn the_best_media_type_comes_first() {
    let accept = |header: &str| media::accept(Some(header));
    assert_eq!(accept("text/csv;q=0.5, */*;q=0.8, application/json"), [Media::Json, Media::Any, Media::Csv]);
    assert_eq!(accept("*/*, text/csv"), [Media::Csv, Media::Any]);
    assert_eq!(accept("application/vnd.pgrst.object+json; nulls=stripped"), [Media::Single { strip: true }]);
    assert_eq!(accept("application/vnd.pgrst.array+json"), [Media::Json]);
    let plan = &accept("application/vnd.pgrst.plan+json; for=\"text/csv\"; options=analyze|wal|what")[0];
    assert_eq!(
        plan.content_type(),
        "application/vnd.pgrst.plan+json; for=\"text/csv\"; options=analyze|wal; charset=utf-8"
    );
}

#[test]
fn the_location_is_canonical() {
    assert_eq!(parse("GET orders?b=eq.1&a=eq.x%20y", &[]).unwrap().location, "/rest/v1/orders?a=eq.x%20y&b=eq.1");
}
