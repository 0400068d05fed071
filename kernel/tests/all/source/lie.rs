//! Registries that lie, stall, or want to be told secrets.

use std::sync::Arc;

use serde_json::{Value, json};

use super::refused;
use super::registry::{CONFIG, MANIFEST, WASM, descriptor, manifest, sha256};
use crate::kernel::Setup;
use crate::kernel::tls::{Authority, Server, Stream, reply, target};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// What every honest layer here holds: no plugin, so that getting it shows as `plugin.refused`.
const LAYER: &[u8] = b"no plugin";

fn good() -> Vec<u8> {
    manifest(&[(WASM, LAYER)])
}

/// The manifest with its first layer changed.
fn changed(change: Value) -> Vec<u8> {
    let mut manifest: Value = serde_json::from_slice(&good()).expect("JSON");
    let layer = manifest["layers"][0].as_object_mut().expect("a layer");
    layer.extend(change.as_object().expect("an object").clone());
    manifest.to_string().into_bytes()
}

fn index(entries: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let entry = |(kind, architecture, content): &(&str, &str, &[u8])| {
        let mut entry = descriptor(kind, content);
        entry["platform"] = json!({ "architecture": architecture, "os": "linux" });
        entry
    };
    let entries: Vec<_> = entries.iter().map(entry).collect();
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries }).to_string().into_bytes()
}

fn both() -> Vec<u8> {
    let mut manifest: Value = serde_json::from_slice(&good()).expect("JSON");
    manifest["manifests"] = json!([]);
    manifest.to_string().into_bytes()
}

fn nested() -> Vec<u8> {
    index(&[(INDEX, "wasm", &index(&[]))])
}

/// The manifests, by tag.
fn tagged(tag: &str) -> Option<Vec<u8>> {
    let size = LAYER.len();
    Some(match tag {
        "good" => good(),
        "other-content" => changed(json!({ "digest": sha256(b"on plugin") })),
        "longer" => changed(json!({ "size": size - 1 })),
        "shorter" => changed(json!({ "size": size + 1 })),
        "huge" => changed(json!({ "size": 1_u64 << 40 })),
        "negative" => changed(json!({ "size": -1 })),
        "path" => changed(json!({ "digest": "sha256:../../../../v2/_catalog" })),
        "sha512" => changed(json!({ "digest": format!("sha512:{}", "0".repeat(128)) })),
        "tar" => changed(json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip" })),
        "none" => manifest(&[]),
        "two" => manifest(&[(WASM, LAYER), (WASM, CONFIG)]),
        "both" => both(),
        "page" => b"<html>".to_vec(),
        "list" => b"[]".to_vec(),
        "long" => vec![b' '; 5 << 20],
        "one-of-all" => index(&[(MANIFEST, "amd64", b"x"), (MANIFEST, "wasm", &good()), (MANIFEST, "arm64", b"y")]),
        "none-of-all" => index(&[(MANIFEST, "amd64", &good()), (MANIFEST, "arm64", &good())]),
        "two-of-all" => index(&[(MANIFEST, "wasm", &good()), (MANIFEST, "wasm", b"x")]),
        "nested" => nested(),
        _ => return None,
    })
}

/// All of these, and what they lead to.
fn lying(head: &str, stream: &mut dyn Stream) {
    let path = target(head);
    let name = path.rsplit('/').next().unwrap_or_default();
    match name {
        "header" => {
            let head = format!("200 OK\r\ndocker-content-digest: {}", sha256(b"another"));
            reply(stream, &head, &good());
        }
        "redirect" => reply(stream, "307 Temporary Redirect\r\nlocation: https://example.com/", b""),
        "silent" => drop(std::io::Read::read(stream, &mut [0; 16])),
        _ if path.contains("/blobs/") && name != sha256(CONFIG) => reply(stream, "200 OK", LAYER),
        _ if name == sha256(&good()) => reply(stream, "200 OK", &good()),
        _ if name == sha256(&index(&[])) => reply(stream, "200 OK", &index(&[])),
        // Whatever other digest is asked for.
        _ if name.starts_with("sha256:") => reply(stream, "200 OK", &both()),
        tag => match tagged(tag) {
            Some(manifest) => reply(stream, "200 OK", &manifest),
            None => reply(stream, "404 Not Found", b"{}"),
        },
    }
}

#[test]
fn nothing_comes_of_a_registry_that_lies() {
    let setup = Setup::embedded(&[], "");
    let server = Server::start(None, lying);
    let add = |name: &str, more: &[&str], code: &str| {
        let source = format!("oci://{}/team/shop{name}", server.authority());
        refused(&setup, &[&["add", &source, "--plain-http", "--yes"], more].concat(), code)
    };
    for (tag, code) in [
        ("good", "plugin.refused"),
        ("other-content", "source.checksum"),
        ("longer", "source.unreachable"),
        ("shorter", "source.checksum"),
        ("huge", "source.unreachable"),
        ("negative", "source.invalid"),
        ("path", "source.invalid"),
        ("sha512", "source.invalid"),
        ("tar", "source.invalid"),
        ("none", "source.invalid"),
        ("two", "source.invalid"),
        ("both", "source.invalid"),
        ("page", "source.invalid"),
        ("list", "source.invalid"),
        ("long", "source.unreachable"),
        ("one-of-all", "plugin.refused"),
        ("none-of-all", "source.invalid"),
        ("two-of-all", "source.invalid"),
        ("nested", "source.invalid"),
        ("header", "source.checksum"),
        ("redirect", "source.unreachable"),
        ("missing", "source.unreachable"),
    ] {
        add(&format!(":{tag}"), &[], code);
    }
    add(&format!("@{}", sha256(&good())), &[], "plugin.refused");
    add(&format!("@{}", sha256(b"what was meant")), &[], "source.checksum");
    assert!(add(":silent", &["--timeout", "300ms"], "source.unreachable").contains("takes too long"));
    for path in server.seen().iter().map(|head| target(head)) {
        assert!(
            path.starts_with("/v2/team/shop/manifests/") || path.starts_with("/v2/team/shop/blobs/sha256:"),
            "{path}"
        );
        assert!(!path.contains(".."), "{path}");
    }
}

/// The value of a header.
fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.split_once(": ").filter(|(key, _)| key.eq_ignore_ascii_case(name))).map(|it| it.1)
}

