//! Where a URL leads, and which places a grant names, in one strict spelling each. It resolves no name.

use std::net::IpAddr;

use salvo::http::uri::{Authority, PathAndQuery, Scheme, Uri};
use serde::Deserialize;

use super::address::{self, Reach};
use crate::config::Network;

/// A server that a URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Whether it is asked over TLS.
    pub(super) secure: bool,
    /// Its name or address.
    pub(super) host: Host,
    /// Where it listens.
    pub(super) port: u16,
}

/// A name in lower case, or an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Host {
    /// As DNS has it, without a dot at the end.
    Name(String),
    /// Written out.
    Address(IpAddr),
}

/// Servers that a grant names: `api.stripe.com`, `*.example.com:8443`, `http://localhost:9000`, `minio:9000 in 10.0.0.0/8`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    secure: bool,
    /// A `*` stands for any one label at the left; alone for every public server.
    host: Host,
    port: u16,
    place: Place,
}

/// Which addresses a name may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Public,
    /// Those of this machine, for `localhost`.
    Loopback,
    /// Those inside that were named.
    Within(Network),
}

/// Reads a URL. What is left of it to send is its path and query.
///
/// # Errors
/// What is wrong with it.
pub(super) fn target(url: &str) -> Result<(Target, Uri), &'static str> {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a URL has no spaces, and what is not ASCII is percent-encoded, or `xn--` in a name");
    }
    let uri: Uri = url.parse().map_err(|_| "that is no URL")?;
    let secure = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err("a URL starts with https:// or http://"),
    };
    let authority = uri.authority().ok_or("a URL names a server")?.as_str().to_ascii_lowercase();
    let (host, port) = split(&authority)?;
    let target = Target { secure, host: read(host)?, port: port.unwrap_or(default_port(secure)) };
    let uri = target.uri(uri.path_and_query().cloned())?;
    Ok((target, uri))
}

impl Target {
    /// Made again from what was understood, so that nothing else is sent than was looked at.
    fn uri(&self, path: Option<PathAndQuery>) -> Result<Uri, &'static str> {
        let port = if self.port == default_port(self.secure) { String::new() } else { format!(":{}", self.port) };
        let authority: Authority = format!("{}{port}", self.host).parse().map_err(|_| "that is no server")?;
        let scheme = if self.secure { Scheme::HTTPS } else { Scheme::HTTP };
        // `https://name?query` has a query and no path.
        let path = path.map_or_else(String::new, |path| path.as_str().to_owned());
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        if path.len() > MAX_PATH {
            return Err("the URL is too long");
        }
        Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build().map_err(|_| "that is no URL")
    }
}

/// The pattern of every public server.
const EVERY: &str = "*";

/// Bytes of a path with its query.
const MAX_PATH: usize = 16 << 10;

const fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// Host and port, as they are written. A user before them is not sent, and hides where a URL leads.
fn split(authority: &str) -> Result<(&str, Option<u16>), &'static str> {
    if authority.contains('@') {
        return Err("a URL has no user and password here: send a header");
    }
    let end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    match authority[end..].find(':') {
        None => Ok((authority, None)),
        Some(colon) => {
            let (host, port) = (&authority[..end + colon], &authority[end + colon + 1..]);
            let is_plain = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
            let port = port.parse().ok().filter(|_| is_plain).ok_or("a port is a number from 1 to 65535")?;
            Ok((host, Some(port)))
        }
    }
}

/// A name or an address, in the one spelling that there is for it.
fn read(host: &str) -> Result<Host, &'static str> {
    if let Some(inner) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return inner.parse().map(|address| Host::Address(IpAddr::V6(address))).map_err(|_| "that is no IPv6 address");
    }
    if host.is_empty() || host.len() > 253 || !host.split('.').all(is_label) {
        return Err("a name has labels of letters, digits and hyphens with dots between them, and none at its end");
    }
    // What resolvers take for a number is one: 127.1, 0177.0.0.1, 0x7f000001 and 2130706433 are spellings of an address.
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !last.bytes().all(|byte| byte.is_ascii_digit()) && !last.strip_prefix("0x").is_some_and(is_hex) {
        return Ok(Host::Name(host.to_owned()));
    }
    host.parse().map(|address| Host::Address(IpAddr::V4(address))).map_err(|_| "an address is four decimal numbers")
}

