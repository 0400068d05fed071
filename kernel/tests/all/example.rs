//! The examples of `sdk-plugin/examples` in a kernel: what their own tests script, Postgres does here.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use crate::kernel::{Answer, Kernel};

const KEY: &[u8] = b"the key of a service that sends";

const INBOX: &str = "[plugins.inbox.grant]\nhttp = {}\nclock = {}\nlog = {}\nsecret = { names = [\"inbox_key\"] }\nsql = { modes = [\"own\"] }";
const LINKS: &str =
    "[plugins.links.grant]\nhttp = {}\nrandom = {}\nlog = {}\nsettings = {}\nsql = { modes = [\"own\"] }";

fn send(kernel: &Kernel, id: &str, content: &str, key: &[u8]) -> Answer {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
    mac.update(format!("{id}.{time}.{content}").as_bytes());
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let headers =
        [("webhook-id", id), ("webhook-timestamp", &time.to_string()), ("webhook-signature", signature.as_str())];
    kernel.ask("POST", "/inbox/shop", &headers, content.as_bytes())
}

#[test]
fn the_inbox_keeps_each_signed_message_once() {
    let kernel = Kernel::start(&["inbox"], INBOX);
    send(&kernel, "a", "{}", KEY).refuses(503, "secret.unset");
    let secret = format!("whsec_{}", STANDARD.encode(KEY));
    assert_eq!(kernel.operate("PUT", "secrets/inbox_key", secret.as_bytes()).status, 204);
    assert_eq!(send(&kernel, "a", r#"{"sold":1}"#, KEY).status, 201);
    assert_eq!(send(&kernel, "a", r#"{"sold":1}"#, KEY).status, 200);
    assert_eq!(send(&kernel, "b", r#"{"sold":2}"#, b"another key of somebody").status, 401);
    assert_eq!(send(&kernel, "c", "no JSON", KEY).status, 400, "Postgres takes no such jsonb");
    let list =
        |role: &str| kernel.ask("GET", "/inbox/shop", &[("authorization", &kernel.bearer(role, "somebody"))], b"");
    assert_eq!(list("authenticated").status, 403);
    let kept = list("service_role").ok();
    assert_eq!(kept.as_array().map(Vec::len), Some(1), "{kept}");
    assert_eq!((&kept[0]["id"], &kept[0]["content"]), (&json!("a"), &json!({ "sold": 1 })));
}

#[test]
fn links_are_made_by_people_and_followed_by_everybody() {
    let kernel = Kernel::start(&["links"], &format!("{LINKS}\n[plugins.links.settings]\nlength = 4\n"));
    let wish = json!({ "url": "https://example.com/a?b#c" });
    assert_eq!(kernel.post("/go", &wish).status, 401);
    let bearer = kernel.bearer("authenticated", "ann");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let make = |body: &str| kernel.ask("POST", "/go", &headers, body.as_bytes());
    let made = make(&wish.to_string());
    assert_eq!(made.status, 201);
    let path = made.json()["path"].as_str().expect("a path").to_owned();
    assert_eq!((made.header("location"), path.len()), (path.as_str(), "/go/abcd".len()));
    for _ in 0..2 {
        let followed = kernel.get(&path);
        assert_eq!((followed.status, followed.header("location")), (302, "https://example.com/a?b#c"));
    }
    assert!(kernel.sql("select visits from plugin_links.link").contains("\n2"));
    kernel.get("/go/none").refuses(404, "http.not-found");
    make(r#"{"url":"javascript:alert(1)"}"#).refuses(400, "request.invalid");
    make(r#"{"link":"https://example.com"}"#).refuses(400, "body.invalid");
}
