//! From a URL: over TLS to whom we believe, no further than it may lead, no larger and no slower than it may be.

use std::io::Write as _;
use std::sync::Arc;

use super::{Key, file, refused, text, trusting, well};
use crate::kernel::tls::{Authority, Certified, Server, Stream, reply, target};
use crate::kernel::{Kernel, Setup};

/// An authority, a certificate of it for this machine, and where its own stands as PEM.
fn scene(setup: &Setup) -> (Authority, Arc<rustls::ServerConfig>, String) {
    let authority = Authority::new();
    let tls = authority.certify("127.0.0.1").server(&[]);
    let path = setup.path("ca.pem");
    std::fs::write(&path, authority.pem()).expect("written");
    (authority, tls, path.to_str().expect("text").to_owned())
}

#[test]
fn a_plugin_comes_from_a_url_with_its_signature() {
    let acme = Key::new();
    let setup = Setup::new(&[], &trusting(&[("acme", &acme)], true)).start();
    let (setup, kernel) = (&setup.setup, &setup);
    let (_, tls, ca) = scene(setup);
    let [one, two] = ["1.0.0", "2.0.0"].map(|version| file(version, ""));
    let files = [("/1.wasm?a=b", one.clone()), ("/1.wasm.minisig?a=b", acme.sign(&one).into_bytes())];
    let later = [("/2.wasm", two.clone()), ("/2.wasm.minisig", acme.sign(&two).into_bytes())];
    let files: Vec<_> = files.into_iter().chain(later).collect();
    let server = Server::start(Some(tls), move |head, stream| {
        let found = files.iter().find(|(path, _)| *path == target(head));
        match (target(head), found) {
            (_, Some((_, file))) => reply(stream, "200 OK", file),
            (path, None) if path.starts_with("/latest.wasm") => {
                reply(stream, &format!("302 Found\r\nlocation: {}", path.replace("latest", "2")), b"")
            }
            _ => reply(stream, "404 Not Found", b"no"),
        }
    });
    let asked = refused(setup, &["add", &server.url("/1.wasm?a=b"), "--ca", &ca], "plugin.asks");
    let digest = basalt::store::plugin::Digest::of(&one);
    assert!(asked.contains(&format!("fetched {}: {} bytes, sha256 {digest}", server.url("/1.wasm?a=b"), one.len())));
    let sha256 = ["--sha256", digest.as_str()];
    let (out, _) = well(setup, &[&["add", &server.url("/1.wasm?a=b"), "--ca", &ca, "--yes"], &sha256[..]].concat());
    assert!(out.starts_with("test-log 1.0.0: Tests\nlicence: MIT, signed by acme\n"), "{out}");
    well(setup, &["upgrade", &server.url("/latest.wasm"), "--ca", &ca]);
    let (list, _) = well(setup, &["list"]);
    assert!(list.contains("test-log  2.0.0") && list.contains("signed by\n") && list.contains("  acme\n"), "{list}");
    let (shown, _) = well(setup, &["inspect", "test-log"]);
    assert!(shown.contains("signed by  acme\n"), "{shown}");
    assert_eq!(kernel.get("/test/x/1").status, 204);

    refused(setup, &["upgrade", &server.url("/1.wasm?a=b"), "--ca", &ca], "plugin.downgrade");
    refused(setup, &["upgrade", &server.url("/2.wasm"), "--ca", &ca, "--unsigned"], "signature.missing");
    let wrong = setup.path("wrong.minisig");
    std::fs::write(&wrong, acme.sign(&one)).expect("written");
    let wrong = ["--signature", wrong.to_str().expect("text")];
    refused(setup, &[&["upgrade", &server.url("/2.wasm"), "--ca", &ca], &wrong[..]].concat(), "signature.invalid");
}

#[test]
fn a_file_is_checked_with_what_is_beside_it() {
    let acme = Key::new();
    let kernel = Kernel::start(&[], &trusting(&[("acme", &acme)], true));
    let (setup, content) = (&kernel.setup, file("1.0.0", ""));
    let path = setup.path("shop.wasm");
    std::fs::write(&path, &content).expect("written");
    let path = path.to_str().expect("text");
    refused(setup, &["add", path, "--yes"], "signature.missing");
    std::fs::write(format!("{path}.minisig"), Key::new().sign(&content)).expect("written");
    assert!(refused(setup, &["add", path, "--yes"], "signature.unknown-key").contains("[signature] keys"));
    std::fs::write(format!("{path}.minisig"), "x".repeat(5000)).expect("written");
    refused(setup, &["add", path, "--yes"], "signature.invalid");
    std::fs::write(format!("{path}.minisig"), acme.sign(&content)).expect("written");
    refused(setup, &["add", path, "--yes", "--sha256", &"0".repeat(64)], "source.checksum");
    assert!(well(setup, &["add", path, "--yes"]).0.ends_with("test-log 1.0.0 is installed\n"));
}

/// What a hostile server answers, by path. The good one's file is at `/good`.
fn hostile(head: &str, stream: &mut dyn Stream) {
    let to =
        |stream: &mut dyn Stream, location: &str| reply(stream, &format!("302 Found\r\nlocation: {location}"), b"");
    let endless = |stream: &mut dyn Stream, piece: &[u8]| while stream.write_all(piece).is_ok() {};
    match target(head) {
        "/to-file" => to(stream, "file:///etc/passwd"),
        "/to-http" => to(stream, "http://127.0.0.1:1/"),
        "/to-itself" => to(stream, "/to-itself"),
        "/to-nowhere" => reply(stream, "302 Found", b""),
        "/huge" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000000\r\n\r\n");
            endless(stream, &[b'x'; 65536]);
        }
        "/endless" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
            endless(stream, &[&b"10000\r\n"[..], &[b'x'; 65536], b"\r\n"].concat());
        }
        "/endless-head" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
            endless(stream, b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n");
        }
        "/cut-off" => drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx")),
        "/no-http" => drop(stream.write_all(b"SSH-2.0-OpenSSH_9\r\n\r\n")),
        "/silent" => drop(std::io::Read::read(stream, &mut [0; 16])),
        "/slow" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx").and_then(|()| stream.flush());
            let _ = std::io::Read::read(stream, &mut [0; 16]);
        }
        "/forbidden" => reply(stream, "403 Forbidden", b""),
        "/broken" => reply(stream, "500 Oops", b""),
        "/page" => reply(stream, "200 OK\r\ncontent-type: text/html", b"<html>not found</html>"),
        _ => reply(stream, "404 Not Found", b""),
    }
}

