//! Encryption of a connection to the server. It offers no client certificates.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use postgres_protocol::message::frontend;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect as _};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::Stream;
use crate::error::{Error, Result, code};

/// When to encrypt.
#[derive(Clone)]
pub(crate) enum Policy {
    /// Never.
    Off,
    /// If the server can; any certificate will do, since whoever can forge one can also claim to be unable.
    Offered(MakeRustlsConnect),
    /// Always, and the certificate must be the server's.
    Verified(MakeRustlsConnect),
}

impl Policy {
    pub(crate) fn new(mode: SslMode, roots: Option<&PathBuf>) -> Result<Self> {
        Ok(match mode {
            SslMode::Disable => Self::Off,
            SslMode::Prefer => Self::Offered(MakeRustlsConnect::new(trusting())),
            _ => Self::Verified(MakeRustlsConnect::new(verifying(roots)?)),
        })
    }

    /// Encrypts the stream, or gives it back as it is where the policy allows that.
    pub(crate) async fn secure(&self, mut stream: TcpStream, name: &str) -> io::Result<Box<dyn Stream>> {
        let (connector, must) = match self {
            Self::Off => return Ok(Box::new(stream)),
            Self::Offered(connector) => (connector, false),
            Self::Verified(connector) => (connector, true),
        };
        if !is_offered(&mut stream).await? {
            return match must {
                true => Err(io::Error::other("the server does not offer TLS, which sslmode requires")),
                false => Ok(Box::new(stream)),
            };
        }
        let connect = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut connector.clone(), name);
        let connect = connect.map_err(io::Error::other)?;
        Ok(Box::new(connect.connect(stream).await?))
    }
}

async fn is_offered(stream: &mut TcpStream) -> io::Result<bool> {
    let mut request = bytes::BytesMut::new();
    frontend::ssl_request(&mut request);
    stream.write_all(&request).await?;
    // One byte and no more: anything that follows it in clear text would be an attacker's.
    Ok(stream.read_u8().await? == b'S')
}

fn verifying(extra: Option<&PathBuf>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = extra {
        let invalid = |fault| Error::new(&code::CONFIG_INVALID, format!("database.tls_roots: {fault}"));
        let certificates = CertificateDer::pem_file_iter(path).map_err(invalid)?;
        roots.add_parsable_certificates(certificates.flatten());
    }
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    Ok(builder.map_err(Error::internal)?.with_root_certificates(roots).with_no_client_auth())
}

fn trusting() -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.expect("ring supports the default versions").dangerous();
    builder.with_custom_certificate_verifier(Arc::new(AnyCertificate)).with_no_client_auth()
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Believes every certificate; the signatures are still checked, so that it is the certificate's owner who answers.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &ring::default_provider().signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &ring::default_provider().signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
