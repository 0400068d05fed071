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
        assert_eq!(
            (&current["sub"], &current["role"], &current["key_id"]),
            (&json!(id), &json!("authenticated"), &made["id"])
        );
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
    let events: Vec<_> =
        found["log"].as_array().expect("a log").iter().map(|line| line["event"].as_str().expect("one")).collect();
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
        json!({ "name": "x", "user_id": "00000000-0000-0000-0000-000000000000" }),
    ] {
        ask(&kernel, ("authorization", &ada), "POST", "/api/v1/api-keys", &wish).refuses(403, "identity.denied");
    }
    for wish in [
        json!({}),
        json!({ "name": "" }),
        json!({ "name": "x", "kind": "service", "role": "authenticated" }),
        json!({ "name": "x", "user_id": "x" }),
        json!({ "name": "x", "user_id": "00000000-0000-0000-0000-000000000000" }),
        json!({ "name": "x", "expires_in": "soon" }),
        json!({ "name": "x", "scopes": ["a b"] }),
    ] {
        ask(&kernel, ("authorization", &service), "POST", "/api/v1/api-keys", &wish).refuses(400, "identity.invalid");
    }
    let key = make(&kernel, &service, &json!({ "name": "worker", "kind": "service" }));
    let text = key["key"].as_str().expect("a key");
    assert_eq!(current(&kernel, ("apikey", text)).ok()["role"], "service_role");
    // A service key looks after others, as a token of that role does.
    let other =
        make(&kernel, &format!("Bearer {text}"), &json!({ "name": "for ada", "user_id": id, "expires_in": "1h" }));
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
    assert!(
        kernel
            .sql("select requests from auth.api_key_usage where last_used_at > now() - interval '1 minute'")
            .contains('3')
    );
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
        keys.as_array()
            .expect("a list")
            .iter()
            .map(|key| key["kid"].as_str().expect("one").to_owned())
            .collect::<Vec<_>>()
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
    assert!(
        !output.status.success() && said.contains("auth.encryption_key") && said.contains("openssl rand"),
        "{said}"
    );
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

/// A server that has a list of keys, and counts who asks for it.
struct Elsewhere {
    url: String,
    asked: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    set: std::sync::Arc<parking_lot::Mutex<Value>>,
}

impl Elsewhere {
    fn start() -> Self {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/jwks", listener.local_addr().expect("an address"));
        let (asked, set) = (Default::default(), std::sync::Arc::new(parking_lot::Mutex::new(json!({ "keys": [] }))));
        let elsewhere = Self { url, asked: std::sync::Arc::clone(&asked), set: std::sync::Arc::clone(&set) };
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 4096]);
                asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let body = set.lock().to_string();
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
            }
        });
        elsewhere
    }
}

/// A key of this seed, as others see it and as it signs.
fn ed25519(kid: &str, seed: u8) -> (Value, jsonwebtoken::EncodingKey) {
    let der = [&b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"[..], &[seed; 32]].concat();
    let key = jsonwebtoken::EncodingKey::from_ed_der(&der);
    let mut jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&key, jsonwebtoken::Algorithm::EdDSA).expect("a key");
    jwk.common.key_id = Some(kid.to_owned());
    (serde_json::to_value(jwk).expect("json"), key)
}

#[test]
fn tokens_of_another_issuer_are_believed_as_far_as_the_operator_says() {
    let elsewhere = Elsewhere::start();
    let issuers = format!(
        "[[auth.issuers]]\nissuer = \"https://id.example.com/\"\naudience = \"app\"\njwks = {:?}\nrole_claim = \"app_role\"\n",
        elsewhere.url
    );
    let kernel = Kernel::start(&["identity", "sql"], &format!("{CONFIG}{issuers}"));
    let ((public, key), (_, other)) = (ed25519("one", 7), ed25519("one", 8));
    *elsewhere.set.lock() = json!({ "keys": [public] });
    let good = json!({ "iss": "https://id.example.com/", "aud": ["app", "x"], "sub": "ada", "exp": 4_000_000_000_u64,
        "role": "service_role", "session_id": "s" });
    let bearer = |claims: &Value, kid: &str, key: &jsonwebtoken::EncodingKey| {
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA);
        header.kid = Some(kid.to_owned());
        format!("Bearer {}", jsonwebtoken::encode(&header, claims, key).expect("signed"))
    };
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let known = current(&kernel, ("authorization", &bearer(&good, "one", &key))).ok();
    assert_eq!(
        (&known["role"], &known["sub"], &known["session_id"]),
        (&json!("authenticated"), &json!("ada"), &Value::Null)
    );
    assert_eq!(known["claims"]["role"], "authenticated", "policies see the role that it has");
    for (claims, code) in [
        (with("aud", json!("another")), "auth.invalid-token"),
        (with("aud", Value::Null), "auth.invalid-token"),
        (with("exp", json!(1)), "auth.expired-token"),
        (with("exp", Value::Null), "auth.invalid-token"),
        (with("sub", Value::Null), "auth.invalid-token"),
        (with("iss", json!("https://id.example.com")), "auth.invalid-token"),
    ] {
        current(&kernel, ("authorization", &bearer(&claims, "one", &key))).refuses(401, code);
    }
    current(&kernel, ("authorization", &bearer(&with("app_role", json!("service_role")), "one", &key)))
        .refuses(403, "auth.role-not-allowed");
    current(&kernel, ("authorization", &bearer(&good, "one", &other))).refuses(401, "auth.invalid-token");
    // Signed with our own secret, and said to be of theirs.
    let ours = jsonwebtoken::EncodingKey::from_secret(crate::kernel::SECRET.as_bytes());
    let forged = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &good, &ours).expect("signed");
    current(&kernel, ("authorization", &format!("Bearer {forged}"))).refuses(401, "auth.invalid-token");
    // A flood of unknown names does not become one of questions.
    for at in 0..20 {
        current(&kernel, ("authorization", &bearer(&good, &format!("unknown{at}"), &key)))
            .refuses(401, "auth.invalid-token");
    }
    assert_eq!(elsewhere.asked.load(std::sync::atomic::Ordering::Relaxed), 1);
    current(&kernel, ("authorization", &bearer(&good, "one", &key))).ok();
}
