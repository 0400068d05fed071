//! Certificates of a test's own, and a server on this machine that shows them. What it answers is the test's to say.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// An authority of a test's own.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub struct Certified {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed"))
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for this name or address.
    pub fn certify(&self, name: &str) -> Certified {
        self.certify_until(name, 2100)
    }

    /// The same, which is valid until the beginning of this year.
    pub fn certify_until(&self, name: &str, year: i32) -> Certified {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        (params.not_before, params.not_after) = (date_time_ymd(2000, 1, 1), date_time_ymd(year, 1, 1));
        let key = KeyPair::generate().expect("a key");
        Certified { certificate: params.signed_by(&key, &self.0).expect("signed"), key }
    }
}

impl Certified {
    /// One that nobody else vouches for.
    pub fn by_itself(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new([name.to_owned()]).expect("a name");
        Self { certificate: params.self_signed(&key).expect("signed"), key }
    }

    /// Both, for programs.
    pub fn pem(&self) -> (String, String) {
        (self.certificate.pem(), self.key.serialize_pem())
    }

    /// A server's side of TLS that offers these protocols.
    pub fn server(&self, protocols: &[&[u8]]) -> Arc<ServerConfig> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("ring supports them").with_no_client_auth();
        let key = PrivateKeyDer::Pkcs8(self.key.serialize_der().into());
        let mut config = builder.with_single_cert(vec![self.certificate.der().clone()], key).expect("a pair");
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Arc::new(config)
    }
}

/// Both ways of a connection.
pub trait Stream: Read + Write {}

impl<T: Read + Write> Stream for T {}

/// Answers a request, of which this is the head.
type Answer = dyn Fn(&str, &mut dyn Stream) + Send + Sync;

/// A server that answers one request on each connection, with TLS or without.
pub struct Server {
    port: u16,
    scheme: &'static str,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn start(
        tls: Option<Arc<ServerConfig>>,
        answer: impl Fn(&str, &mut dyn Stream) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let (port, seen) = (listener.local_addr().expect("an address").port(), Arc::default());
        let (scheme, kept) = (if tls.is_some() { "https" } else { "http" }, Arc::clone(&seen));
        let answer: Arc<Answer> = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, kept, answer) = (tls.clone(), Arc::clone(&kept), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, tls, &kept, &*answer));
            }
        });
        Self { port, scheme, seen }
    }

    /// `127.0.0.1:…`
    pub fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.authority())
    }

    /// The heads of the requests so far.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().clone()
    }
}

fn serve(stream: TcpStream, tls: Option<Arc<ServerConfig>>, kept: &Mutex<Vec<String>>, answer: &Answer) {
    let Some(tls) = tls else { return exchange(stream, kept, answer) };
    let connection = ServerConnection::new(tls).expect("a configuration");
    let mut stream = StreamOwned::new(connection, stream);
    exchange(&mut stream, kept, answer);
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

fn exchange(mut stream: impl Stream, kept: &Mutex<Vec<String>>, answer: &Answer) {
    let mut head = String::new();
    let mut reader = BufReader::new(&mut stream);
    while !head.ends_with("\r\n\r\n") {
        // Who does not like the certificate says nothing.
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    kept.lock().push(head.clone());
    answer(&head, &mut stream);
}

/// Writes an answer, of which this is the head without the length.
pub fn reply(stream: &mut dyn Stream, head: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).and_then(|()| stream.flush());
}

/// What a request asks for.
pub fn target(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}