/// Wants a token, which it says to be had in a way that the repository's name tells.
fn guarded(head: &str, stream: &mut dyn Stream) {
    let (path, host) = (target(head), header(head, "host").unwrap_or_default());
    if let Some(query) = path.strip_prefix("/token") {
        let token = match query.contains("broken") {
            true => json!({ "token": "a\r\nx: y" }),
            false => json!({ "access_token": "t0ken" }),
        };
        return reply(stream, "200 OK", token.to_string().as_bytes());
    }
    let refuse = |stream: &mut dyn Stream, challenge: &str| {
        reply(stream, &format!("401 Unauthorized\r\nwww-authenticate: {challenge}"), b"{}");
    };
    let bearer = |realm: &str| format!("Bearer realm=\"{realm}\",service=\"here & there\",scope=\"repository:*:push\"");
    match path.split('/').nth(2).unwrap_or_default() {
        "never" => refuse(stream, &bearer(&format!("http://{host}/token"))),
        "file" => refuse(stream, &bearer("file:///etc/passwd")),
        "elsewhere" => refuse(stream, &bearer("https://example.com/token")),
        "nonsense" => refuse(stream, "Bearer realm=\"http:"),
        "nothing" => reply(stream, "401 Unauthorized", b""),
        _ if header(head, "authorization") == Some("Bearer t0ken") => lying(head, stream),
        _ => refuse(stream, &bearer(&format!("http://{host}/token"))),
    }
}

#[test]
fn a_registry_that_wants_a_token_gets_one_for_pulling_and_no_secret() {
    let setup = Setup::embedded(&[], "");
    let setup = setup.env("DOCKER_CONFIG", "/nonexistent").env("XDG_RUNTIME_DIR", "/nonexistent");
    let server = Server::start(None, guarded);
    let add = |repository: &str, code: &str| {
        let source = format!("oci://{}/{repository}/shop:good", server.authority());
        refused(&setup, &["add", &source, "--plain-http"], code)
    };
    add("team", "plugin.refused");
    let seen = server.seen();
    let asked: Vec<_> = seen.iter().map(|head| target(head)).filter(|path| path.starts_with("/token")).collect();
    assert_eq!(asked, ["/token?scope=repository%3Ateam%2Fshop%3Apull&service=here%20%26%20there"], "once, and to pull");
    for repository in ["never", "broken", "file", "elsewhere", "nonsense", "nothing"] {
        let before = server.seen().len();
        add(repository, "source.denied");
        assert!(server.seen().len() <= before + 3, "{repository}: who is refused does not go on");
    }
}

#[test]
fn a_token_is_not_carried_to_where_a_registry_keeps_its_files() {
    let (setup, authority) = (Setup::embedded(&[], ""), Authority::new());
    let setup = setup.env("DOCKER_CONFIG", "/nonexistent").env("XDG_RUNTIME_DIR", "/nonexistent");
    std::fs::write(setup.path("ca.pem"), authority.pem()).expect("written");
    let tls = authority.certify("127.0.0.1").server(&[]);
    let files = Server::start(Some(Arc::clone(&tls)), |_, stream| reply(stream, "200 OK", LAYER));
    let to = files.url("/kept");
    let registry = Server::start(Some(tls), move |head, stream| {
        let (path, host) = (target(head), header(head, "host").unwrap_or_default());
        match header(head, "authorization") {
            _ if path.starts_with("/token") => reply(stream, "200 OK", br#"{"token":"t0ken"}"#),
            None => {
                let challenge = format!("www-authenticate: Bearer realm=\"https://{host}/token\"");
                reply(stream, &format!("401 Unauthorized\r\n{challenge}"), b"");
            }
            Some(_) if path.contains("/blobs/") => reply(stream, &format!("307 Moved\r\nlocation: {to}"), b""),
            Some(_) => reply(stream, "200 OK", &good()),
        }
    });
    let source = format!("oci://{}/team/shop:good", registry.authority());
    refused(&setup, &["add", &source, "--ca", setup.path("ca.pem").to_str().expect("text")], "plugin.refused");
    assert_eq!(files.seen().len(), 1);
    assert_eq!(header(&files.seen()[0], "authorization"), None);
}
