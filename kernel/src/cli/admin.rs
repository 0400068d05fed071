//! A client of the admin API: where the kernel is, and what it answers. It knows no command.

mod private;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use ureq::http::Request;
use zeroize::Zeroizing;

use super::Setup;
use crate::app::data_dir::{self, Holder};
use crate::auth::operator;
use crate::config::variable;
use crate::error::{Error, Result, code};
use private::Privacy;

/// For a kernel that is not there.
const CONNECT: Duration = Duration::from_secs(5);

/// For an answer: compiling a large plugin and its migrations take minutes.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// No list is longer.
const MOST_BYTES: u64 = 64 << 20;

/// Which kernel is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The kernel to ask, http://host:port, with the key in BASALT_OPERATOR_KEY [default: the one that runs on the data
    /// directory, or one that runs for this command; also BASALT_URL]
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
}

/// A kernel and the key to it.
pub(super) struct Client {
    url: String,
    key: Zeroizing<String>,
    agent: ureq::Agent,
    /// Whether it runs for this command only, and so alone.
    pub(super) is_private: bool,
}

/// Does something with the kernel that a place names.
///
/// # Errors
/// When there is none and none can be started; what the command says.
pub(super) fn with_kernel(
    setup: Setup,
    place: Place,
    command: impl FnOnce(&Client) -> Result<ExitCode> + Send + 'static,
) -> Result<ExitCode> {
    visit(setup, place, Privacy::Hidden, command)
}

/// The same, but a kernel that is started for the command answers everybody where the configuration says.
///
/// # Errors
/// As above.
pub(super) fn with_open_kernel(
    setup: Setup,
    place: Place,
    command: impl FnOnce(&Client) -> Result<ExitCode> + Send + 'static,
) -> Result<ExitCode> {
    visit(setup, place, Privacy::Open, command)
}

fn visit(
    setup: Setup,
    place: Place,
    privacy: Privacy,
    command: impl FnOnce(&Client) -> Result<ExitCode> + Send + 'static,
) -> Result<ExitCode> {
    if let Some(url) = place.url.or_else(|| variable("BASALT_URL")) {
        return command(&Client::new(&checked(&url)?, given_key().ok_or_else(no_key)?, false));
    }
    let data_dir = setup.config.root.data_dir.clone();
    match data_dir::holder(&data_dir) {
        Holder::Kernel(_, address) => command(&Client::new(&local(address), own_key(&data_dir)?, false)),
        Holder::Process(process) => Err(occupied(&data_dir, process)),
        Holder::Nobody => private::run(setup, privacy, move |address| {
            command(&Client::new(&local(address), own_key(&data_dir)?, true))
        }),
    }
}

fn local(address: std::net::SocketAddr) -> String {
    format!("http://{}", data_dir::near(address))
}

fn given_key() -> Option<Zeroizing<String>> {
    variable("BASALT_OPERATOR_KEY").map(Zeroizing::new)
}

/// The key that the data directory hands over, unless another one is given.
fn own_key(data_dir: &Path) -> Result<Zeroizing<String>> {
    let path = data_dir.join(operator::FILE);
    let read = || std::fs::read_to_string(&path).map(|text| Zeroizing::new(text.trim().to_owned()));
    given_key().map_or_else(read, Ok).map_err(|fault| {
        Error::new(&code::AUTH_OPERATOR, format!("the operator key {} cannot be read: {fault}", path.display()))
            .hint("`basalt key operator` makes another and leaves it there; or set BASALT_OPERATOR_KEY")
    })
}

fn no_key() -> Error {
    Error::new(&code::AUTH_OPERATOR, "a kernel that is named by its URL takes an operator key")
        .hint("set BASALT_OPERATOR_KEY to what is in `operator-key` in its data directory")
}

fn occupied(data_dir: &Path, process: Option<u32>) -> Error {
    let process = process.map_or("another process".to_owned(), |process| format!("process {process}"));
    Error::new(
        &code::STORE_LOCKED,
        format!("{process} has the data directory {} and does not serve", data_dir.display()),
    )
    .hint("a start or another command may just be running: try again; `basalt doctor` says more")
}

/// An operator key does not travel in the clear but where it was said in so many words that it may.
fn checked(url: &str) -> Result<String> {
    let wrong = || {
        Error::new(&code::CONFIG_INVALID, format!("{url:?} is no http://host:port"))
            .hint("to a kernel of another machine: `ssh -L 8080:127.0.0.1:8080 HOST`, then http://127.0.0.1:8080")
    };
    let url = url.trim_end_matches('/');
    url.strip_prefix("http://").filter(|rest| !rest.is_empty()).map(|_| url.to_owned()).ok_or_else(wrong)
}

