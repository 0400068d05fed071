//! What requests become in SQL, as snapshots: whoever changes a statement sees what it was.

use crate::fixture::sql;

fn show(requests: &[&str]) -> String {
    requests.iter().map(|request| format!("{request}\n{}\n\n", sql(request, &[], ""))).collect()
}

#[test]
fn reads() {
    insta::assert_snapshot!(show(&[
        "GET orders",
        "GET orders?id=eq.1&select=id,price::text,settings->a->>0",
        "GET orders?or=(price.gt.5,customer.like.a*)&tags=cs.{a}&order=price.desc.nullslast,settings->x&limit=5&offset=2",
        "GET orders?words=wfts(english).cat&customer=fts.dog&we%22ird=in.(1,2)&gr%C3%B6%C3%9Fe=not.is.null&customer=eq(any).{a,b}",
        "GET orders?select=total,price.sum()::int,n:count()&total=gt.1",
        "GET orders?nothing=eq.1",
    ]));
}

#[test]
fn embeds() {
    insta::assert_snapshot!(show(&[
        "GET clients?select=name,projects(name)&projects.name=eq.x&projects.order=id&projects.limit=2",
        "GET projects?select=name,client:clients!inner(name)&client.name=eq.x&order=client(name)",
        "GET tasks?select=users(name),latest(id)&users=not.is.null",
        "GET projects?select=parts:projects!part_of(id),part_of(id)",
        "GET projects?select=...clients(client:name),...tasks(task:name)&tasks.order=id.desc",
        "GET projects?select=...clients(name,id.max())",
        "GET projects?select=clients()",
        "GET projects?select=cliens(id)",
        "GET clients?select=projects(...tasks(id.sum()))",
        "GET clients?projects.id=eq.1",
        "GET clients?select=projects(id)&order=projects(id)",
    ]));
}

#[test]
fn counts() {
    let exact = [("prefer", "count=exact")];
    insta::assert_snapshot!(sql("GET clients?select=name,projects!inner(id)&projects.name=eq.x&limit=1", &exact, ""));
}

#[test]
fn writes() {
    let full = [("prefer", "return=representation")];
    let show = |request: &str, headers: &[(&str, &str)], json: &str| {
        format!("{request} {headers:?} {json}\n{}\n\n", sql(request, headers, json))
    };
    insta::assert_snapshot!(
        [
            show("POST orders", &[], r#"{"customer":"x"}"#),
            show("POST orders?select=id,customer", &full, r#"[{"customer":"x","price":1}]"#),
            show("POST orders", &[("prefer", "resolution=merge-duplicates, return=headers-only")], r#"[{"id":1}]"#),
            show(
                "POST orders?on_conflict=customer,price",
                &[("prefer", "resolution=ignore-duplicates, missing=default")],
                r#"[{"customer":"x"}]"#
            ),
            show("POST orders", &[], "{}"),
            show("POST orders", &[], "[]"),
            show("POST orders", &[], r#"{"nothing":1}"#),
            show("PATCH orders?id=eq.1", &full, r#"{"customer":"x"}"#),
            show("PATCH orders", &[], r#"{"customer":"x"}"#),
            show("PATCH orders?id=eq.1", &full, "{}"),
            show("PUT orders?id=eq.1", &[], r#"{"id":1,"customer":"x"}"#),
            show("PUT orders?customer=eq.x", &[], r#"{"id":1}"#),
            show("DELETE projects?id=eq.1&select=name,clients(name)", &full, ""),
            show("DELETE orders", &[], ""),
        ]
        .concat()
    );
}

#[test]
fn calls() {
    let show = |request: &str, headers: &[(&str, &str)], json: &str| {
        format!("{request} {headers:?} {json}\n{}\n\n", sql(request, headers, json))
    };
    insta::assert_snapshot!(
        [
            show("GET rpc/add?a=1&b=2", &[], ""),
            show("POST rpc/add", &[], r#"{"a":1,"b":2}"#),
            show("GET rpc/tasks_of?project=1&names=a&names=b&select=name,projects(name)&id=gt.1", &[], ""),
            show("POST rpc/whole", &[], r#"{"x":1}"#),
            show("GET rpc/add?a=1", &[], ""),
            show("GET rpc/ad", &[], ""),
        ]
        .concat()
    );
}

#[test]
fn forms() {
    let show = |accept: &str| format!("{accept}\n{}\n\n", sql("GET users?select=id", &[("accept", accept)], ""));
    let forms = [
        "application/vnd.pgrst.object+json;nulls=stripped",
        "text/csv",
        "application/geo+json",
        "image/png",
        "application/vnd.pgrst.plan",
    ];
    insta::assert_snapshot!(forms.map(show).concat());
}

#[test]
fn no_value_and_no_name_of_a_request_is_sql() {
    let attack = "x\"';drop table orders;--";
    for request in [
        format!("GET orders?customer=eq.{attack}"),
        format!("GET orders?customer=in.(\"{attack}\")"),
        format!("GET orders?select=a:customer,\"{attack}\":id"),
        format!("GET orders?settings->>\"{attack}\"=eq.1"),
        format!("GET orders?select=id::{attack}"),
        format!("GET orders?words=fts({attack}).x"),
        format!("GET rpc/add?a={attack}&b=1"),
    ] {
        let (text, _) = sql(&request, &[], "")
            .split_once('\n')
            .map(|(text, rest)| (text.to_owned(), rest.to_owned()))
            .unwrap_or_default();
        assert!(!text.contains("drop table") || text.contains("\"\"';drop table"), "{request}: {text}");
    }
}