#[test]
fn a_hostile_server_gets_nothing_installed() {
    let setup = Setup::embedded(&[], "");
    let (_, tls, ca) = scene(&setup);
    let server = Server::start(Some(tls), hostile);
    let add = |path: &str, more: &[&str], code: &str| {
        refused(&setup, &[&["add", &server.url(path), "--ca", &ca, "--yes"], more].concat(), code)
    };
    for (path, code, word) in [
        ("/missing", "source.unreachable", "there is nothing"),
        ("/to-file", "source.unreachable", "cannot be fetched"),
        ("/to-http", "source.unreachable", "only TLS is followed"),
        ("/to-itself", "source.unreachable", "more than 5 times"),
        ("/to-nowhere", "source.unreachable", "cannot be fetched"),
        ("/huge", "source.unreachable", "more than 67108864 bytes"),
        ("/endless", "source.unreachable", "more than 67108864 bytes"),
        ("/endless-head", "source.unreachable", "cannot be fetched"),
        ("/cut-off", "source.unreachable", "cannot be fetched"),
        ("/no-http", "source.unreachable", "cannot be fetched"),
        ("/forbidden", "source.denied", "not for everybody"),
        ("/broken", "source.unreachable", "500"),
        ("/page", "plugin.refused", "not valid WebAssembly"),
    ] {
        let said = add(path, &["--unsigned"], code);
        assert!(said.contains(word), "{path}: {word:?} is not in {said}");
    }
    for path in ["/silent", "/slow"] {
        assert!(add(path, &["--timeout", "300ms"], "source.unreachable").contains("takes too long"), "{path}");
    }
    add("/page", &["--sha256", &"0".repeat(64)], "source.checksum");
    for url in
        ["http://example.com/a.wasm", "http://10.0.0.1/a.wasm", "file:///etc/passwd", "https://a:b@example.com/x"]
    {
        refused(&setup, &["add", url, "--yes"], "source.invalid");
    }
    assert!(!setup.path("data/kernel.lock").exists(), "no kernel was started for any of it");
}

#[test]
fn a_server_that_cannot_show_who_it_is_is_not_believed() {
    let setup = Setup::embedded(&[], "");
    let (authority, tls, ca) = scene(&setup);
    let answer = |_: &str, stream: &mut dyn Stream| reply(stream, "200 OK", b"x");
    let good = Server::start(Some(tls), answer);
    refused(&setup, &["add", &good.url("/"), "--ca", &ca], "plugin.refused");
    let stranger = Authority::new().certify("127.0.0.1").server(&[]);
    let others = [
        stranger,
        authority.certify("example.com").server(&[]),
        authority.certify_until("127.0.0.1", 2020).server(&[]),
        Certified::by_itself("127.0.0.1").server(&[]),
    ];
    for tls in others {
        let server = Server::start(Some(tls), answer);
        let said = refused(&setup, &["add", &server.url("/"), "--ca", &ca], "source.unreachable");
        assert!(said.contains("cannot show that it is who"), "{said}");
        assert!(server.seen().is_empty(), "nothing was asked");
    }
    refused(&setup, &["add", &good.url("/")], "source.unreachable");
    for ca in ["missing.pem", "basalt.toml"] {
        refused(&setup, &["add", &good.url("/"), "--ca", ca], "config.invalid");
    }
    let environment = setup.env("SSL_CERT_FILE", &ca);
    refused(&environment, &["add", &good.url("/")], "plugin.refused");
}

#[test]
fn a_kernel_behind_tls_is_operated_over_it() {
    let kernel = Kernel::start(&["log"], "[plugins.test-log.grant]\nhttp = {}\nlog = {}\n");
    let key = std::fs::read_to_string(kernel.setup.path("data/operator-key")).expect("a key");
    let elsewhere = Setup::embedded(&[], "").env("BASALT_OPERATOR_KEY", key.trim());
    let (_, tls, ca) = scene(&elsewhere);
    let address = kernel.url.trim_start_matches("http://").to_owned();
    let proxy = Server::start(Some(tls), move |head, stream| {
        let mut kernel = std::net::TcpStream::connect(&address).expect("a kernel");
        let head = head.replacen("\r\n\r\n", "\r\nconnection: close\r\n\r\n", 1);
        kernel.write_all(head.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        std::io::Read::read_to_end(&mut kernel, &mut answer).expect("an answer");
        let _ = stream.write_all(&answer).and_then(|()| stream.flush());
    });
    let (list, _) = well(&elsewhere, &["list", "--url", &proxy.url(""), "--ca", &ca]);
    assert!(list.contains("test-log"), "{list}");
    refused(&elsewhere, &["list", "--url", &proxy.url("")], "admin.unreachable");
    assert_eq!(proxy.seen().len(), 1, "the key goes to nobody who is not believed");
    assert!(text(proxy.seen()[0].as_bytes()).to_lowercase().contains("authorization: bearer basalt_operator_"));
}
