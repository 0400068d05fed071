//! `identity`: users sign up, prove who they are, stay signed in and are signed out, through a plugin that can do nothing else.

mod factor;
mod user;

use serde_json::{Value, json};

use crate::kernel::{Answer, Kernel, Setup, wait_until};

const GRANT: &str = "[plugins.test-identity.grant]\nhttp = {}\n\
    identity = { scopes = [\"password\", \"session\", \"factor\", \"token\", \"vouch\", \"admin\"] }\n";
const PASSWORD: &str = "correct horse battery";

fn kernel(more: &str) -> Kernel {
    Kernel::start(&["identity"], &format!("{GRANT}{more}"))
}

/// Asks for an act, as whoever has the token.
fn act_as(kernel: &Kernel, bearer: &str, act: &str, order: &Value) -> Answer {
    let bearer = format!("Bearer {bearer}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), ("user-agent", "test")];
    let headers = if bearer == "Bearer " { &headers[1..] } else { &headers[..] };
    kernel.ask("POST", &format!("/test/identity/{act}"), headers, order.to_string().as_bytes())
}

fn act(kernel: &Kernel, name: &str, order: &Value) -> Answer {
    act_as(kernel, "", name, order)
}

fn sign_up(kernel: &Kernel, email: &str) -> Value {
    let order =
        json!({ "user": { "email": email, "user_metadata": { "name": "Ada" } }, "password": PASSWORD, "start": true });
    act(kernel, "sign-up", &order).ok()
}

fn sign_in(kernel: &Kernel, email: &str, password: &str) -> Answer {
    act(kernel, "verify-password", &json!({ "email": email, "password": password, "start": true }))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}"))
}

fn service(kernel: &Kernel) -> String {
    kernel.bearer("service_role", "")["Bearer ".len()..].to_owned()
}

fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).expect("a payload");
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).expect("base64"))
        .expect("json")
}

#[test]
fn a_user_signs_up_signs_in_and_is_known() {
    let kernel = kernel("");
    let tokens = sign_up(&kernel, "Ada@Example.com");
    let user = &tokens["user"];
    assert_eq!(
        (text(user, "email"), text(user, "role"), text(user, "aud")),
        ("ada@example.com", "authenticated", "authenticated")
    );
    assert_eq!(user["app_metadata"], json!({ "provider": "email", "providers": ["email"] }));
    assert_eq!(user["user_metadata"], json!({ "name": "Ada" }));
    assert_eq!((&user["is_anonymous"], &user["factors"]), (&json!(false), &json!([])));
    assert_eq!(text(&user["identities"][0], "provider"), "email");
    assert!(text(user, "email_confirmed_at").ends_with('Z') && user.get("banned_until").is_none(), "{user}");
    let claims = claims(text(&tokens, "access_token"));
    assert_eq!(claims["exp"].as_i64().expect("a time") - claims["iat"].as_i64().expect("a time"), 900);
    assert_eq!((&claims["sub"], &claims["aal"], &claims["iss"]), (&user["id"], &json!("aal1"), &json!("basalt")));
    assert_eq!(claims["amr"][0]["method"], "password");
    assert_eq!((tokens["expires_in"].as_i64(), &tokens["expires_at"]), (Some(900), &claims["exp"]));
    let current = act_as(&kernel, text(&tokens, "access_token"), "current", &json!({})).ok();
    assert_eq!(
        (&current["sub"], &current["session_id"], &current["claims"]),
        (&user["id"], &claims["session_id"], &claims)
    );
    assert_eq!(act(&kernel, "current", &json!({})).ok()["role"], "anon");
    act(&kernel, "sign-up", &json!({ "user": { "email": "ada@EXAMPLE.com" }, "password": PASSWORD }))
        .refuses(409, "identity.exists");
    let again = sign_in(&kernel, "ADA@example.com", PASSWORD).ok();
    assert_eq!(again["user"]["id"], user["id"]);
    let id = text(user, "id");
    let sessions = act_as(&kernel, text(&again, "access_token"), "sessions", &json!({ "id": id })).ok();
    let sessions = sessions["sessions"].as_array().expect("a list");
    assert_eq!(
        (sessions.len(), &sessions[0]["is_current"], &sessions[1]["is_current"]),
        (2, &json!(true), &json!(false))
    );
    assert_eq!((&sessions[0]["ip"], &sessions[0]["user_agent"]), (&json!("127.0.0.1"), &json!("test")));
}

