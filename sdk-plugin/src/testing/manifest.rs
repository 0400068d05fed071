//! What of a manifest matters to a test: routes, what is wanted, and the defaults of settings. It deliberately does not check the
//! rest: `basalt plugin build` does.

use serde::Deserialize;
use toml::{Table, Value};

use super::http::Head;
use crate::pattern;

#[derive(Deserialize)]
pub(super) struct Manifest {
    #[serde(default, rename = "route")]
    routes: Vec<Route>,
    #[serde(default)]
    want: Table,
    #[serde(default, rename = "setting")]
    settings: Vec<Setting>,
}

#[derive(Deserialize)]
struct Route {
    name: String,
    path: String,
    mounts: Vec<String>,
    #[serde(default)]
    methods: Vec<String>,
}

#[derive(Deserialize)]
struct Setting {
    name: String,
    default: Value,
}

impl Manifest {
    pub(super) fn parse(text: &str) -> Self {
        toml::from_str(text).unwrap_or_else(|fault| panic!("the manifest cannot be read: {fault}"))
    }

    pub(super) fn wants(&self, capability: &str) -> bool {
        self.want.contains_key(capability)
    }

    /// A setting's default as JSON text.
    pub(super) fn setting(&self, name: &str) -> Option<String> {
        let setting = self.settings.iter().find(|setting| setting.name == name)?;
        Some(serde_json::to_string(&setting.default).unwrap_or_else(|fault| panic!("the setting {name}: {fault}")))
    }

    /// The head of a request, once the kernel has chosen its route: of several that fit the one with the fewest parameters.
    pub(super) fn head(&self, method: &str, path: &str) -> Option<Head> {
        let fits = self
            .routes
            .iter()
            .filter(|route| route.methods.is_empty() || route.methods.iter().any(|one| one == method));
        fits.filter_map(|route| route.head(method, path)).min_by_key(|head| head.params.len())
    }
}

impl Route {
    fn head(&self, method: &str, path: &str) -> Option<Head> {
        self.mounts.iter().find_map(|mount| {
            let mount = mount.trim_end_matches('/');
            // As the kernel does: without a path of its own a route is the mount itself, with `/` it ends with one.
            let params = pattern::fit(&format!("{mount}{}", self.path), path)?;
            let (method, route) = (method.to_owned(), self.name.clone());
            Some(Head { method, route, path: path.to_owned(), mount: mount.to_owned(), query: None, params })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_finds_the_route_that_the_kernel_would_choose() {
        let route = |name: &str, path: &str| {
            format!(
                "[[route]]\nname = \"{name}\"\npath = \"{path}\"\nmounts = [\"/shop\", \"/\"]\nmethods = [\"GET\"]\n"
            )
        };
        let text = [route("all", ""), route("slash", "/"), route("one", "/{id}"), route("new", "/new")].concat();
        let manifest = Manifest::parse(&text);
        for (method, path, found) in [
            ("GET", "/shop", Some(("all", "/shop"))),
            ("GET", "/shop/", Some(("slash", "/shop"))),
            ("GET", "/shop/7", Some(("one", "/shop"))),
            ("GET", "/shop/new", Some(("new", "/shop"))),
            ("GET", "/7", Some(("one", ""))),
            ("POST", "/shop/7", None),
            ("GET", "/shop/7/8", None),
            ("GET", "/shopping/7", None),
        ] {
            let head = manifest.head(method, path);
            assert_eq!(head.as_ref().map(|head| (head.route.as_str(), head.mount.as_str())), found, "{method} {path}");
        }
    }
}
