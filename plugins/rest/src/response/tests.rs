//! Statuses and headers, by table.

use super::{Context, refuse, render};
use crate::config::Config;
use crate::fixture::planned;
use crate::refusal::Refusal;
use crate::run::Counts;
use sdk_plugin::http::Content;

/// The status and the headers of an answer.
fn answer(request: &str, headers: &[(&str, &str)], json: &str, counts: &Counts) -> String {
    let (intent, plan) = planned(request, headers, json, &Config::default()).unwrap();
    match render(Context { intent: &intent, mount: "/rest/v1" }, &plan, counts) {
        Ok(response) => {
            let headers = response.headers.iter().map(|(name, value)| format!("\n{name}: {value}"));
            format!("{}{}", response.status, headers.collect::<String>())
        }
        Err(refusal) => format!("{} {} {:?}", refusal.status, refusal.code, refusal.headers),
    }
}

fn counts(page: u64, total: Option<u64>) -> Counts {
    Counts { page, total, ..Counts::default() }
}

#[test]
fn reads() {
    let exact = [("prefer", "count=exact")];
    insta::assert_snapshot!(
        [
            answer("GET orders?limit=5", &[], "", &counts(3, None)),
            answer("GET orders", &exact, "", &counts(100, Some(250))),
            answer("GET orders", &[], "", &counts(101, None)),
            answer("GET orders?offset=9", &exact, "", &counts(0, Some(3))),
            answer("GET orders", &exact, "", &counts(0, Some(0))),
        ]
        .join("\n\n")
    );
}

#[test]
fn writes() {
    let full = [("prefer", "return=representation")];
    let key = Counts { key: Some(r#"["5"]"#.to_owned()), ..counts(1, None) };
    let merged = Counts { inserted: Some(0), ..counts(1, None) };
    insta::assert_snapshot!(
        [
            answer("POST orders", &full, r#"{"id":1}"#, &counts(1, None)),
            answer("POST orders", &[("prefer", "return=headers-only, count=exact")], r#"{"id":1}"#, &key),
            answer("POST orders", &[("prefer", "resolution=merge-duplicates")], r#"{"id":1}"#, &merged),
            answer("PATCH orders?id=eq.1", &[], r#"{"id":1}"#, &counts(0, None)),
            answer("PATCH orders?id=gt.1", &full, r#"{"id":1}"#, &counts(4, None)),
            answer("DELETE orders?id=gt.1", &[("prefer", "count=exact")], "", &counts(4, None)),
            answer("PUT orders?id=eq.1", &full, r#"{"id":1}"#, &Counts { inserted: Some(1), ..counts(1, None) }),
            answer("POST rpc/whole", &[], "{}", &counts(1, None)),
        ]
        .join("\n\n")
    );
}

#[test]
fn a_refusal_has_the_four_members_unless_they_are_unwanted() {
    let refusal = Refusal::new(404, "PGRST205", "no").details("why").hint("what");
    let Content::Text(text) = refuse(&refusal, true).content else { panic!("no text") };
    assert_eq!(text, r#"{"code":"PGRST205","details":"why","hint":"what","message":"no"}"#);
    let Content::Text(text) = refuse(&refusal, false).content else { panic!("no text") };
    assert_eq!(text, r#"{"code":"PGRST205","message":"no"}"#);
    let Content::Text(text) = refuse(&Refusal::new(404, "PGRST205", "no"), true).content else { panic!("no text") };
    assert_eq!(text, r#"{"code":"PGRST205","details":null,"hint":null,"message":"no"}"#);
}
