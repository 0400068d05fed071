//! What the rules about names and addresses, and the connector that keeps them, do with hostile input.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

fn pattern(text: &str) -> Pattern {
    text.to_owned().try_into().expect(text)
}

/// A plugin with this grant, for which names have the addresses of these answers, one after the other.
fn fixed(hosts: &[&str], answers: &[&[&str]]) -> (Fixed, Arc<AtomicUsize>) {
    let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().expect("an address")).collect();
    let answers: Arc<Mutex<VecDeque<Vec<std::net::IpAddr>>>> =
        Arc::new(Mutex::new(answers.iter().map(parse).collect()));
    let lookups = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&lookups);
    let resolve: Resolve = Arc::new(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        let answer = answers.lock().pop_front().unwrap_or_default();
        Box::pin(async move { Ok(answer) })
    });
    let grant = Grant { hosts: hosts.iter().map(|host| pattern(host)).collect() };
    let fixed = Fixed { resolve, ..Fixed::new(grant, 1000, Arc::new(rustls::RootCertStore::empty())) };
    (fixed, lookups)
}

/// The code with which a GET is refused; nothing when a connection would be opened.
async fn refusal(hosts: &[&str], url: &str, addresses: &[&str]) -> Option<String> {
    let (fixed, _) = fixed(hosts, &[addresses]);
    if let Err(fault) = fixed.request("GET", url, HeaderMap::new(), Bytes::new()) {
        return Some(fault.code.into_owned());
    }
    let target = host::target(url).expect("read before").0;
    let connector = Connector::new(Arc::clone(&fixed.grant), fixed.resolve);
    connector.addresses(&target).await.err().map(|_| "fetch.not-granted".to_owned())
}

const HOSTS: &[&str] = &[
    "api.example.com",
    "*.wild.example.com:8443",
    "*.*.deep.example.com",
    "http://localhost:9000",
    "minio:9000 in 10.1.0.0/16",
    "http://10.7.7.7",
    "[fd12::7]:8080",
    "xn--bcher-kva.example",
];

#[tokio::test]
async fn what_was_granted_is_asked() {
    for (url, addresses) in [
        ("https://api.example.com/v1?a=b", &["93.184.215.14", "2606:2800:21f::1"] as &[_]),
        ("https://API.Example.com:443", &["93.184.215.14"]),
        ("https://api.example.com?x", &["93.184.215.14"]),
        ("https://a.wild.example.com:8443/", &["93.184.215.14"]),
        ("https://a.b.deep.example.com/", &["93.184.215.14"]),
        ("http://localhost:9000/", &["127.0.0.1", "::1"]),
        ("https://minio:9000/", &["10.1.255.255"]),
        ("http://10.7.7.7/", &[]),
        ("https://[fd12::7]:8080/", &[]),
        ("https://[FD12:0:0::7]:8080/", &[]),
        ("https://xn--bcher-kva.example/", &["93.184.215.14"]),
    ] {
        assert_eq!(refusal(HOSTS, url, addresses).await, None, "{url}");
    }
    assert_eq!(refusal(&["*"], "https://anybody.example/", &["93.184.215.14"]).await, None);
    assert_eq!(refusal(&["*"], "https://8.8.8.8/", &[]).await, None);
}

/// What no name that was granted may stand for, unless its grant says so.
const FOREIGN: &[&str] = &[
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.1.1",
    "100.64.0.1",
    "100.127.255.255",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
];

