//! The plugin's settings as values. It deliberately holds nothing of what the kernel decides: passwords, tokens, who may sign
//! up; that is `identity::policy`.

use sdk_plugin::{Problem, settings};

use crate::request::redirect::Place;

/// What the operator decided about these routes.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) site_url: String,
    /// Where links may lead; the site first.
    pub(crate) places: Vec<Place>,
    /// Without a slash at its end.
    pub(crate) api_url: String,
    /// Mounts whose errors have GoTrue's first shape.
    pub(crate) gotrue_errors: Vec<String>,
}

impl Config {
    pub(crate) fn load() -> Result<Self, Problem> {
        let (site_url, redirect_urls) = (settings::get("site_url")?, settings::get("redirect_urls")?);
        Self::new(site_url, redirect_urls, settings::get("api_url")?, settings::get("gotrue_errors")?)
    }

    fn new(
        site_url: String,
        redirect_urls: Vec<String>,
        api_url: String,
        gotrue_errors: Vec<String>,
    ) -> Result<Self, Problem> {
        let places = [("site_url", &site_url)]
            .into_iter()
            .chain(redirect_urls.iter().map(|url| ("redirect_urls", url)))
            .map(|(key, url)| Place::parse(url).ok_or_else(|| invalid(key, url)))
            .collect::<Result<_, _>>()?;
        Place::parse(&api_url).ok_or_else(|| invalid("api_url", &api_url))?;
        Ok(Self { site_url, places, api_url: api_url.trim_end_matches('/').to_owned(), gotrue_errors })
    }

    /// What authenticator apps show beside the account, unless the client says otherwise: the site without its port.
    pub(crate) fn issuer(&self) -> &str {
        let host = self.places.first().map(|site| site.host.as_str()).unwrap_or_default();
        host.split(':').next().unwrap_or_default()
    }
}

fn invalid(key: &str, url: &str) -> Problem {
    Problem::new("settings.invalid", format!("The setting `{key}` holds no URL that can be used: {url:?}"))
}

#[cfg(test)]
impl Config {
    /// With a site at https://app.example.com and an app of the same name.
    pub(crate) fn example() -> Self {
        let more = ["https://*.preview.example.com/auth", "com.example.app://signed-in"].map(str::to_owned);
        let site = "https://app.example.com".to_owned();
        Self::new(site, more.to_vec(), "https://api.example.com/auth/v1/".to_owned(), vec!["/auth/v1".to_owned()])
            .expect("valid")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_is_no_url_is_named() {
        let load = |site: &str, api: &str| Config::new(site.to_owned(), Vec::new(), api.to_owned(), Vec::new());
        assert!(load("nowhere", "http://a").expect_err("no URL").message.contains("`site_url`"));
        assert!(load("http://a", "/auth/v1").expect_err("no URL").message.contains("`api_url`"));
        assert_eq!(Config::example().api_url, "https://api.example.com/auth/v1");
        assert_eq!(Config::example().issuer(), "app.example.com");
    }
}
