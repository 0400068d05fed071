//! Where a plugin's file comes from: a path, an https URL, or an OCI registry; and what vouches for it there. Whether that is
//! enough, the kernel says.

mod registry;
mod token;
mod web;

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use oci_spec::distribution::Reference;
use ureq::http::Uri;

use crate::error::{Error, Result, code};
use crate::host::package::Package;
use crate::host::signature::MAX_SIGNATURE;
use crate::store::plugin::{Digest, MAX_FILE};
use registry::Registry;
use web::Web;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin: a file, an https URL, or oci://REGISTRY/REPOSITORY:TAG
    #[arg(value_name = "FILE|URL")]
    source: String,
    /// The SHA-256 that the file has to have, in hexadecimal digits
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    sha256: Option<String>,
    /// The minisign signature of the file [default: what is beside it, at FILE.minisig or URL.minisig, or in the registry]
    #[arg(long, value_name = "FILE", conflicts_with = "unsigned")]
    signature: Option<PathBuf>,
    /// Do without a signature, also where the version that runs has one
    #[arg(long)]
    pub(super) unsigned: bool,
    /// Ask a registry of this machine without TLS
    #[arg(long)]
    plain_http: bool,
    /// How long each request for it may take
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

/// A plugin, and the text of its signature.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) package: Package,
    pub(super) signature: Option<String>,
}

/// What was named.
#[derive(Debug, PartialEq)]
enum Place {
    File(PathBuf),
    Web(Uri),
    Registry(Reference),
}

/// The bytes of a file and of its signature, and what to call the place they came from.
struct Content {
    file: Bytes,
    signature: Option<Vec<u8>>,
    /// What names exactly this file; nothing for one that was here.
    origin: Option<String>,
}

impl Arguments {
    /// As it was named.
    pub(super) fn name(&self) -> &str {
        &self.source
    }

    /// Gets the file and its signature, and looks whether they are what was asked for.
    ///
    /// # Errors
    /// `source.invalid` and the like, `plugin.refused` when it is no plugin.
    pub(super) fn open(&self, ca: Option<&Path>) -> Result<Fetched> {
        let Content { file, signature, origin } = match place(&self.source)? {
            Place::File(path) => self.local(&path)?,
            Place::Web(url) => self.download(&url, ca)?,
            Place::Registry(reference) => self.pull(&reference, ca)?,
        };
        let digest = Digest::of(&file);
        if let Some(origin) = origin {
            eprintln!("fetched {origin}: {} bytes, sha256 {digest}", file.len());
        }
        if let Some(expected) = self.sha256.as_deref().filter(|expected| *expected != digest.as_str()) {
            return Err(differs(&self.source, expected, digest.as_str()));
        }
        let signature = match &self.signature {
            Some(path) => Some(read_signature(path)?),
            None => signature,
        };
        let signature = signature.map(text).transpose()?;
        Ok(Fetched { package: Package::parse(file)?, signature })
    }

    /// Whether a signature is looked for where the file is.
    fn looks_beside(&self) -> bool {
        self.signature.is_none() && !self.unsigned
    }

    fn local(&self, path: &Path) -> Result<Content> {
        let package = Package::open(path)?;
        let mut beside = path.as_os_str().to_owned();
        beside.push(".minisig");
        let beside = PathBuf::from(beside);
        let signature = (self.looks_beside() && beside.exists()).then(|| read_signature(&beside)).transpose()?;
        Ok(Content { file: package.wasm, signature, origin: None })
    }

    fn download(&self, url: &Uri, ca: Option<&Path>) -> Result<Content> {
        let is_plain = url.scheme_str() == Some("http");
        if is_plain && !url.host().is_some_and(is_loopback) {
            return Err(unencrypted(&self.source));
        }
        let web = Web::new(ca, self.timeout, is_plain)?;
        let file = web.read(&url.to_string(), MAX_FILE)?;
        let signature = match self.looks_beside() {
            true => web.read_if_any(&beside(url), MAX_SIGNATURE)?,
            false => None,
        };
        Ok(Content { file: file.into(), signature, origin: Some(url.to_string()) })
    }

    fn pull(&self, reference: &Reference, ca: Option<&Path>) -> Result<Content> {
        if self.plain_http && !is_loopback(host(reference.registry())) {
            return Err(unencrypted(&self.source));
        }
        let web = Web::new(ca, self.timeout, self.plain_http)?;
        let artifact = Registry::new(&web, reference, self.plain_http).pull(self.looks_beside())?;
        let origin = format!("oci://{}/{}@{}", reference.registry(), reference.repository(), artifact.digest);
        Ok(Content { file: artifact.file.into(), signature: artifact.signature, origin: Some(origin) })
    }
}

fn place(source: &str) -> Result<Place> {
    let Some((scheme, rest)) = source.split_once("://") else { return Ok(Place::File(source.into())) };
    let wrong = |why: &str| Error::new(&code::SOURCE_INVALID, format!("{source:?} is not fetched: {why}"));
    match scheme.to_ascii_lowercase().as_str() {
        "https" | "http" => {
            let url: Uri = source.parse().map_err(|_| wrong("it is no URL"))?;
            match url.authority() {
                Some(authority) if !authority.as_str().contains('@') => Ok(Place::Web(url)),
                _ => Err(wrong("it has no host, or a password, which is none of a URL's business")),
            }
        }
        "oci" => reference(rest).map(Place::Registry).map_err(|why| {
            wrong(why).hint("like oci://ghcr.io/somebody/plugin:1.0.0, or …@sha256: and the digest of its manifest")
        }),
        _ => Err(wrong("only https:// and oci:// are").hint("a file is named by its path")),
    }
}

