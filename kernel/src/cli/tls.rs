//! Whose certificates commands believe when they speak TLS. It opens no connection.

use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use crate::error::{Error, Result, code};

/// The certificates that the system trusts (those of `SSL_CERT_FILE` where it is set), and those of a PEM file.
///
/// # Errors
/// `config.invalid` when there is no certificate in the file.
pub(super) fn config(extra: Option<&Path>) -> Result<TlsConfig> {
    let mut roots = rustls_native_certs::load_native_certs().certs;
    if let Some(path) = extra {
        roots.extend(read(path)?);
    }
    let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
    let builder = TlsConfig::builder().provider(TlsProvider::Rustls).root_certs(RootCerts::Specific(Arc::new(roots)));
    Ok(builder.unversioned_rustls_crypto_provider(Arc::new(ring::default_provider())).build())
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|fault| fault.to_string());
    let certificates = certificates.and_then(|found| match found.is_empty() {
        true => Err("there is none in it".to_owned()),
        false => Ok(found),
    });
    let wrong = |fault| format!("no certificates can be read from {}: {fault}", path.display());
    certificates.map_err(|fault| Error::new(&code::CONFIG_INVALID, wrong(fault)).hint("`--ca` takes a file of PEM"))
}