#[test]
fn nothing_that_proves_somebody_lies_in_the_database_in_the_clear() {
    let kernel = kernel("");
    let tokens = sign_up(&kernel, "ada@example.com");
    let enrolled =
        act_as(&kernel, text(&tokens, "access_token"), "enrol", &json!({ "user": { "factor_type": "totp" } })).ok();
    let dump: String = ["users", "passwords", "sessions", "refresh_tokens", "mfa_factors", "one_time_tokens"]
        .iter()
        .map(|table| kernel.sql(&format!("select t::text, encode(t::text::bytea, 'escape') from auth.{table} t")))
        .collect();
    for secret in
        [PASSWORD, text(&tokens, "refresh_token"), text(&tokens, "access_token"), text(&enrolled["totp"], "secret")]
    {
        assert!(!dump.contains(secret) && !kernel.log.lock().contains(secret), "{secret}");
    }
    assert!(dump.contains("$argon2id$"), "{dump}");
}

#[test]
fn a_wrong_password_and_an_unknown_user_are_the_same_and_lock_alike() {
    let kernel = kernel("");
    sign_up(&kernel, "ada@example.com");
    let says = |email: &str, password: &str| {
        let answer = sign_in(&kernel, email, password);
        (answer.status, answer.json()["code"].clone(), answer.json()["message"].clone())
    };
    for _ in 0..4 {
        let known = says("ada@example.com", "wrong wrong wrong");
        assert_eq!((known.0, &known.1), (400, &json!("identity.wrong-credentials")));
        assert_eq!(known, says("nobody@example.com", "wrong wrong wrong"));
    }
    // The right one forgets the failures.
    sign_in(&kernel, "ada@example.com", PASSWORD).ok();
    for _ in 0..5 {
        says("ada@example.com", "wrong wrong wrong");
    }
    says("nobody@example.com", "wrong wrong wrong");
    for (email, password) in [("ada@example.com", PASSWORD), ("nobody@example.com", PASSWORD)] {
        let locked = sign_in(&kernel, email, password);
        locked.refuses(429, "identity.locked");
        let wait: u64 = locked.header("retry-after").parse().expect("seconds");
        assert!((1..=900).contains(&wait), "{wait}");
    }
    let id = kernel.sql("select id from auth.users").lines().last().expect("an id").trim().to_owned();
    act(&kernel, "reset-attempts", &json!({ "id": id })).refuses(403, "identity.denied");
    act_as(&kernel, &service(&kernel), "reset-attempts", &json!({ "id": id })).ok();
    sign_in(&kernel, "ada@example.com", PASSWORD).ok();
}

#[test]
fn guesses_that_come_at_once_are_counted_too() {
    let kernel = kernel("[auth]\npassword_workers = 2\n");
    sign_up(&kernel, "ada@example.com");
    let wrong = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| match sign_in(&kernel, "ada@example.com", "wrong wrong wrong").status {
                400 => {
                    wrong.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
                status => assert_eq!(status, 429),
            });
        }
    });
    let wrong = wrong.into_inner();
    assert!((5..=6).contains(&wrong), "{wrong} guesses were looked at");
}

#[test]
fn a_refresh_token_is_good_once_and_a_second_tab_gets_the_same_next_one() {
    let kernel = kernel("");
    let first = sign_up(&kernel, "ada@example.com");
    let refresh = |token: &str| act(&kernel, "refresh", &json!({ "token": token }));
    let second = refresh(text(&first, "refresh_token")).ok();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(claims(text(&second, "access_token"))["session_id"], claims(text(&first, "access_token"))["session_id"]);
    let tab = refresh(text(&first, "refresh_token")).ok();
    assert_eq!(tab["refresh_token"], second["refresh_token"], "within the grace");
    let third = refresh(text(&second, "refresh_token")).ok();
    // The grace is over; somebody who has an old token stole it, or was stolen from.
    kernel.sql("update auth.refresh_tokens set used_at = used_at - interval '11 seconds' where used_at is not null");
    act_as(&kernel, text(&third, "access_token"), "find-user", &json!({ "id": text(&first["user"], "id") })).ok();
    refresh(text(&first, "refresh_token")).refuses(400, "identity.used-token");
    refresh(text(&third, "refresh_token")).refuses(400, "identity.unknown-token");
    act_as(&kernel, text(&third, "access_token"), "current", &json!({})).refuses(401, "auth.revoked");
    refresh("no token").refuses(400, "identity.unknown-token");
}

#[test]
fn twenty_tabs_that_refresh_at_once_end_with_one_session() {
    let kernel = kernel("");
    let tokens = sign_up(&kernel, "ada@example.com");
    let order = json!({ "token": tokens["refresh_token"] });
    let next: Vec<_> = std::thread::scope(|scope| {
        let tabs: Vec<_> =
            (0..20).map(|_| scope.spawn(|| act(&kernel, "refresh", &order).ok()["refresh_token"].clone())).collect();
        tabs.into_iter().map(|tab| tab.join().expect("an answer")).collect()
    });
    assert!(next.iter().all(|token| *token == next[0]), "{next:?}");
}

