//! Keys: those that programs show, and those that tokens are signed with.

use serde_json::{Value, json};

use crate::kernel::{Answer, Kernel, Setup, wait_until};

const CONFIG: &str = "[plugins.test-identity.grant]\nhttp = {}\n\
    identity = { scopes = [\"password\", \"session\", \"factor\", \"token\", \"vouch\", \"admin\"] }\n\
    [plugins.test-sql]\ntrusted = true\ngrant = { http = {}, sql = { modes = [\"own\", \"caller\"] } }\n";

fn kernel() -> Kernel {
    Kernel::start(&["identity", "sql"], CONFIG)
}

fn ask(kernel: &Kernel, header: (&str, &str), method: &str, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    kernel.ask(method, path, &[header, ("content-type", "application/json")], body.as_bytes())
}

fn user(kernel: &Kernel, email: &str) -> (String, String) {
    let order = json!({ "user": { "email": email }, "password": "correct horse battery", "start": true });
    let tokens = kernel.post("/test/identity/sign-up", &order).ok();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    (format!("Bearer {}", text(&tokens["access_token"])), text(&tokens["user"]["id"]))
}

fn current(kernel: &Kernel, header: (&str, &str)) -> Answer {
    ask(kernel, header, "GET", "/test/identity/current", &Value::Null)
}

fn make(kernel: &Kernel, bearer: &str, wish: &Value) -> Value {
    let made = ask(kernel, ("authorization", bearer), "POST", "/api/v1/api-keys", wish);
    assert_eq!((made.status, made.header("cache-control")), (201, "no-store"), "{}", made.text());
    made.json()
}

#[test]
fn a_key_acts_as_its_owner_until_it_is_revoked() {
    let kernel = kernel();
    let ((ada, id), (bob, _)) = (user(&kernel, "ada@example.com"), user(&kernel, "bob@example.com"));
    let made = make(&kernel, &ada, &json!({ "name": "ci" }));
    let key = made["key"].as_str().expect("a key");
    assert!(key.starts_with("bsk_") && key.len() == 47 && key.starts_with(made["prefix"].as_str().expect("a prefix")));
    let bearer = format!("Bearer {key}");
    for header in [("apikey", key), ("authorization", bearer.as_str())] {
        let current = current(&kernel, header).ok();
        assert_eq!((&current["sub"], &current["role"], &current["key_id"]), (&json!(id), &json!("authenticated"), &made["id"]));
    }
    let path = format!("/api/v1/api-keys/{}", made["id"].as_str().expect("an id"));
    let list = ask(&kernel, ("authorization", &ada), "GET", "/api/v1/api-keys", &Value::Null);
    assert_eq!(list.ok()["keys"].as_array().map(Vec::len), Some(1));
    assert!(!list.text().contains(key) && !kernel.log.lock().contains(key));
    assert!(!kernel.sql("select t::text from auth.api_keys t").contains(key));
    assert_eq!(ask(&kernel, ("authorization", &bob), "GET", "/api/v1/api-keys", &Value::Null).ok()["keys"], json!([]));
    for method in ["GET", "PATCH", "DELETE"] {
        ask(&kernel, ("authorization", &bob), method, &path, &json!({})).refuses(404, "identity.unknown-key");
        ask(&kernel, ("apikey", key), method, &path, &json!({})).refuses(403, "identity.denied");
    }
    ask(&kernel, ("x", "y"), "GET", "/api/v1/api-keys", &Value::Null).refuses(401, "auth.required");
    let change = json!({ "name": "deploy", "scopes": ["test-identity:read"], "rate_limit": 60 });
    assert_eq!(ask(&kernel, ("authorization", &ada), "PATCH", &path, &change).ok()["name"], "deploy");
    current(&kernel, ("apikey", key)).ok();
    ask(&kernel, ("apikey", key), "POST", "/test/identity/current", &json!({})).refuses(403, "auth.key-scope");
    ask(&kernel, ("apikey", key), "POST", "/test/sql/", &json!({})).refuses(403, "auth.key-scope");
    ask(&kernel, ("authorization", &ada), "POST", &format!("{path}/revoke"), &json!({ "reason": "lost" }));
    current(&kernel, ("apikey", key)).refuses(401, "auth.unknown-key");
    let found = ask(&kernel, ("authorization", &ada), "GET", &path, &Value::Null).ok();
    let events: Vec<_> = found["log"].as_array().expect("a log").iter().map(|line| line["event"].as_str().expect("one")).collect();
    assert_eq!((events, &found["log"][0]["reason"]), (vec!["revoked", "changed", "created"], &json!("lost")));
    assert_eq!(ask(&kernel, ("authorization", &ada), "DELETE", &path, &Value::Null).status, 204);
    ask(&kernel, ("authorization", &ada), "GET", &path, &Value::Null).refuses(404, "identity.unknown-key");
}

