//! Users: what they change of themselves, what administrators do with them, and how they come to be somebody.

use serde_json::{Value, json};

use super::{PASSWORD, act, act_as, claims, kernel, service, sign_in, sign_up, text};

#[test]
fn a_user_changes_what_is_their_own_and_only_that() {
    let kernel = kernel("");
    let (ada, bob) = (sign_up(&kernel, "ada@example.com"), sign_up(&kernel, "bob@example.com"));
    let (access, id) = (text(&ada, "access_token"), text(&ada["user"], "id"));
    let other = sign_in(&kernel, "ada@example.com", PASSWORD).ok();
    let update = |changes: Value, password: Option<&str>| {
        act_as(&kernel, access, "update-user", &json!({ "id": id, "user": changes, "password": password }))
    };
    let changed =
        update(json!({ "user_metadata": { "name": null, "city": "London" }, "email": "ada@example.org" }), None).ok();
    assert_eq!((&changed["user_metadata"], text(&changed, "email")), (&json!({ "city": "London" }), "ada@example.org"));
    update(json!({ "email": "bob@example.com" }), None).refuses(409, "identity.exists");
    for member in ["role", "app_metadata", "email_confirm", "ban_duration", "password_hash"] {
        let value = if member == "app_metadata" {
            json!({})
        } else if member == "email_confirm" {
            json!(true)
        } else {
            json!("1h")
        };
        update(json!({ member: value }), None).refuses(403, "identity.denied");
    }
    update(json!({ "id": "x" }), None).refuses(400, "identity.invalid");
    update(json!({}), Some(PASSWORD)).refuses(400, "identity.same-password");
    update(json!({}), Some("short")).refuses(400, "identity.weak-password");
    update(json!({}), Some("another good password")).ok();
    act_as(&kernel, text(&other, "access_token"), "current", &json!({})).refuses(401, "auth.revoked");
    act_as(&kernel, access, "current", &json!({})).ok();
    sign_in(&kernel, "ada@example.org", PASSWORD).refuses(400, "identity.wrong-credentials");
    sign_in(&kernel, "ada@example.org", "another good password").ok();
    let bob = text(&bob["user"], "id");
    for (name, order) in [
        ("update-user", json!({ "id": bob, "user": {} })),
        ("find-user", json!({ "id": bob })),
        ("find-user", json!({ "email": "bob@example.com" })),
        ("find-user", json!({ "email": "nobody@example.com" })),
        ("sessions", json!({ "id": bob })),
    ] {
        act_as(&kernel, access, name, &order).refuses(404, "identity.unknown-user");
    }
}

#[test]
fn an_administrator_looks_after_users_and_nobody_else_does() {
    let kernel = kernel("");
    let service = service(&kernel);
    let admin = |name: &str, order: Value| act_as(&kernel, &service, name, &order);
    let imported = bcrypt::hash(PASSWORD, 4).expect("hashed");
    let created = admin(
        "create-user",
        json!({ "user": { "email": "eve@example.com", "password_hash": imported,
        "app_metadata": { "plan": "pro" }, "email_confirm": true } }),
    )
    .ok();
    let id = text(&created, "id").to_owned();
    assert_eq!(created["app_metadata"]["plan"], "pro");
    let tokens = sign_in(&kernel, "eve@example.com", PASSWORD).ok();
    assert!(kernel.sql("select hash from auth.passwords").contains("$argon2id$"), "renewed with the first login");
    sign_in(&kernel, "eve@example.com", PASSWORD).ok();
    for (name, order) in [
        ("create-user", json!({ "user": { "email": "x@example.com" } })),
        ("list-users", json!({ "page": 1, "per_page": 10 })),
        ("delete-user", json!({ "id": id })),
        ("end-sessions", json!({ "id": id })),
        ("impersonate", json!({ "id": id })),
    ] {
        act_as(&kernel, text(&tokens, "access_token"), name, &order).refuses(403, "identity.denied");
        act(&kernel, name, &order).refuses(403, "identity.denied");
    }
    for at in 0..4 {
        sign_up(&kernel, &format!("user{at}@example.com"));
    }
    let page = admin("list-users", json!({ "page": 2, "per_page": 2 })).ok();
    assert_eq!((page["users"].as_array().map(Vec::len), &page["total"]), (Some(2), &json!(5)));
    assert_eq!(admin("list-users", json!({ "page": 1, "per_page": 50, "filter": "EVE" })).ok()["users"][0]["id"], id);
    let impersonated = admin("impersonate", json!({ "id": id })).ok();
    let token = text(&impersonated, "access_token");
    assert_eq!((&claims(token)["sub"], &claims(token)["act"]["role"]), (&json!(id), &json!("service_role")));
    assert!(impersonated.get("refresh_token").is_none() && claims(token).get("session_id").is_none());
    act_as(&kernel, token, "current", &json!({})).ok();
    act_as(&kernel, token, "update-user", &json!({ "id": id, "user": {}, "password": "a new good password" }))
        .refuses(404, "identity.unknown-user");
    admin("update-user", json!({ "id": id, "user": { "ban_duration": "24h" } })).ok();
    for token in [token, text(&tokens, "access_token")] {
        act_as(&kernel, token, "current", &json!({})).refuses(401, "auth.revoked");
    }
    sign_in(&kernel, "eve@example.com", PASSWORD).refuses(403, "identity.banned");
    sign_in(&kernel, "eve@example.com", "wrong wrong wrong").refuses(400, "identity.wrong-credentials");
    admin("update-user", json!({ "id": id, "user": { "ban_duration": "none" } })).ok();
    let tokens = sign_in(&kernel, "eve@example.com", PASSWORD).ok();
    act_as(&kernel, text(&tokens, "access_token"), "current", &json!({})).ok();
    admin("delete-user", json!({ "id": id })).ok();
    act_as(&kernel, text(&tokens, "access_token"), "current", &json!({})).refuses(401, "auth.revoked");
    admin("delete-user", json!({ "id": id })).refuses(404, "identity.unknown-user");
    let soft = sign_up(&kernel, "soft@example.com");
    admin("delete-user", json!({ "id": soft["user"]["id"], "soft": true })).ok();
    sign_in(&kernel, "soft@example.com", PASSWORD).refuses(400, "identity.wrong-credentials");
    assert!(kernel.sql("select count(*) from auth.users where deleted_at is not null and email is null").contains('1'));
}

