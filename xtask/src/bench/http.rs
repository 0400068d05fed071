//! One request at a time, to see what is answered. It is no client: the load comes from elsewhere.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::Context;

/// What was answered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: String,
    /// The names of the headers, sorted.
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

/// Asks with GET, in HTTP/1.0, so that the answer ends with the connection.
pub(crate) fn get(address: &str, path: &str, token: Option<&str>) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("cannot reach {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let credentials = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    // In one piece: a server that has answered the first piece closes, and its answer is lost with the second.
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n{credentials}\r\n").as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    parse(&text).with_context(|| format!("{path} was not answered in HTTP"))
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.to_owned();
    let mut headers: Vec<_> = lines.filter_map(|line| Some(line.split_once(':')?.0.to_lowercase())).collect();
    headers.sort();
    Some(Answer { status, headers, body: body.to_owned() })
}
