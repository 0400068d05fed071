//! Where links may lead. A URL that could be read in two ways is no URL here, so that what is compared is what a browser opens; it
//! deliberately knows no wildcard but one label of a host.

/// A place that is allowed: this URL and what is below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    scheme: String,
    /// With its port, in lower case.
    pub(crate) host: String,
    /// Without a slash at its end.
    path: String,
}

const MAX_LENGTH: usize = 2048;

/// Whether every byte is one that RFC 3986 knows: no spaces, no backslashes, nothing that ends a line.
fn is_plain(url: &str) -> bool {
    url.len() <= MAX_LENGTH
        && url.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte))
}

impl Place {
    /// A place of the configuration.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://").filter(|_| is_plain(url))?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, rest) = rest.split_at(end);
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        let is_scheme = scheme.starts_with(|char: char| char.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
            && !["javascript", "data", "vbscript", "file", "blob"].contains(&scheme.to_ascii_lowercase().as_str());
        // A name in front of the host is how one host is made to look like another; dots walk out of a path.
        let is_clear = !host.is_empty() && !host.contains('@') && !has_dots(path);
        (is_scheme && is_clear).then(|| Self {
            scheme: scheme.to_ascii_lowercase(),
            host: host.to_ascii_lowercase(),
            path: path.trim_end_matches('/').to_owned(),
        })
    }

    fn covers(&self, target: &Self) -> bool {
        let below = target.path.strip_prefix(&self.path);
        self.scheme == target.scheme
            && same_host(&self.host, &target.host)
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

fn has_dots(path: &str) -> bool {
    path.split('/').any(|part| {
        let part = part.to_ascii_lowercase().replace("%2e", ".");
        part == "." || part == ".."
    })
}

/// `*.example.com` stands for one label more.
fn same_host(allowed: &str, host: &str) -> bool {
    match allowed.strip_prefix("*.") {
        Some(parent) => host.split_once('.').is_some_and(|(label, rest)| rest == parent && !label.is_empty()),
        None => allowed == host,
    }
}

/// Where to go: where the link says, if it may lead there, else to the site.
pub(crate) fn target<'a>(wanted: Option<&'a str>, places: &[Place], site: &'a str) -> &'a str {
    let allowed = |url: &&str| Place::parse(url).is_some_and(|target| places.iter().any(|place| place.covers(&target)));
    // A star stands for something in the configuration only.
    wanted.filter(|url| !url.contains('*')).filter(allowed).unwrap_or(site)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn led(wanted: &str) -> bool {
        let config = Config::example();
        target(Some(wanted), &config.places, &config.site_url) == wanted
    }

    #[test]
    fn a_link_leads_to_the_site_and_to_what_is_listed() {
        for url in [
            "https://app.example.com",
            "https://app.example.com/welcome?a=1#b",
            "https://APP.example.com/",
            "https://pr-1.preview.example.com/auth/done",
            "https://pr-1.preview.example.com/auth",
            "com.example.app://signed-in",
        ] {
            assert!(led(url), "{url}");
        }
    }

    #[test]
    fn a_link_leads_nowhere_else() {
        for url in [
            "",
            "/welcome",
            "//evil.example",
            "https://evil.example",
            "http://app.example.com",
            "https://app.example.com.evil.example",
            "https://app.example.com:8443",
            "https://app.example.com@evil.example",
            "https://evil.example/https://app.example.com",
            "https://evil.example\\@app.example.com",
            "https://app.example.com\\.evil.example",
            "https://app.example.com\r\nlocation: https://evil.example",
            "https://app.example.com /",
            "https://pr-1.preview.example.com/authority",
            "https://pr-1.preview.example.com/auth/../secret",
            "https://pr-1.preview.example.com/auth/%2E%2e/secret",
            "https://a.b.preview.example.com/auth",
            "https://.preview.example.com/auth",
            "https://*.preview.example.com/auth",
            "javascript://app.example.com/%0aalert(1)",
            "com.example.app://elsewhere",
            "https://äpp.example.com",
        ] {
            assert!(!led(url), "{url}");
        }
        let config = Config::example();
        assert_eq!(target(None, &config.places, &config.site_url), "https://app.example.com");
    }

    #[test]
    fn what_runs_code_is_no_place() {
        for url in
            ["javascript://x", "data://x", "file://x", "https://", "https://a@b", "https://a/../b", "a b://c", "1a://b"]
        {
            assert_eq!(Place::parse(url), None, "{url}");
        }
    }
}