/// A name that was granted, made to stand for what was not: whatever a resolver answers.
#[tokio::test]
async fn no_granted_name_leads_to_an_address_that_was_not_granted() {
    for address in FOREIGN {
        for hosts in [HOSTS, &["*"]] {
            let refused = refusal(hosts, "https://api.example.com/", &[address]).await;
            assert_eq!(refused.as_deref(), Some("fetch.not-granted"), "{address}");
            let mixed = refusal(hosts, "https://api.example.com/", &["93.184.215.14", address]).await;
            assert_eq!(mixed.as_deref(), Some("fetch.not-granted"), "{address} behind a public one");
        }
    }
    for (url, address) in [
        ("http://localhost:9000/", "10.0.0.1"),
        ("http://localhost:9000/", "93.184.215.14"),
        ("http://localhost:9000/", "::ffff:127.0.0.1"),
        ("https://minio:9000/", "10.2.0.1"),
        ("https://minio:9000/", "127.0.0.1"),
        ("https://minio:9000/", "93.184.215.14"),
        ("https://minio:9000/", "::ffff:10.1.0.1"),
    ] {
        assert_eq!(refusal(HOSTS, url, &[address]).await.as_deref(), Some("fetch.not-granted"), "{url} at {address}");
    }
}

const SPELLINGS: &[(&str, &str)] = &[
    ("https://evil.example/", "not-granted"),
    ("http://api.example.com/", "not-granted"),
    ("https://api.example.com:8443/", "not-granted"),
    ("https://api.example.com.evil.example/", "not-granted"),
    ("https://evilapi.example.com/", "not-granted"),
    ("https://sub.api.example.com/", "not-granted"),
    ("https://wild.example.com:8443/", "not-granted"),
    ("https://a.b.wild.example.com:8443/", "not-granted"),
    ("https://a.wild.example.com/", "not-granted"),
    ("https://b.deep.example.com/", "not-granted"),
    ("https://localhost:9000/", "not-granted"),
    ("http://localhost/", "not-granted"),
    ("http://127.0.0.1:9000/", "not-granted"),
    ("http://[::1]:9000/", "not-granted"),
    ("http://10.7.7.8/", "not-granted"),
    ("https://10.7.7.7/", "not-granted"),
    ("http://[::ffff:10.7.7.7]/", "not-granted"),
    ("http://[::ffff:a07:707]/", "not-granted"),
    ("https://169.254.169.254/latest/meta-data/", "not-granted"),
    ("https://evil.example#@api.example.com/", "not-granted"),
    ("https://evil.example?@api.example.com/", "not-granted"),
    ("https://api.example.com@evil.example/", "invalid"),
    ("https://user:word@api.example.com/", "invalid"),
    ("https://@api.example.com/", "invalid"),
    ("https://evil.example\\@api.example.com/", "invalid"),
    ("https://api.example.com./", "invalid"),
    ("https://api.example.com../", "invalid"),
    ("https://api..example.com/", "invalid"),
    ("https://.api.example.com/", "invalid"),
    ("https://%61pi.example.com/", "invalid"),
    ("https://api.example.com%00.evil.example/", "invalid"),
    ("https://api.example.com%2eevil.example/", "invalid"),
    ("https://*.wild.example.com:8443/", "invalid"),
    ("https://b\u{fc}cher.example/", "invalid"),
    ("https://api\u{3002}example.com/", "invalid"),
    ("https://\u{ff41}pi.example.com/", "invalid"),
    ("https://\u{2460}0.7.7.7/", "invalid"),
    ("http://168232711/", "invalid"),
    ("http://0x0a070707/", "invalid"),
    ("http://0xa.0x7.0x7.0x7/", "invalid"),
    ("http://012.07.07.07/", "invalid"),
    ("http://10.7.07.7/", "invalid"),
    ("http://10.7.1799/", "invalid"),
    ("http://10.7.7.7.:80/", "invalid"),
    ("http://10.7.7.0x7/", "invalid"),
    ("http://a.0x/", "invalid"),
    ("http://256.256.256.256/", "invalid"),
    ("https://[fd12::7%25eth0]:8080/", "invalid"),
    ("https://[fd12::7/", "invalid"),
    ("https://fd12::7/", "invalid"),
    ("https://api.example.com:0443/", "invalid"),
    ("https://api.example.com:65536/", "invalid"),
    ("https://api.example.com:+443/", "invalid"),
    ("https://api.example.com:/", "invalid"),
    ("https://api.example.com:0/", "invalid"),
    ("https:///api.example.com/", "invalid"),
    ("//api.example.com/", "invalid"),
    ("api.example.com", "invalid"),
    ("/", "invalid"),
    ("", "invalid"),
    ("ftp://api.example.com/", "invalid"),
    ("file:///etc/passwd", "invalid"),
    ("gopher://api.example.com/", "invalid"),
    ("https://api.example.com/ HTTP/1.1\r\nhost: evil.example\r\n\r\n", "invalid"),
    ("https://api.example.com/\n", "invalid"),
    (" https://api.example.com/", "invalid"),
    ("https://api.example.com\t/", "invalid"),
];

