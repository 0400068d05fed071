//! Sending a request and reading its answer, over connections that belong to one plugin. It follows no redirect, reads no
//! environment and decides no grant: [`super::connect`] does, for each connection.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{self, Builder};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::connect::{Connector, Refused};
use crate::error::{Error, Result, code};

/// Bytes of an answer's headers, and how many of them.
const MAX_HEAD: usize = 64 << 10;
const MAX_HEADERS: usize = 100;
/// Connections to one server that wait for the next request, and for how long.
const IDLE: usize = 4;
const IDLE_TIME: Duration = Duration::from_secs(30);

/// Whose certificates are believed, by all plugins alike.
pub type Roots = Arc<RootCertStore>;

/// What the system trusts, and what is in a PEM file.
///
/// # Errors
/// `config.invalid` when the file holds no certificate.
pub fn roots(extra: Option<&Path>) -> Result<Roots> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = extra {
        let wrong =
            |why: String| Error::new(&code::CONFIG_INVALID, format!("host.fetch_roots: {}: {why}", path.display()));
        let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let (added, _) = roots.add_parsable_certificates(found.map_err(|fault| wrong(fault.to_string()))?);
        if added == 0 {
            return Err(wrong("there is no certificate in it".to_owned()));
        }
    }
    Ok(Arc::new(roots))
}

pub(in crate::capability) type Request = hyper::Request<Full<Bytes>>;

/// A pool of connections.
pub(super) struct Client(legacy::Client<HttpsConnector<Connector>, Full<Bytes>>);

impl Client {
    /// A pool of its own, TLS sessions included: what one plugin opened is never another's.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub(super) fn new(connector: Connector, roots: &Roots) -> Result<Self> {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let tls = tls.with_safe_default_protocol_versions().map_err(Error::internal)?;
        let tls = tls.with_root_certificates(Arc::clone(roots)).with_no_client_auth();
        let secured = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions();
        let mut builder = Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).pool_timer(TokioTimer::new());
        builder.pool_max_idle_per_host(IDLE).pool_idle_timeout(IDLE_TIME);
        builder.http1_max_buf_size(MAX_HEAD).http1_max_headers(MAX_HEADERS);
        builder.http2_max_header_list_size(MAX_HEAD as u32);
        Ok(Self(builder.build(secured.wrap_connector(connector))))
    }

    /// Sends it, and waits for the head of the answer. Once more where that changes nothing, when the connection failed. A
    /// request that was not yet written to a connection that had been kept is sent over a new one, whatever its method.
    ///
    /// # Errors
    /// `fetch.not-granted` when an address is not allowed, `fetch.unreachable`.
    pub(super) async fn send(&self, request: Request) -> Result<hyper::Response<Incoming>> {
        let again = request.method().is_idempotent().then(|| request.clone());
        match (self.0.request(request).await, again) {
            (Err(fault), Some(again)) if is_connection_fault(&fault) => self.0.request(again).await,
            (outcome, _) => outcome,
        }
        .map_err(explain)
    }
}

/// The next piece of a body; `None` at its end.
///
/// # Errors
/// `fetch.unreachable` when it breaks off.
pub(super) async fn next(body: &mut Incoming) -> Result<Option<Bytes>> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|fault| unreachable("the answer broke off").source(fault))?;
        // Trailers are nobody's.
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

fn is_connection_fault(fault: &legacy::Error) -> bool {
    let is_answer = cause::<hyper::Error>(fault).is_some_and(hyper::Error::is_parse);
    let is_late = cause::<io::Error>(fault).is_some_and(|fault| fault.kind() == io::ErrorKind::TimedOut);
    cause::<Refused>(fault).is_none() && cause::<rustls::Error>(fault).is_none() && !is_answer && !is_late
}

/// The cause of this type, however deep.
fn cause<T: std::error::Error + 'static>(fault: &legacy::Error) -> Option<&T> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(fault);
    while let Some(fault) = next {
        if let Some(found) = fault.downcast_ref() {
            return Some(found);
        }
        // An I/O error gives what it wraps, not what that was caused by.
        next = match fault.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => fault.source(),
        };
    }
    None
}

fn explain(fault: legacy::Error) -> Error {
    if cause::<Refused>(&fault).is_some() {
        let message = "the server has an address that the plugin was not granted";
        return Error::new(&code::FETCH_NOT_GRANTED, message)
            .hint("an operator grants an address inside with its network: \"minio:9000 in 10.0.0.0/8\"")
            .source(fault);
    }
    let message = if let Some(fault) = cause::<rustls::Error>(&fault) {
        certificate(fault)
    } else if fault.is_connect() {
        "no connection to the server"
    } else if cause::<hyper::Error>(&fault).is_some_and(hyper::Error::is_parse) {
        "the server's answer is no HTTP, or its head is over 64 KiB or 100 headers"
    } else {
        "the connection ended before the server answered"
    };
    unreachable(message).source(fault)
}

/// What is wrong with what a server shows.
fn certificate(fault: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Wrong;
    match fault {
        rustls::Error::InvalidCertificate(Wrong::Expired | Wrong::ExpiredContext { .. }) => {
            "the server's certificate has expired"
        }
        rustls::Error::InvalidCertificate(Wrong::NotValidForName | Wrong::NotValidForNameContext { .. }) => {
            "the server's certificate is for another name"
        }
        rustls::Error::InvalidCertificate(Wrong::UnknownIssuer | Wrong::BadSignature) => {
            "the server's certificate is worth nothing here: nobody who is trusted vouches for it"
        }
        _ => "the server cannot show that it is who it is asked to be",
    }
}

fn unreachable(message: &str) -> Error {
    Error::new(&code::FETCH_UNREACHABLE, message)
}