#[test]
fn a_session_ends_by_its_age() {
    let kernel = kernel("[auth]\nsession_lifetime = \"1h\"\n");
    let [idle, old] = ["a@example.com", "b@example.com"].map(|email| sign_up(&kernel, email));
    kernel.sql(
        "update auth.refresh_tokens set created_at = now() - interval '8 days' where session_id = (select s.id from \
                auth.sessions s join auth.users u on u.id = user_id where email = 'a@example.com')",
    );
    kernel.sql(
        "update auth.sessions set created_at = now() - interval '2 hours' where user_id = (select id from auth.users \
                where email = 'b@example.com')",
    );
    for tokens in [idle, old] {
        act(&kernel, "refresh", &json!({ "token": tokens["refresh_token"] })).refuses(400, "identity.session-expired");
    }
}

#[test]
fn whoever_signs_out_is_refused_at_once_and_soon_by_every_node() {
    let setup = Setup::new(&["identity"], GRANT);
    let other = setup.beside();
    let (kernel, other) = (setup.start(), other.start());
    let sessions: Vec<_> = std::iter::once(sign_up(&kernel, "ada@example.com"))
        .chain((0..2).map(|_| sign_in(&kernel, "ada@example.com", PASSWORD).ok()))
        .collect();
    let token = |at: usize| text(&sessions[at], "access_token");
    let is_known = |node: &Kernel, at: usize| act_as(node, token(at), "current", &json!({})).status == 200;
    assert!((0..3).all(|at| is_known(&kernel, at) && is_known(&other, at)));
    act_as(&kernel, token(0), "sign-out", &json!({ "reach": "this" })).ok();
    let told = std::time::Instant::now();
    act_as(&kernel, token(0), "current", &json!({})).refuses(401, "auth.revoked");
    wait_until("the other node knows", || !is_known(&other, 0));
    assert!(told.elapsed() < std::time::Duration::from_secs(1), "{:?}", told.elapsed());
    act_as(&other, token(1), "sign-out", &json!({ "reach": "others" })).ok();
    assert!(is_known(&other, 1) && !is_known(&other, 2));
    wait_until("the first node knows", || !is_known(&kernel, 2));
    act(&kernel, "refresh", &json!({ "token": sessions[2]["refresh_token"] })).refuses(400, "identity.unknown-token");
    act_as(&kernel, token(1), "sign-out", &json!({ "reach": "all" })).ok();
    assert!((0..3).all(|at| !is_known(&kernel, at)));
    act(&kernel, "sign-out", &json!({ "reach": "this" })).refuses(403, "identity.signed-out");
}

#[test]
fn what_was_revoked_is_known_where_nobody_tells() {
    let kernel = kernel("");
    let tokens = sign_up(&kernel, "ada@example.com");
    kernel.sql(
        "alter table auth.revocations disable trigger notice; insert into auth.revocations (subject, until) \
                select id::text, now() + interval '1 hour' from auth.sessions",
    );
    wait_until("it is noticed", || act_as(&kernel, text(&tokens, "access_token"), "current", &json!({})).status == 401);
    // While the connection that watches is away, requests ask for themselves.
    let tokens = sign_in(&kernel, "ada@example.com", PASSWORD).ok();
    kernel.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() \
                and query like '%auth.revocations%' and pid <> pg_backend_pid()",
    );
    kernel.sql(
        "insert into auth.revocations (subject, until) select id::text, now() + interval '1 hour' from auth.sessions \
                on conflict (subject) do nothing",
    );
    wait_until("it is noticed", || act_as(&kernel, text(&tokens, "access_token"), "current", &json!({})).status == 401);
}

#[test]
fn a_plugin_has_the_scopes_that_it_was_granted() {
    let some = "[plugins.test-identity.grant]\nhttp = {}\nidentity = { scopes = [\"session\"] }\n";
    let kernel = Kernel::start(&["identity"], some);
    kernel.get("/test/identity/current").refuses(503, "plugin.unavailable");
    let plugin = kernel.operate("GET", "plugins/test-identity", b"").ok();
    let reason = plugin["reason"]["message"].as_str().expect("a reason");
    assert!(reason.contains("sign in any user on its own word"), "{reason}");
}

#[test]
fn what_a_plugin_notes_is_in_the_audit_log_under_its_name() {
    let kernel = kernel("");
    let tokens = sign_up(&kernel, "ada@example.com");
    let order = json!({ "kind": "captcha.failed", "user": { "score": 0.1 } });
    act_as(&kernel, text(&tokens, "access_token"), "audit", &order).ok();
    kernel.wait_for_log("test-identity:captcha.failed");
    kernel.wait_for_log("user.signed-up");
    for (kind, details) in
        [("Captcha", json!({})), ("a.b", json!([])), ("a", json!({})), ("a.b", json!({ "a": "x".repeat(5000) }))]
    {
        act(&kernel, "audit", &json!({ "kind": kind, "user": details })).refuses(400, "identity.invalid");
    }
}