/// Each with a resolver that would find a public address.
#[tokio::test]
async fn no_spelling_of_a_url_leads_where_it_was_not_granted() {
    for (url, code) in SPELLINGS {
        let refused = refusal(HOSTS, url, &["93.184.215.14"]).await.unwrap_or_default();
        assert_eq!(refused, format!("fetch.{code}"), "{url:?}");
    }
    let long = format!("https://api.example.com/{}", "a".repeat(20_000));
    assert_eq!(refusal(HOSTS, &long, &["93.184.215.14"]).await.as_deref(), Some("fetch.invalid"));
}

#[test]
fn a_grant_names_servers_in_one_way() {
    for text in [
        "",
        "*.com",
        "*.",
        "**",
        "*:8443",
        "a.*.example.com",
        "a*.example.com",
        "*.10.0.0.1",
        "http://*",
        "http://*.example.com",
        "*.example.com in 10.0.0.0/8",
        "api.example.com.",
        "API.example.com",
        "user@api.example.com",
        "api.example.com/v1",
        "https://api.example.com/",
        "ftp://api.example.com",
        "api.example.com:0",
        "api.example.com:",
        "b\u{fc}cher.example",
        "0x7f.1",
        "2130706433",
        "0.0.0.0",
        "http://169.254.169.254",
        "[fe80::1]",
        "[::ffff:127.0.0.1]",
        "[2002:7f00:1::]",
        "minio in 0.0.0.0/0",
        "minio in 169.254.0.0/16",
        "minio in 8.8.8.8",
        "minio in 10.0.0.1/8",
        "minio in ::/0",
        "10.0.0.1 in 10.0.0.0/8",
        "minio in",
        "minio  in 10.0.0.0/8",
    ] {
        assert!(Pattern::try_from(text.to_owned()).is_err(), "{text:?}");
    }
}

#[test]
fn a_pattern_covers_those_that_lead_nowhere_else() {
    for (wide, narrow) in [
        ("*", "api.example.com"),
        ("*", "*.example.com"),
        ("*", "8.8.8.8"),
        ("*.example.com", "https://a.example.com:443"),
        ("*.*.example.com", "*.a.example.com"),
        ("minio in 10.0.0.0/8", "minio in 10.1.0.0/16"),
    ] {
        assert!(pattern(wide).covers(&pattern(narrow)), "{wide} covers {narrow}");
        assert!(!pattern(narrow).covers(&pattern(wide)) || wide == narrow, "{narrow} does not cover {wide}");
    }
    for (one, other) in [
        ("*", "localhost"),
        ("*", "http://api.example.com"),
        ("*", "minio in 10.0.0.0/8"),
        ("*", "10.0.0.1"),
        ("*", "api.example.com:8443"),
        ("*.example.com", "example.com"),
        ("*.example.com", "a.b.example.com"),
        ("a.example.com", "*.example.com"),
        ("minio in 10.0.0.0/8", "minio"),
    ] {
        assert!(!pattern(one).covers(&pattern(other)), "{one} does not cover {other}");
    }
}

