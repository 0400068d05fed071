//! GET over HTTPS, within limits of size and time. It knows no registry.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use std::time::{Duration, Instant};

use ureq::http::{Response, header};
use ureq::{Agent, Body};

use crate::cli::tls;
use crate::error::{Error, Result, code};

/// For a server that is not there.
const CONNECT: Duration = Duration::from_secs(10);
/// From one place to the next, all of them over TLS.
const REDIRECTS: u32 = 5;
/// Between two lines of progress.
const PROGRESS: Duration = Duration::from_millis(200);
const PIECE: usize = 64 << 10;

/// A client of servers that hold plugins.
pub(super) struct Web {
    agent: Agent,
    is_plain: bool,
}

impl Web {
    /// One that speaks TLS and follows redirects to TLS only; or, for this machine, plain HTTP without redirects. Proxies are
    /// those of the environment, but not to this machine.
    ///
    /// # Errors
    /// Those of the certificates.
    pub(super) fn new(ca: Option<&Path>, timeout: Duration, is_plain: bool) -> Result<Self> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT.min(timeout)))
            .timeout_global(Some(timeout))
            .user_agent(concat!("basalt/", env!("CARGO_PKG_VERSION")));
        let config = match is_plain {
            true => config.max_redirects(0).proxy(None),
            false => config.max_redirects(REDIRECTS).https_only(true).tls_config(tls::config(ca)?),
        };
        Ok(Self { agent: config.build().into(), is_plain })
    }

    /// Whether this URL may be asked.
    pub(super) fn may_ask(&self, url: &str) -> bool {
        url.starts_with(if self.is_plain { "http://" } else { "https://" })
    }

    /// The content at a URL.
    ///
    /// # Errors
    /// `source.unreachable`, `source.denied`.
    pub(super) fn read(&self, url: &str, most: usize) -> Result<Vec<u8>> {
        content(succeeded(self.get(url, &[])?, url)?, url, most)
    }

    /// The same; nothing where there is none.
    ///
    /// # Errors
    /// `source.unreachable`.
    pub(super) fn read_if_any(&self, url: &str, most: usize) -> Result<Option<Vec<u8>>> {
        let answer = self.get(url, &[])?;
        match answer.status().as_u16() {
            // Storage that may not be listed says that what is not there is forbidden.
            403 | 404 | 410 => Ok(None),
            _ => content(succeeded(answer, url)?, url, most).map(Some),
        }
    }

    /// What a server says, whatever that is. Credentials among the headers go to this server only.
    ///
    /// # Errors
    /// `source.unreachable`.
    pub(super) fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Response<Body>> {
        let request = headers.iter().fold(self.agent.get(url), |request, (name, value)| request.header(*name, *value));
        request.call().map_err(|fault| failed(url, &fault))
    }
}

/// An answer that is the thing that was asked for.
///
/// # Errors
/// `source.denied`, `source.unreachable` with the status.
pub(super) fn succeeded(answer: Response<Body>, url: &str) -> Result<Response<Body>> {
    match answer.status().as_u16() {
        200 => Ok(answer),
        401 | 403 => Err(Error::new(&code::SOURCE_DENIED, format!("{url} is not for everybody"))),
        404 => Err(unreachable(url, "there is nothing")),
        300..=399 => {
            let to = answer.headers().get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
            Err(unreachable(url, format!("it leads to {to:?}, and only TLS is followed")))
        }
        _ => Err(unreachable(url, format!("the answer is {}", answer.status()))),
    }
}

/// The content of an answer, with progress for who watches.
///
/// # Errors
/// `source.unreachable` when there is more of it, or less than was announced.
pub(super) fn content(mut answer: Response<Body>, url: &str, most: usize) -> Result<Vec<u8>> {
    let length = answer.body().content_length();
    if length.is_some_and(|length| length > most as u64) {
        return Err(too_large(url, most));
    }
    let mut reader = answer.body_mut().as_reader();
    let (mut content, mut progress) = (Vec::new(), Progress::start(length));
    loop {
        let read = reader.by_ref().take(PIECE as u64).read_to_end(&mut content);
        if read.map_err(|fault| broke_off(url, fault))? == 0 {
            break;
        }
        if content.len() > most {
            return Err(too_large(url, most));
        }
        progress.show(content.len());
    }
    match length {
        Some(length) if length != content.len() as u64 => Err(unreachable(url, "the answer broke off")),
        _ => Ok(content),
    }
}

/// Nothing came, and why.
pub(super) fn unreachable(url: &str, why: impl std::fmt::Display) -> Error {
    Error::new(&code::SOURCE_UNREACHABLE, format!("{url} cannot be fetched: {why}"))
}

fn too_large(url: &str, most: usize) -> Error {
    unreachable(url, format!("it has more than {most} bytes"))
}

fn broke_off(url: &str, fault: std::io::Error) -> Error {
    failed(url, &ureq::Error::from(fault))
}

fn failed(url: &str, fault: &ureq::Error) -> Error {
    match fault {
        ureq::Error::RequireHttpsOnly(to) => unreachable(url, format!("it leads to {to}, and only TLS is followed")),
        ureq::Error::TooManyRedirects => unreachable(url, format!("it leads on more than {REDIRECTS} times")),
        ureq::Error::Timeout(_) => unreachable(url, "it takes too long").hint("`--timeout` gives it longer"),
        fault if is_certificate(fault) => {
            unreachable(url, format!("the server cannot show that it is who it is asked to be: {fault}"))
                .hint("`--ca FILE` trusts an authority of your own")
        }
        fault => unreachable(url, fault),
    }
}

fn is_certificate(fault: &ureq::Error) -> bool {
    match fault {
        ureq::Error::Rustls(_) => true,
        ureq::Error::Io(fault) => fault.get_ref().is_some_and(|fault| fault.is::<rustls::Error>()),
        _ => false,
    }
}

/// How much has come, on a terminal.
struct Progress {
    of: String,
    next: Option<Instant>,
}

impl Progress {
    fn start(length: Option<u64>) -> Self {
        let of = length.map(|length| format!(" of {}", mebibytes(length))).unwrap_or_default();
        Self { of, next: std::io::stderr().is_terminal().then(|| Instant::now() + PROGRESS) }
    }

    fn show(&mut self, length: usize) {
        if self.next.is_some_and(|next| Instant::now() >= next) {
            eprint!("\r{}{} MiB ", mebibytes(length as u64), self.of);
            self.next = Some(Instant::now() + PROGRESS);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.next.is_some() {
            eprint!("\r\x1b[K");
        }
    }
}

fn mebibytes(bytes: u64) -> String {
    format!("{}.{}", bytes >> 20, ((bytes & 0xf_ffff) * 10) >> 20)
}