/// Underscores are no letters of host names, but of services in many a container network.
fn is_label(label: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    (1..=63).contains(&label.len()) && label.bytes().all(is_letter) && !label.starts_with('-') && !label.ends_with('-')
}

impl Pattern {
    /// Whether a request may be sent there, as far as its name says.
    pub(super) fn names(&self, target: &Target) -> bool {
        self.secure == target.secure && self.port == target.port && self.has_host(&target.host)
    }

    /// Whether what it names may have this address.
    pub(super) fn allows(&self, address: IpAddr) -> bool {
        let reach = address::reach(address);
        match self.place {
            Place::Public => reach == Reach::Public,
            Place::Loopback => reach == Reach::Inside && address.is_loopback(),
            Place::Within(network) => reach == Reach::Inside && network.contains(address),
        }
    }

    /// Whether who may ask these servers may ask those too.
    pub fn covers(&self, other: &Self) -> bool {
        let place = match (self.place, other.place) {
            (Place::Within(wide), Place::Within(narrow)) => wide.covers(&narrow),
            (wide, narrow) => wide == narrow,
        };
        place && self.secure == other.secure && self.port == other.port && self.has_host(&other.host)
    }

    /// Whether it leads into this machine or its networks, or goes in the clear.
    pub fn is_exposed(&self) -> bool {
        !self.secure || self.place != Place::Public
    }

    /// A `*` of the other's is covered by a `*` only.
    fn has_host(&self, other: &Host) -> bool {
        match (&self.host, other) {
            (Host::Name(own), _) if own == EVERY => true,
            (Host::Name(own), Host::Name(other)) if other != EVERY => {
                let (own, other) = (own.split('.'), other.split('.'));
                own.clone().count() == other.clone().count()
                    && own.zip(other).all(|(own, other)| own == other || own == "*")
            }
            (own, other) => own == other,
        }
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let (server, network) = text.split_once(" in ").map_or((text, None), |(server, it)| (server, Some(it)));
        let (secure, rest) = match server.split_once("://") {
            None => (true, server),
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            Some(_) => return Err("only https:// and http:// are spoken"),
        };
        if text == EVERY {
            return Ok(Self {
                secure,
                host: Host::Name(EVERY.to_owned()),
                port: default_port(secure),
                place: Place::Public,
            });
        }
        let (host, port) = split(rest)?;
        let (fixed, is_wild) = fixed(host)?;
        let host = if is_wild { Host::Name(host.to_owned()) } else { read(fixed)? };
        if is_wild && (!secure || network.is_some()) {
            return Err("plain http and addresses inside take a full name");
        }
        let place = place(&host, network)?;
        Ok(Self { secure, host, port: port.unwrap_or(default_port(secure)), place })
    }
}

/// What follows the wildcards of a name, and whether there are any.
fn fixed(host: &str) -> Result<(&str, bool), &'static str> {
    let mut rest = host;
    while let Some(next) = rest.strip_prefix("*.") {
        rest = next;
    }
    let is_wild = rest.len() != host.len();
    let wrong = "a `*` stands for whole labels at the left of a name that has two more";
    match read(rest) {
        _ if rest.contains('*') => Err(wrong),
        Ok(Host::Name(name)) if is_wild && !name.contains('.') => Err(wrong),
        Ok(Host::Address(_)) if is_wild => Err(wrong),
        Ok(_) => Ok((rest, is_wild)),
        Err(fault) => Err(fault),
    }
}

fn place(host: &Host, network: Option<&str>) -> Result<Place, &'static str> {
    match (host, network) {
        (Host::Address(address), None) => match address::reach(*address) {
            Reach::Public => Ok(Place::Public),
            Reach::Inside => Network::parse(&address.to_string()).map(Place::Within).ok_or("that is no address"),
            Reach::Never => Err("no plugin is granted this address"),
        },
        (Host::Address(_), Some(_)) => Err("an address needs no network"),
        (Host::Name(name), None) => Ok(if name == "localhost" { Place::Loopback } else { Place::Public }),
        (Host::Name(_), Some(network)) => {
            let network = Network::parse(network).ok_or("after `in` comes a network: 10.0.0.0/8")?;
            let inside = address::is_inside(&network).then_some(Place::Within(network));
            inside.ok_or("after `in` comes a network that is private as a whole")
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).map_err(|fault| format!("{text:?}: {fault}"))
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}:{}", if self.secure { "https" } else { "http" }, self.host, self.port)
    }
}