#[test]
fn headers_cannot_end_early_or_frame_another_message() {
    let given = |name: &str, value: &str| outgoing(&[(name.to_owned(), value.to_owned())]);
    for (name, value) in [
        ("x", "a\r\nhost: evil"),
        ("x", "a\nb"),
        ("x", "a\0"),
        ("x\r\ny", "a"),
        ("x y", "a"),
        ("x:", "a"),
        ("", "a"),
        (":authority", "evil"),
    ] {
        assert_eq!(given(name, value).expect_err(name).code, "fetch.invalid", "{name:?} {value:?}");
    }
    for name in FRAMING {
        assert!(given(&name.to_uppercase(), "a").expect("a header").is_empty(), "{name}");
    }
    assert_eq!(given("Authorization", "Bearer x").expect("a header").len(), 1);
}

#[test]
fn methods_that_turn_a_server_into_a_tunnel_or_a_mirror_are_not_sent() {
    let (fixed, _) = fixed(HOSTS, &[]);
    for method in ["CONNECT", "TRACE", "", "G T", "GET\r\n", "GET / HTTP/1.1\r\n"] {
        let refused =
            fixed.request(method, "https://api.example.com/", HeaderMap::new(), Bytes::new()).expect_err(method);
        assert_eq!(refused.code, "fetch.invalid", "{method:?}");
    }
}

/// Answers one request of each connection, and closes it.
async fn server() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            counted.fetch_add(1, Ordering::Relaxed);
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi";
            let _ = stream.write_all(answer).await;
        }
    });
    (port, asked)
}

async fn fetch(fixed: &Fixed, url: &str) -> Result<u16> {
    let request = fixed.request("GET", url, HeaderMap::new(), Bytes::new())?;
    fixed.client()?.send(request).await.map(|answer| answer.status().as_u16())
}

#[tokio::test]
async fn a_name_that_is_bound_again_leads_nowhere_else() {
    let (port, asked) = server().await;
    let url = format!("http://rebound.example:{port}/");
    let grant = format!("http://rebound.example:{port} in 127.0.0.0/8");
    let answers: &[&[&str]] = &[&["127.0.0.1"], &["169.254.169.254"], &["127.0.0.1", "10.0.0.1"], &["127.0.0.1"]];
    let (fixed, lookups) = fixed(&[&grant], answers);
    assert_eq!(fetch(&fixed, &url).await.expect("granted"), 200);
    assert_eq!(lookups.load(Ordering::Relaxed), 1, "the address that was looked at is the one that is asked");
    for _ in 0..2 {
        assert_eq!(fetch(&fixed, &url).await.expect_err("rebound").code, "fetch.not-granted");
    }
    assert_eq!(fetch(&fixed, &url).await.expect("granted again"), 200);
    assert_eq!((lookups.load(Ordering::Relaxed), asked.load(Ordering::Relaxed)), (4, 2));
}

/// Looking at the URL first only makes a better message: what opens connections looks for itself.
#[tokio::test]
async fn the_connector_opens_nothing_that_was_not_granted() {
    let (port, asked) = server().await;
    let (fixed, lookups) = fixed(&["api.example.com"], &[]);
    let mut request = Request::new(Full::new(Bytes::new()));
    for url in ["http://127.0.0.1", "http://localhost", "https://[::1]"] {
        *request.uri_mut() = format!("{url}:{port}/").parse().expect("a URL");
        let refused = fixed.client().expect("a client").send(request.clone()).await.expect_err(url);
        assert_eq!(refused.code, "fetch.not-granted", "{url}");
    }
    assert_eq!((lookups.load(Ordering::Relaxed), asked.load(Ordering::Relaxed)), (0, 0));
}

#[tokio::test]
async fn a_name_without_addresses_is_not_reached() {
    let (fixed, _) = fixed(&["api.example.com"], &[]);
    let refused = fetch(&fixed, "https://api.example.com/").await.expect_err("no address");
    assert_eq!(refused.code, "fetch.unreachable");
}