#[test]
fn what_a_key_is_for_is_service_roles_to_say() {
    let kernel = kernel();
    let (ada, id) = user(&kernel, "ada@example.com");
    let service = kernel.bearer("service_role", "");
    for wish in [
        json!({ "name": "x", "kind": "service" }),
        json!({ "name": "x", "role": "service_role" }),
        json!({ "name": "x", "user_id": uuid::Uuid::nil() }),
    ] {
        ask(&kernel, ("authorization", &ada), "POST", "/api/v1/api-keys", &wish).refuses(403, "identity.denied");
    }
    for wish in [
        json!({}),
        json!({ "name": "" }),
        json!({ "name": "x", "kind": "service", "role": "authenticated" }),
        json!({ "name": "x", "user_id": "x" }),
        json!({ "name": "x", "user_id": uuid::Uuid::nil() }),
        json!({ "name": "x", "expires_in": "soon" }),
        json!({ "name": "x", "scopes": ["a b"] }),
    ] {
        ask(&kernel, ("authorization", &service), "POST", "/api/v1/api-keys", &wish).refuses(400, "identity.invalid");
    }
    let key = make(&kernel, &service, &json!({ "name": "worker", "kind": "service" }));
    let text = key["key"].as_str().expect("a key");
    assert_eq!(current(&kernel, ("apikey", text)).ok()["role"], "service_role");
    // A service key looks after others, as a token of that role does.
    let other = make(&kernel, &format!("Bearer {text}"), &json!({ "name": "for ada", "user_id": id, "expires_in": "1h" }));
    assert_eq!(current(&kernel, ("apikey", other["key"].as_str().expect("a key"))).ok()["sub"], id);
    kernel.sql("update auth.api_keys set expires_at = now() - interval '1 second', changed_by = pg_current_xact_id()");
    wait_until("it is noticed", || current(&kernel, ("apikey", text)).status == 401);
    current(&kernel, ("apikey", text)).refuses(401, "auth.expired-token");
}