/// With its registry: nothing is looked for at one that was not named.
fn reference(text: &str) -> Result<Reference, &'static str> {
    let reference: Reference = text.parse().map_err(|_| "it is no reference")?;
    if text.split('/').next() != Some(reference.registry()) || text == reference.registry() {
        return Err("it names no registry");
    }
    match reference.digest() {
        Some(digest) if !digest.starts_with("sha256:") || digest.chars().any(|char| char.is_ascii_uppercase()) => {
            Err("its digest is no SHA-256 in small letters")
        }
        _ => Ok(reference),
    }
}

/// The URL with `.minisig` behind its path.
fn beside(url: &Uri) -> String {
    let text = url.to_string();
    match text.split_once('?') {
        Some((path, query)) => format!("{path}.minisig?{query}"),
        None => format!("{text}.minisig"),
    }
}

fn host(authority: &str) -> &str {
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn unencrypted(source: &str) -> Error {
    Error::new(&code::SOURCE_INVALID, format!("{source:?} is not fetched: without TLS only this machine is asked"))
        .hint("https://, with `--ca FILE` where its certificate is of an authority of your own")
}

fn differs(what: &str, expected: &str, found: &str) -> Error {
    let message = format!("{what} is not what was asked for: its SHA-256 is {found}, and not {expected}");
    Error::new(&code::SOURCE_CHECKSUM, message)
        .hint("it was replaced, or damaged on its way: ask its author which one is right")
}

fn read_signature(path: &Path) -> Result<Vec<u8>> {
    let unreadable = |fault| {
        let message = format!("the signature {} cannot be read: {fault}", path.display());
        Error::new(&code::SIGNATURE_INVALID, message)
    };
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > MAX_SIGNATURE as u64 {
        return Err(unreadable(std::io::Error::other(format!("it has {length} bytes"))));
    }
    std::fs::read(path).map_err(unreadable)
}

fn text(signature: Vec<u8>) -> Result<String> {
    String::from_utf8(signature).map_err(|_| Error::new(&code::SIGNATURE_INVALID, "the signature is no text"))
}

fn sha256(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
    let is_one = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then_some(digits).ok_or_else(|| "a SHA-256 has 64 hexadecimal digits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_file_a_url_or_a_reference() {
        assert_eq!(place("a/b.wasm").expect("a file"), Place::File("a/b.wasm".into()));
        assert_eq!(place("ghcr.io/a/b:1").expect("a file"), Place::File("ghcr.io/a/b:1".into()));
        assert!(matches!(place("HTTPS://example.com/a.wasm?b=c"), Ok(Place::Web(_))));
        for text in
            ["oci://ghcr.io/a/b:1.0", "oci://localhost:5000/a", &format!("oci://a.b/c@sha256:{}", "0".repeat(64))]
        {
            assert!(matches!(place(text), Ok(Place::Registry(_))), "{text}");
        }
    }

    #[test]
    fn what_could_be_meant_in_another_way_is_no_source() {
        let short = format!("oci://a.b/c@sha256:{}", "0".repeat(63));
        let other = format!("oci://a.b/c@sha512:{}", "0".repeat(128));
        for text in [
            "file:///etc/passwd",
            "ftp://example.com/a",
            "https://",
            "https://user:password@example.com/a",
            "https://exa mple.com/a",
            "oci://",
            "oci://shop",
            "oci://somebody/shop",
            "oci://ghcr.io",
            "oci://ghcr.io/",
            "oci://ghcr.io/../../v2/_catalog",
            "oci://ghcr.io/a/../b:1",
            "oci://ghcr.io/a/%2e%2e/b:1",
            "oci://ghcr.io//a:1",
            "oci://ghcr.io/a:1/../../b",
            "oci://ghcr.io/a?b=c",
            "oci://ghcr.io/a#b",
            "oci://user@ghcr.io/a:1",
            "oci://ghcr.io/A:1",
            "oci://ghcr.io/a:1@sha256:x",
            "oci://ghcr.io/a:b c",
            "oci://ghcr.io/a:1\r\nx: y",
            &short,
            &other,
        ] {
            assert_eq!(place(text).expect_err(text).code, "source.invalid", "{text}");
        }
    }

    #[test]
    fn only_this_machine_is_asked_in_the_clear() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example.com", "10.0.0.1", "0.0.0.0", "[::]", "", "127.0.0.1.example.com"] {
            assert!(!is_loopback(host), "{host}");
        }
        assert_eq!((host("localhost:5000"), host("ghcr.io")), ("localhost", "ghcr.io"));
    }

    #[test]
    fn a_signature_is_beside_the_file_before_the_query() {
        let beside = |url: &str| beside(&url.parse().expect("a URL"));
        assert_eq!(beside("https://a.b/c.wasm"), "https://a.b/c.wasm.minisig");
        assert_eq!(beside("https://a.b/c.wasm?d=e/f"), "https://a.b/c.wasm.minisig?d=e/f");
    }

    #[test]
    fn a_checksum_is_64_digits() {
        let digits = "0aB".repeat(21) + "c";
        assert_eq!(sha256(&digits), Ok(digits.to_lowercase()));
        assert_eq!(sha256(&format!("sha256:{digits}")), Ok(digits.to_lowercase()));
        for text in ["", "0", &digits[1..], &format!("{}g", &digits[1..]), &format!("sha512:{digits}")] {
            assert!(sha256(text).is_err(), "{text}");
        }
    }
}
