//! The keys of `[server.cors]` and what can be wrong with them. It answers nothing.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::config::{Duration, section};
use crate::error::{Error, Result, code};

section! {
    /// Which pages of other origins may call this API from a browser. While `origins` is empty, none may.
    pub struct Config {
        /// Origins as browsers send them, `"https://app.example.com"`. `"*"` is every page there is, which excludes
        /// `credentials`.
        origins: Vec<Origin> = (Vec::<String>::new()),
        /// The methods that pages may use.
        methods: Vec<Token> = (vec!["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]),
        /// The headers that pages may send; `"*"` is every header.
        headers: Vec<Token> = (vec!["*"]),
        /// Whether browsers may send cookies. Bearer tokens and API keys do not need it.
        credentials: bool = false,
        /// How long a browser may remember what it may send.
        max_age: Duration = "10m",
    }
}

/// `scheme://host[:port]`, or `*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin(pub String);

/// A method or a header's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token(pub String);

impl Config {
    /// Whether pages of every origin may call.
    pub fn allows_all(&self) -> bool {
        self.origins.iter().any(|origin| origin.0 == "*")
    }

    /// Whether the section can be worked with.
    ///
    /// # Errors
    /// `config.invalid` for every origin with credentials.
    pub fn check(&self) -> Result<()> {
        if !(self.credentials && self.allows_all()) {
            return Ok(());
        }
        let message = "server.cors.credentials: any page on the web could act as a visitor who is signed in; name the \
                       origins instead of \"*\"";
        Err(Error::new(&code::CONFIG_INVALID, message))
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let fault =
            || D::Error::custom(format!("{text:?} is no origin like \"https://app.example.com\", without a path"));
        if is_origin(&text) { Ok(Self(text)) } else { Err(fault()) }
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let good = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_*.".contains(&byte));
        if good { Ok(Self(text)) } else { Err(D::Error::custom(format!("{text:?} is no name"))) }
    }
}

/// An origin is compared byte by byte, so one that no browser would send is a mistake that would never be noticed.
fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return text == "*" };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.:[]+".contains(&byte);
    !scheme.is_empty() && !host.is_empty() && scheme.bytes().chain(host.bytes()).all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_would_send() {
        for good in ["*", "https://a.example.com", "http://localhost:3000", "capacitor://localhost", "http://[::1]:1"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in
            ["", "example.com", "https://a.example.com/", "https://A.example.com", "https://", "null", "https://*.x"]
        {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