#[test]
fn a_key_is_replaced_with_a_while_for_both_and_refused_by_every_node_within_a_second() {
    let setup = Setup::new(&["identity"], CONFIG);
    let other = setup.beside();
    let (kernel, other) = (setup.start(), other.start());
    let run = |arguments: &[&str]| {
        let output = kernel.setup.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    let first = run(&["key", "create", "worker", "--service"]);
    let listed = run(&["key", "list"]);
    let id = listed.split('\t').next().expect("an id").to_owned();
    let is_known = |node: &Kernel, key: &str| current(node, ("apikey", key)).status == 200;
    wait_until("both know it", || is_known(&kernel, &first) && is_known(&other, &first));
    let second = run(&["key", "replace", &id]);
    wait_until("both know it", || is_known(&kernel, &second) && is_known(&other, &second));
    assert!(is_known(&kernel, &first) && is_known(&other, &first), "for a while");
    run(&["key", "revoke", &id]);
    let told = std::time::Instant::now();
    wait_until("it is refused", || !is_known(&kernel, &first) && !is_known(&other, &first));
    assert!(told.elapsed() < std::time::Duration::from_secs(1), "{:?}", told.elapsed());
    assert!(is_known(&kernel, &second));
}

#[test]
fn what_keys_are_used_for_is_written_down() {
    let kernel = kernel();
    let (ada, _) = user(&kernel, "ada@example.com");
    let made = make(&kernel, &ada, &json!({ "name": "ci" }));
    for _ in 0..3 {
        current(&kernel, ("apikey", made["key"].as_str().expect("a key"))).ok();
    }
    let kernel = kernel.stop().start();
    assert!(kernel.sql("select requests from auth.api_key_usage where last_used_at > now() - interval '1 minute'").contains('3'));
    let path = format!("/api/v1/api-keys/{}", made["id"].as_str().expect("an id"));
    assert_eq!(ask(&kernel, ("authorization", &ada), "GET", &path, &Value::Null).ok()["requests"], 3);
}

#[test]
fn signing_keys_change_without_a_token_being_refused() {
    let kernel = kernel();
    let header = |bearer: &str| jsonwebtoken::decode_header(&bearer["Bearer ".len()..]).expect("a header");
    let (first, _) = user(&kernel, "a@example.com");
    assert_eq!((header(&first).kid, format!("{:?}", header(&first).alg)), (None, "HS256".to_owned()));
    assert_eq!(kernel.get("/.well-known/jwks.json").ok(), json!({ "keys": [] }));
    let rotate = |arguments: &[&str]| {
        let output = kernel.setup.run(&[&["key", "rotate"], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").split(' ').next().expect("a name").to_owned()
    };
    let kids = || {
        let keys = kernel.get("/.well-known/jwks.json").ok()["keys"].clone();
        keys.as_array().expect("a list").iter().map(|key| key["kid"].as_str().expect("one").to_owned()).collect::<Vec<_>>()
    };
    let mut bearers = vec![first];
    for (at, algorithm) in ["ES256", "EdDSA", "RS256"].into_iter().enumerate() {
        let kid = rotate(&["--algorithm", algorithm, "--now"]);
        wait_until("it is published", || kids().contains(&kid));
        let (bearer, _) = user(&kernel, &format!("{at}@example.com"));
        assert_eq!((header(&bearer).kid, format!("{:?}", header(&bearer).alg)), (Some(kid), algorithm.to_owned()));
        bearers.push(bearer);
        for bearer in &bearers {
            current(&kernel, ("authorization", bearer)).ok();
        }
    }
    let next = rotate(&[]);
    wait_until("it is published", || kids().contains(&next));
    assert_ne!(header(&user(&kernel, "n@example.com").0).kid, Some(next), "it does not sign yet");
    let output = kernel.setup.run(&["key", "distrust"]);
    assert!(output.status.success());
    wait_until("what they signed is refused", || current(&kernel, ("authorization", &bearers[3])).status == 401);
    current(&kernel, ("authorization", &bearers[0])).ok();
    assert_eq!(kids(), [""; 0]);
    assert!(!kernel.setup.run(&["key", "rotate", "--algorithm", "none"]).status.success());
}

#[test]
fn in_production_nothing_is_made_up() {
    let setup = Setup::new(&[], "[auth]\nproduction = true\n");
    let output = setup.run(&["serve"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("auth.encryption_key") && said.contains("openssl rand"), "{said}");
    assert!(!setup.path("data/encryption.key").exists());
    let kernel = setup.env("BASALT_ENCRYPTION_KEY", &"k".repeat(32)).start();
    assert_eq!(kernel.get("/health").status, 200);
    let setup = Setup::new(&[], "").without("BASALT_JWT_SECRET");
    let kernel = setup.start();
    for file in ["jwt.secret", "encryption.key"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(kernel.setup.path(&format!("data/{file}"))).expect("made").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
        kernel.wait_for_log(file);
    }
}
