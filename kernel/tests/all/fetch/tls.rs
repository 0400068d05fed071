//! Servers outside with TLS: those that an authority of the operator's vouches for are asked, over HTTP/2 where they offer it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use salvo::hyper::body::Bytes;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{ask, get, section, variant};
use crate::kernel::tls::{Authority, Certified, Server, Stream, reply};
use crate::kernel::{Kernel, Setup};

/// A kernel that believes an authority, with a plugin that may ask these.
fn kernel(authority: &Authority, hosts: &[String]) -> Kernel {
    let setup = Setup::new(&[], "");
    std::fs::write(setup.path("ca.pem"), authority.pem()).expect("written");
    setup.configure(&format!("[host]\nfetch_roots = {:?}\n{}", setup.path("ca.pem"), section("asking", hosts, "")));
    variant(&setup, "asking", hosts);
    setup.start()
}

fn hello(_: &str, stream: &mut dyn Stream) {
    reply(stream, "200 OK", b"hello");
}

#[test]
fn a_server_that_our_own_authority_vouches_for_is_asked() {
    let authority = Authority::new();
    let server = Server::start(Some(authority.certify("127.0.0.1").server(&[b"http/1.1"])), hello);
    let kernel = kernel(&authority, &[server.url("")]);
    let answer = get(&kernel, &server.url("/a?b=c"));
    assert_eq!((&answer["status"], &answer["body"]), (&json!(200), &json!("hello")), "{answer}");
    assert!(server.seen()[0].starts_with("GET /a?b=c HTTP/1.1\r\n"), "{:?}", server.seen());
}

#[test]
fn a_certificate_that_is_not_right_is_refused_and_the_reason_is_said() {
    let authority = Authority::new();
    for (certified, reason) in [
        (authority.certify_until("127.0.0.1", 2020), "has expired"),
        (authority.certify("example.com"), "is for another name"),
        (Authority::new().certify("127.0.0.1"), "nobody who is trusted vouches for it"),
        (Certified::by_itself("127.0.0.1"), "nobody who is trusted vouches for it"),
    ] {
        let server = Server::start(Some(certified.server(&[])), hello);
        let kernel = kernel(&authority, &[server.url("")]);
        let answer = get(&kernel, &server.url("/"));
        assert_eq!(answer["problem"], "fetch.unreachable", "{answer}");
        assert!(answer["message"].as_str().expect("text").contains(reason), "{reason:?} is not in {answer}");
        assert!(server.seen().is_empty(), "nothing was asked");
    }
}

#[test]
fn without_the_setting_only_the_systems_authorities_are_believed() {
    let authority = Authority::new();
    let server = Server::start(Some(authority.certify("127.0.0.1").server(&[])), hello);
    let hosts = [server.url("")];
    let setup = Setup::new(&[], &section("asking", &hosts, ""));
    std::fs::write(setup.path("ca.pem"), authority.pem()).expect("written");
    variant(&setup, "asking", &hosts);
    let kernel = setup.start();
    assert_eq!(get(&kernel, &server.url("/"))["problem"], "fetch.unreachable");
    let setup = kernel.stop();
    let system = setup.path("ca.pem").to_str().expect("text").to_owned();
    let kernel = setup.env("SSL_CERT_FILE", &system).start();
    assert_eq!(get(&kernel, &server.url("/"))["body"], "hello", "they are those of SSL_CERT_FILE, where it is set");
}

#[test]
fn a_file_without_certificates_keeps_the_kernel_from_starting() {
    let setup = Setup::new(&[], "[host]\nfetch_roots = \"basalt.toml\"\n");
    let output = setup.run(&["serve"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("host.fetch_roots: basalt.toml"), "{said}");
}

/// A server of HTTP/2 that counts its connections.
fn second(certified: &Certified) -> (u16, Arc<AtomicUsize>) {
    let (acceptor, connections) = (TlsAcceptor::from(certified.server(&[b"h2"])), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&connections);
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            tell.send(listener.local_addr().expect("an address").port()).expect("heard");
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(speak(acceptor.clone(), stream));
            }
        });
    });
    (told.recv().expect("it listens"), connections)
}

async fn speak(acceptor: TlsAcceptor, stream: TcpStream) {
    let stream = acceptor.accept(stream).await.expect("TLS");
    let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
    while let Some(Ok((request, mut answer))) = connection.accept().await {
        let said = format!("{} {:?}", request.uri().path(), request.version());
        let head = salvo::hyper::Response::builder().header("x-two", "a").body(()).expect("an answer");
        let mut body = answer.send_response(head, false).expect("sent");
        body.send_data(Bytes::from(said), true).expect("sent");
    }
}

#[test]
fn http_2_is_spoken_where_it_is_offered_and_one_connection_serves() {
    let authority = Authority::new();
    let (port, connections) = second(&authority.certify("127.0.0.1"));
    let host = format!("https://127.0.0.1:{port}");
    let kernel = kernel(&authority, std::slice::from_ref(&host));
    let order = json!({ "method": "GET", "url": format!("{host}/a"), "times": 3, "headers": [["connection", "x"]] });
    for _ in 0..2 {
        let answer = ask(&kernel, order.clone());
        assert_eq!(answer["body"], "/a HTTP/2.0", "{answer}");
        assert_eq!(answer["headers"], json!([["x-two", "a"]]));
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}