impl Client {
    fn new(url: &str, key: Zeroizing<String>, is_private: bool) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // The key is for this kernel and for nobody between.
            .proxy(None)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(PATIENCE));
        Self { url: url.to_owned(), key, agent: config.build().into(), is_private }
    }

    /// Where it is: `http://127.0.0.1:8080`.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Asks; without content the answer is null. The path is below that of the admin API.
    ///
    /// # Errors
    /// What the kernel says; `admin.unreachable` when it says nothing.
    pub(super) fn ask(&self, method: &str, path: &str, body: Option<&[u8]>) -> Result<Value> {
        let unreachable = |fault: ureq::Error| {
            Error::new(&code::ADMIN_UNREACHABLE, format!("no kernel answers at {}: {fault}", self.url))
                .hint("`basalt doctor` looks for the reason")
        };
        let request = Request::builder().method(method).uri(format!("{}/api/v1/admin/{path}", self.url));
        let request = request.header("authorization", format!("Bearer {}", self.key.as_str()));
        let sent = match body {
            Some(body) => self.agent.run(request.body(body).map_err(Error::internal)?),
            None => self.agent.run(request.body(()).map_err(Error::internal)?),
        };
        let mut answer = sent.map_err(unreachable)?;
        let is_success = answer.status().is_success();
        let content = answer.body_mut().with_config().limit(MOST_BYTES).read_to_vec().map_err(unreachable)?;
        if is_success && content.is_empty() {
            return Ok(Value::Null);
        }
        let content: Option<Value> = serde_json::from_slice(&content).ok();
        match content {
            Some(content) if is_success => Ok(content),
            Some(content) if content["code"].is_string() => Err(refusal(&content)),
            _ => Err(Error::new(&code::ADMIN_UNREACHABLE, format!("what answers at {} is no kernel", self.url))),
        }
    }
}

/// An error as the kernel answered it.
fn refusal(content: &Value) -> Error {
    let text = |name: &str| content[name].as_str().map(str::to_owned);
    let code = text("code").unwrap_or_default();
    Error {
        kind: code::kind(&code),
        code: code.into(),
        message: text("message").unwrap_or_default(),
        details: Some(content["details"].clone()).filter(|details| !details.is_null()),
        hint: text("hint"),
        source: None,
    }
}

/// A path of these parts, and a query of the values that there are.
pub(super) fn path(parts: &[&str], query: &[(&str, Option<&str>)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let path: Vec<_> = parts.iter().map(|part| encode(part)).collect();
    let query = query.iter().filter_map(|(name, value)| Some(format!("{name}={}", encode((*value)?))));
    let query: Vec<_> = query.collect();
    if query.is_empty() { path.join("/") } else { format!("{}?{}", path.join("/"), query.join("&")) }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// Answers one request with this, and gives what was asked.
    fn answering(answer: &'static str) -> (Client, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let address = listener.local_addr().expect("an address");
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a request");
            let mut request = [0; 4096];
            let length = stream.read(&mut request).expect("read");
            stream.write_all(answer.as_bytes()).expect("written");
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        (Client::new(&local(address), Zeroizing::new("basalt_operator_x".to_owned()), false), asked)
    }

    #[test]
    fn what_is_not_a_letter_or_a_digit_is_no_part_of_a_path() {
        assert_eq!(path(&["plugins", "a/../b?"], &[]), "plugins/a%2F%2E%2E%2Fb%3F");
        let query = [("purge", Some("true")), ("reason", None), ("approve", Some("a&b c"))];
        assert_eq!(path(&["plugins"], &query), "plugins?purge=true&approve=a%26b%20c");
    }

    #[test]
    fn the_key_goes_only_where_it_is_told_to() {
        assert_eq!(checked("http://localhost:8080/").expect("a place"), "http://localhost:8080");
        for wrong in ["", "http://", "localhost:8080", "https://example.com", "ftp://a", "HTTP://a"] {
            assert_eq!(checked(wrong).expect_err(wrong).code, "config.invalid");
        }
    }

    #[test]
    fn an_answer_is_its_content() {
        let (client, asked) =
            answering("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"a\": [1]}"[..].trim_end_matches('}'));
        assert_eq!(client.ask("GET", "plugins", None).expect_err("cut off").code, "admin.unreachable");
        asked.join().expect("asked");
        let (client, asked) = answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"a\": [1]}");
        assert_eq!(client.ask("GET", "plugins", None).expect("an answer")["a"][0], 1);
        let asked = asked.join().expect("asked").to_lowercase();
        assert!(asked.starts_with("get /api/v1/admin/plugins http/1.1\r\n"), "{asked}");
        assert!(asked.contains("authorization: bearer basalt_operator_x\r\n"), "{asked}");
        let (client, _asked) = answering("HTTP/1.1 204 No Content\r\n\r\n");
        assert_eq!(client.ask("POST", "plugins/a/promote", Some(&[])).expect("an answer"), Value::Null);
    }

    #[test]
    fn a_refusal_is_the_kernels_own() {
        let (client, _asked) = answering(
            "HTTP/1.1 409 Conflict\r\ncontent-length: 72\r\n\r\n{\"code\":\"plugin.asks\",\"message\":\"m\",\"hint\":\"h\",\"details\":{\"seal\":\"s\"} } ",
        );
        let error = client.ask("POST", "plugins", Some(b"x")).expect_err("refused");
        assert_eq!(
            (error.code.as_ref(), error.message.as_str(), error.hint.as_deref()),
            ("plugin.asks", "m", Some("h"))
        );
        assert_eq!(error.details.expect("details")["seal"], "s");
    }

    #[test]
    fn what_is_no_kernel_is_said_to_be_none() {
        let (client, _asked) = answering("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\n\r\n<p/>");
        assert_eq!(client.ask("GET", "plugins", None).expect_err("none").code, "admin.unreachable");
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("an address");
        let client = Client::new(&local(free), Zeroizing::default(), false);
        assert_eq!(client.ask("GET", "plugins", None).expect_err("nobody").code, "admin.unreachable");
    }
}