#[test]
fn who_is_anonymous_becomes_somebody() {
    let closed = kernel("");
    let nobody = json!({ "user": { "is_anonymous": true }, "start": true });
    act(&closed, "sign-up", &nobody).refuses(403, "identity.sign-up-closed");
    let kernel = kernel("[auth]\nanonymous_users = true\n");
    let tokens = act(&kernel, "sign-up", &nobody).ok();
    let (access, id) = (text(&tokens, "access_token"), text(&tokens["user"], "id"));
    assert_eq!((&claims(access)["is_anonymous"], &tokens["user"]["email"]), (&json!(true), &json!("")));
    let order = json!({ "id": id, "user": { "email": "ada@example.com" }, "password": PASSWORD });
    assert_eq!(act_as(&kernel, access, "update-user", &order).ok()["is_anonymous"], false);
    assert_eq!(sign_in(&kernel, "ada@example.com", PASSWORD).ok()["user"]["id"], id);
    for bad in [
        json!({}),
        json!({ "is_anonymous": true, "email": "x@example.com" }),
        json!({ "role": "admin", "email": "x@example.com" }),
    ] {
        act(&kernel, "sign-up", &json!({ "user": bad, "password": PASSWORD })).refuses(400, "identity.invalid");
    }
}

#[test]
fn where_addresses_are_confirmed_no_session_starts_before() {
    let kernel = kernel("[auth]\nconfirm_email = true\nreauthenticate = true\n");
    let new = json!({ "user": { "email": "ada@example.com" }, "password": PASSWORD });
    assert_eq!(act(&kernel, "sign-up", &new).ok()["method"], "password");
    sign_in(&kernel, "ada@example.com", PASSWORD).refuses(403, "identity.not-confirmed");
    let issue = |kind: &str, account: Value| {
        let mut order = account;
        order["kind"] = kind.into();
        act(&kernel, "issue", &order)
    };
    assert_eq!(issue("signup", json!({ "email": "nobody@example.com" })).ok(), Value::Null);
    let issued = issue("signup", json!({ "email": "ada@example.com" })).ok();
    assert_eq!((text(&issued, "to"), text(&issued, "token").len()), ("ada@example.com", 6));
    issue("signup", json!({ "email": "ada@example.com" })).refuses(429, "identity.too-often");
    let redeem = |kind: &str, email: &str, token: &Value| {
        act(&kernel, "redeem", &json!({ "kind": kind, "email": email, "token": token, "start": true }))
    };
    for (kind, email) in [("magiclink", "ada@example.com"), ("signup", "nobody@example.com")] {
        redeem(kind, email, &issued["token"]).refuses(400, "identity.unknown-token");
    }
    let tokens = redeem("signup", "ada@example.com", &issued["token"]).ok();
    redeem("signup", "ada@example.com", &issued["token"]).refuses(400, "identity.unknown-token");
    let (access, id) = (text(&tokens, "access_token"), text(&tokens["user"], "id"));
    // A new address waits for its owner.
    let update = |user: Value, password: Option<&str>| {
        act_as(&kernel, access, "update-user", &json!({ "id": id, "user": user, "password": password }))
    };
    let changed = update(json!({ "email": "ada@example.org" }), None).ok();
    assert_eq!((text(&changed, "email"), text(&changed, "new_email")), ("ada@example.com", "ada@example.org"));
    let link = issue("email_change", json!({ "id": id })).ok();
    assert_eq!(text(&link, "to"), "ada@example.org");
    let by_link = json!({ "kind": "email_change", "token": link["token_hash"], "start": true });
    assert_eq!(act(&kernel, "redeem-hash", &by_link).ok()["user"]["email"], "ada@example.org");
    act(&kernel, "redeem-hash", &by_link).refuses(400, "identity.unknown-token");
    // Who signed in long ago shows what was sent before setting a password.
    kernel.sql("update auth.sessions set created_at = now() - interval '2 days'");
    update(json!({}), Some("another good password")).refuses(403, "identity.reauthenticate");
    update(json!({ "nonce": "000000" }), Some("another good password")).refuses(400, "identity.unknown-token");
    let nonce = issue("reauthentication", json!({ "id": id })).ok();
    redeem("reauthentication", "ada@example.org", &nonce["token"]).refuses(400, "identity.invalid");
    update(json!({ "nonce": nonce["token"] }), Some("another good password")).ok();
    sign_in(&kernel, "ada@example.org", "another good password").ok();
    // Six digits can be guessed a few times only.
    issue("recovery", json!({ "id": id })).ok();
    for _ in 0..5 {
        redeem("recovery", "ada@example.org", &json!("x")).refuses(400, "identity.unknown-token");
    }
    redeem("recovery", "ada@example.org", &json!("x")).refuses(429, "identity.locked");
}
