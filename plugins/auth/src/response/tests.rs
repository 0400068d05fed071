//! Answers as clients get them.

use super::*;
use sdk_plugin::http::Content;

fn text(response: &Response) -> String {
    match &response.content {
        Content::Text(text) => text.clone(),
        _ => String::new(),
    }
}

fn shown(response: &Response) -> String {
    let headers: Vec<_> = response.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{}\n{}\n\n{}", response.status, headers.join("\n"), text(response))
}

fn weak() -> Refusal {
    let mut refusal = Refusal::new(422, "weak_password", "Password should be at least 12 characters.");
    refusal.reasons = vec!["length".to_owned()];
    refusal
}

#[test]
fn errors_have_the_shape_that_the_client_reads() {
    let dialect = Dialect::Current { asked: true };
    insta::assert_snapshot!("current", shown(&dialect.mark(refuse(&weak(), dialect, "r1"))));
    insta::assert_snapshot!("first", shown(&Dialect::First.mark(refuse(&weak(), Dialect::First, "r1"))));
    let house = Dialect::Current { asked: false };
    insta::assert_snapshot!("house", shown(&house.mark(refuse(&Refusal::no_credentials(), house, "r1"))));
}

#[test]
fn who_has_to_wait_is_told_how_long() {
    let mut refusal = Refusal::new(429, "over_request_rate_limit", "Request rate limit reached");
    refusal.retry_after = Some(900);
    refusal.details = Some(r#"{"retry_after":900}"#.into());
    let response = refuse(&refusal, Dialect::First, "r1");
    assert!(response.headers.contains(&("retry-after".to_owned(), "900".to_owned())));
    assert!(text(&response).contains(r#""details":{"retry_after":900}"#));
}

#[test]
fn a_link_ends_in_a_fragment_of_an_allowed_place() {
    let session = json!({ "access_token": "a.b.c", "token_type": "bearer", "expires_in": 900, "expires_at": 1, "refresh_token": "r+/", "user": {} });
    let response =
        session::redirect("https://app.example.com/x#old", session.as_object().expect("an object"), "signup");
    insta::assert_snapshot!("link", shown(&response));
    let refusal = Refusal::new(403, "otp_expired", "Email link is invalid or has expired");
    insta::assert_snapshot!("link_refused", shown(&session::redirect_refusal("https://app.example.com", &refusal)));
}
