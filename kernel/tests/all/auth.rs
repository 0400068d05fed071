//! The login flows over HTTP, without a client that is kind: shapes, refusals, and what nobody gets by asking.

use serde_json::{Value, json};

use crate::client::start;
use crate::kernel::{Answer, Kernel, without_plugins};

const PASSWORD: &str = "correct horse battery staple";

fn ask(kernel: &Kernel, method: &str, path: &str, bearer: &str, body: &Value) -> Answer {
    let mut headers = vec![("content-type", "application/json")];
    if !bearer.is_empty() {
        headers.push(("authorization", bearer));
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    kernel.ask(method, path, &headers, body.as_bytes())
}

fn sign_up(kernel: &Kernel, email: &str) -> (String, Value) {
    let session = kernel.post("/api/v1/auth/signup", &json!({ "email": email, "password": PASSWORD })).ok();
    (format!("Bearer {}", session["access_token"].as_str().expect("a token")), session)
}

#[test]
fn both_mounts_are_one_and_the_same() {
    if without_plugins() {
        return;
    }
    let kernel = start("");
    let (bearer, session) = sign_up(&kernel, "ann@example.com");
    for mount in ["/api/v1/auth", "/auth/v1"] {
        let user = ask(&kernel, "GET", &format!("{mount}/user"), &bearer, &Value::Null);
        assert_eq!(user.ok(), session["user"]);
        assert_eq!(user.header("cache-control"), "no-store");
        assert_eq!(kernel.get(&format!("{mount}/health")).ok()["name"], "Basalt auth");
    }
    let changed = ask(&kernel, "PATCH", "/api/v1/auth/user", &bearer, &json!({ "data": { "a": 1 } })).ok();
    assert_eq!(changed["user_metadata"], json!({ "a": 1 }));
    assert_eq!(ask(&kernel, "POST", "/auth/v1/logout", &bearer, &Value::Null).status, 204);
    ask(&kernel, "GET", "/auth/v1/user", &bearer, &Value::Null).refuses(401, "auth.revoked");
}

#[test]
fn errors_have_the_house_s_shape_and_gotrue_s_two() {
    if without_plugins() {
        return;
    }
    let kernel = start("");
    let wrong = json!({ "email": "nobody@example.com", "password": "wrong" }).to_string();
    let asked = |mount: &str, version: &str| {
        let headers = [("content-type", "application/json"), ("x-supabase-api-version", version)];
        let headers = if version.is_empty() { &headers[..1] } else { &headers[..] };
        kernel.ask("POST", &format!("{mount}/token?grant_type=password"), headers, wrong.as_bytes())
    };
    asked("/api/v1/auth", "").refuses(400, "invalid_credentials");
    let current = asked("/auth/v1", "2024-01-01");
    current.refuses(400, "invalid_credentials");
    assert_eq!(current.header("x-supabase-api-version"), "2024-01-01");
    let first = asked("/auth/v1", "");
    let body = first.json();
    assert_eq!((&body["code"], &body["error_code"]), (&json!(400), &json!("invalid_credentials")));
    assert_eq!((&body["msg"], first.header("x-supabase-api-version")), (&json!("Invalid login credentials"), ""));
    assert_eq!(body["request_id"].as_str(), Some(first.header("x-request-id")));
}

#[test]
fn nobody_raises_their_own_rights() {
    if without_plugins() {
        return;
    }
    let kernel = start("");
    let (bearer, session) = sign_up(&kernel, "ann@example.com");
    for member in ["role", "aud", "app_metadata", "email_confirm", "ban_duration", "password_hash"] {
        let mut user = json!({ "email": "eve@example.com", "password": PASSWORD });
        user[member] = json!("service_role");
        kernel.post("/api/v1/auth/signup", &user).refuses(403, "not_admin");
        ask(&kernel, "PUT", "/api/v1/auth/user", &bearer, &json!({ member: { "admin": true } }))
            .refuses(403, "not_admin");
    }
    // What is one's own may be called anything, and changes nothing.
    let boast = json!({ "data": { "role": "service_role", "app_metadata": { "admin": true } } });
    let user = ask(&kernel, "PUT", "/api/v1/auth/user", &bearer, &boast).ok();
    assert_eq!((&user["role"], &user["app_metadata"]), (&json!("authenticated"), &session["user"]["app_metadata"]));
    let id = session["user"]["id"].as_str().expect("an id");
    let admin = [
        ("GET", "users".to_owned()),
        ("POST", "users".to_owned()),
        ("GET", format!("users/{id}")),
        ("PUT", format!("users/{id}")),
        ("DELETE", format!("users/{id}")),
        ("GET", format!("users/{id}/factors")),
        ("DELETE", format!("users/{id}/factors/{id}")),
        ("GET", format!("users/{id}/sessions")),
        ("DELETE", format!("users/{id}/sessions")),
        ("DELETE", format!("users/{id}/sessions/{id}")),
        ("DELETE", format!("users/{id}/attempts")),
        ("POST", format!("users/{id}/impersonate")),
        ("POST", "generate_link".to_owned()),
    ];
    for (method, path) in &admin {
        let path = format!("/api/v1/auth/admin/{path}");
        ask(&kernel, method, &path, &bearer, &json!({})).refuses(403, "not_admin");
        ask(&kernel, method, &path, "", &json!({})).refuses(401, "no_authorization");
    }
}

#[test]
fn whoever_is_not_signed_in_has_no_user() {
    if without_plugins() {
        return;
    }
    let kernel = start("");
    let anon = kernel.bearer("anon", "");
    let stranger = kernel.bearer("authenticated", "0190e7a2-0000-7000-8000-00000000000f");
    let id = "0190e7a2-0000-7000-8000-00000000000f";
    for (method, path) in [
        ("GET", "user".to_owned()),
        ("PUT", "user".to_owned()),
        ("POST", "logout".to_owned()),
        ("POST", "reauthenticate".to_owned()),
        ("GET", "sessions".to_owned()),
        ("DELETE", format!("sessions/{id}")),
        ("POST", "factors".to_owned()),
        ("DELETE", format!("factors/{id}")),
        ("POST", format!("factors/{id}/challenge")),
        ("POST", format!("factors/{id}/verify")),
        ("POST", "factors/recovery-codes".to_owned()),
        ("POST", "factors/recovery-codes/verify".to_owned()),
    ] {
        let path = format!("/api/v1/auth/{path}");
        ask(&kernel, method, &path, "", &json!({})).refuses(401, "no_authorization");
        ask(&kernel, method, &path, &anon, &json!({})).refuses(401, "no_authorization");
        let body = json!({ "factor_type": "totp", "challenge_id": id, "code": "123456", "password": PASSWORD });
        let answer = ask(&kernel, method, &path, &stranger, &body);
        assert!([400, 403, 404].contains(&answer.status), "{method} {path}: {}", answer.text());
    }
}

#[test]
fn too_many_guesses_are_told_to_wait_known_or_not() {
    if without_plugins() {
        return;
    }
    let kernel = start("");
    let (_, session) = sign_up(&kernel, "ann@example.com");
    for email in ["ann@example.com", "nobody@example.com"] {
        let guess = |password: &str| {
            kernel.post("/api/v1/auth/token?grant_type=password", &json!({ "email": email, "password": password }))
        };
        let statuses: Vec<_> = (0..7).map(|_| guess("wrong").status).collect();
        assert_eq!((statuses[0], statuses[6]), (400, 429), "{statuses:?}");
        let locked = guess(PASSWORD);
        locked.refuses(429, "over_request_rate_limit");
        assert!(locked.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    }
    let id = session["user"]["id"].as_str().expect("an id");
    let service = kernel.bearer("service_role", "");
    let cleared = ask(&kernel, "DELETE", &format!("/api/v1/auth/admin/users/{id}/attempts"), &service, &Value::Null);
    assert_eq!(cleared.status, 204, "{}", cleared.text());
    let email = json!({ "email": "ann@example.com", "password": PASSWORD });
    kernel.post("/api/v1/auth/token?grant_type=password", &email).ok();
}

#[test]
fn a_password_is_shown_again_before_it_is_changed() {
    if without_plugins() {
        return;
    }
    let kernel = start("[auth]\nreauthenticate = true\n");
    let (bearer, session) = sign_up(&kernel, "ann@example.com");
    let next = json!({ "password": format!("{PASSWORD} and more") });
    let id = session["user"]["id"].as_str().expect("an id");
    kernel.sql(&format!("update auth.sessions set created_at = now() - interval '2 days' where user_id = '{id}'"));
    ask(&kernel, "PUT", "/api/v1/auth/user", &bearer, &next).refuses(400, "reauthentication_needed");
    ask(&kernel, "GET", "/api/v1/auth/reauthenticate", &bearer, &Value::Null).refuses(422, "email_provider_disabled");
    ask(&kernel, "POST", "/api/v1/auth/reauthenticate", &bearer, &json!({ "password": "wrong" }))
        .refuses(400, "invalid_credentials");
    let again = ask(&kernel, "POST", "/api/v1/auth/reauthenticate", &bearer, &json!({ "password": PASSWORD })).ok();
    let with = |nonce: &Value| json!({ "password": next["password"], "nonce": nonce });
    ask(&kernel, "PUT", "/api/v1/auth/user", &bearer, &with(&json!("x"))).refuses(422, "reauthentication_not_valid");
    ask(&kernel, "PUT", "/api/v1/auth/user", &bearer, &with(&again["nonce"])).ok();
}

#[test]
fn what_is_no_request_is_refused_and_nothing_breaks() {
    if without_plugins() {
        return;
    }
    let kernel = start("");
    let (bearer, _) = sign_up(&kernel, "ann@example.com");
    let deep = ["{\"data\":", &"{\"a\":".repeat(40), "1", &"}".repeat(41)].concat();
    let large = json!({ "data": { "a": "x".repeat(5000) } }).to_string();
    let huge = "x".repeat(70_000);
    for (body, status, code) in [
        ("", 200, ""),
        ("null", 200, ""),
        ("{", 400, "bad_json"),
        ("[]", 400, "bad_json"),
        ("{\"data\":5}", 400, "bad_json"),
        (&deep, 400, "validation_failed"),
        (&large, 400, "validation_failed"),
        (&huge, 413, "http.body-too-large"),
    ] {
        let headers = [("authorization", bearer.as_str()), ("content-type", "text/plain")];
        let answer = kernel.ask("PUT", "/api/v1/auth/user", &headers, body.as_bytes());
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(code.is_empty() || answer.json()["code"] == code, "{}", answer.text());
    }
    // Members add up: what a token carries has a limit, however it was reached.
    let put = |name: &str| {
        let change = json!({ "data": { name: "x".repeat(1500) } });
        ask(&kernel, "PUT", "/api/v1/auth/user", &bearer, &change).status
    };
    assert_eq!([put("a"), put("b"), put("c")], [200, 200, 400]);
    for path in ["admin/users/1", "admin/users/..%2f", "factors/x", "sessions/x"] {
        let bearer = if path.starts_with("admin") { kernel.bearer("service_role", "") } else { bearer.clone() };
        let answer = ask(&kernel, "DELETE", &format!("/api/v1/auth/{path}"), &bearer, &Value::Null);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
    let not_utf8 =
        kernel.ask("POST", "/api/v1/auth/signup", &[("content-type", "application/json")], b"{\"email\":\"\xff\"}");
    not_utf8.refuses(400, "bad_json");
}
