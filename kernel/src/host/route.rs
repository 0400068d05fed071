//! Which plugin answers a path. It knows paths and names; methods that a route does not list are refused by `http`.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use matchit::{Params, Router};
use percent_encoding::percent_decode_str;
use salvo::http::Method;

use super::manifest::{Filter, Manifest, OnFailure, Phase, Route};
use crate::capability::http::Request;
use crate::config::Size;
use crate::limit::Quota;

/// What hangs at a path.
#[derive(Debug, Clone)]
pub struct Target {
    /// The index of the plugin in the registry.
    pub plugin: usize,
    /// The route's name.
    pub route: Arc<str>,
    /// Where it is mounted.
    pub mount: Arc<str>,
    /// The methods it answers; all when empty.
    pub methods: Arc<[String]>,
    /// The largest body that the route has a use for.
    pub max_body: Option<Size>,
    /// Whether bodies are read as they arrive.
    pub stream: bool,
    /// How often one address may ask, where requests are counted.
    pub rate: Option<Arc<Quota>>,
    /// The filters in front of it, outermost first.
    pub chain: Arc<[Link]>,
}

impl Target {
    /// The method that the plugin sees for the client's; none when the route does not answer it. HEAD is GET for a plugin that
    /// lists only that: the content is dropped when the answer is written.
    pub fn method(&self, method: &Method) -> Option<Method> {
        let lists = |method: &Method| self.methods.iter().any(|listed| listed == method.as_str());
        match method {
            _ if self.methods.is_empty() || lists(method) => Some(method.clone()),
            &Method::HEAD if lists(&Method::GET) => Some(Method::GET),
            _ => None,
        }
    }

    /// The methods for `Allow`.
    pub fn allow(&self) -> String {
        let mut methods: Vec<_> = self.methods.iter().map(String::as_str).collect();
        if methods.contains(&"GET") && !methods.contains(&"HEAD") {
            methods.push("HEAD");
        }
        methods.join(", ")
    }

    /// The largest body that is read: the route's word, within what the operator lets the plugin have.
    pub fn max_body(&self, granted: Size) -> Size {
        self.max_body.map_or(granted, |wanted| wanted.min(granted))
    }
}

/// A filter in front of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The index of the plugin in the registry.
    pub plugin: usize,
    /// When it is called.
    pub phases: BTreeSet<Phase>,
    /// What becomes of a request when it fails.
    pub on_failure: OnFailure,
}

/// The filters of all plugins, outermost first.
#[derive(Debug, Default)]
pub struct Filters(Vec<(Filter, usize)>);

impl Filters {
    /// Puts them in order; those of one order stand in the order of their plugins.
    pub fn new(mut filters: Vec<(Filter, usize)>) -> Self {
        filters.sort_by_key(|(filter, plugin)| (filter.order, *plugin));
        Self(filters)
    }

    fn chain(&self, path: &str) -> Arc<[Link]> {
        let covering = self.0.iter().filter(|(filter, _)| filter.mounts.iter().any(|mount| covers(mount, path)));
        let link = |(filter, plugin): &(Filter, usize)| Link {
            plugin: *plugin,
            phases: filter.phases.clone(),
            on_failure: filter.on_failure,
        };
        covering.map(link).collect()
    }
}

/// Whether a path is a mount or below it, by whole segments.
fn covers(mount: &str, path: &str) -> bool {
    let below = path.strip_prefix(mount.trim_end_matches('/'));
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The operator's word on routes, by their names; what is absent is the manifest's.
#[derive(Debug, Clone, Default)]
pub struct Word {
    /// Where they hang.
    pub mounts: BTreeMap<String, Vec<String>>,
    /// How often one address may ask in a minute; 0 is as often as it likes.
    pub rates: BTreeMap<String, u32>,
}

impl Word {
    fn rate(&self, manifest: &Manifest, route: &Route) -> Option<Arc<Quota>> {
        let count =
            self.rates.get(&route.name).copied().or(route.rate.map(NonZeroU32::get)).filter(|count| *count > 0)?;
        Some(Arc::new(Quota::per_minute(format!("{}:{}", manifest.id, route.name), count)))
    }
}

/// A path that was found.
#[derive(Debug)]
pub struct Match<'a> {
    /// What hangs there.
    pub target: &'a Target,
    /// The parameters of the pattern, decoded.
    pub params: Vec<(String, String)>,
}

impl Match<'_> {
    /// Tells a request where it arrived.
    pub fn place(self, request: &mut Request) {
        request.route = Arc::clone(&self.target.route);
        request.mount = Arc::clone(&self.target.mount);
        request.params = self.params;
    }
}

/// All mounted paths.
#[derive(Debug, Default)]
pub struct Routes(Router<Target>);

impl Routes {
    /// Mounts a plugin's routes: where its manifest says, or where the operator says in its place.
    ///
    /// # Errors
    /// What is wrong with a pattern, or which other route has the path already.
    pub fn mount(&mut self, plugin: usize, manifest: &Manifest, word: &Word, filters: &Filters) -> Result<(), String> {
        let unknown = |name: &&String| manifest.routes.iter().all(|route| route.name != **name);
        for (key, name) in [("mounts", word.mounts.keys().find(unknown)), ("rates", word.rates.keys().find(unknown))] {
            if let Some(name) = name {
                return Err(format!("plugins.{}.{key}.{name}: the plugin has no route of this name", manifest.id));
            }
        }
        for route in &manifest.routes {
            for mount in word.mounts.get(&route.name).unwrap_or(&route.mounts) {
                let mount = mount.trim_end_matches('/');
                let path = format!("{mount}{}", route.path);
                let target = Target {
                    plugin,
                    route: route.name.as_str().into(),
                    mount: mount.into(),
                    methods: route.methods.clone().into(),
                    max_body: route.max_body,
                    stream: route.stream,
                    rate: word.rate(manifest, route),
                    chain: filters.chain(&path),
                };
                self.0.insert(&path, target).map_err(|fault| format!("{path}: {fault}"))?;
            }
        }
        Ok(())
    }

    /// What hangs at a path. Parameters that are no UTF-8 once decoded match nothing.
    pub fn find(&self, path: &str) -> Option<Match<'_>> {
        let found = self.0.at(path).ok()?;
        Some(Match { target: found.value, params: decoded(&found.params)? })
    }
}

/// The parameters of a path, decoded; nothing when one is no UTF-8 then.
pub fn decoded(params: &Params<'_, '_>) -> Option<Vec<(String, String)>> {
    let decode = |(name, value): (&str, &str)| {
        let value = percent_decode_str(value).decode_utf8().ok()?;
        Some((name.to_owned(), value.into_owned()))
    };
    params.iter().map(decode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(route: &str) -> Manifest {
        let head = "id = \"a\"\nversion = \"1.0.0\"\ndescription = \"\"\nlicense = \"MIT\"\n";
        Manifest::parse(&format!("{head}{route}")).expect("valid")
    }

    const TABLE: &str = "[[route]]\nname = \"table\"\npath = \"/{table}\"\nmounts = [\"/api/v1/tables\", \"/rest/v1\"]";

    #[test]
    fn one_route_hangs_at_each_of_its_mounts() {
        let mut routes = Routes::default();
        routes.mount(0, &manifest(TABLE), &Word::default(), &Filters::default()).expect("no conflict");
        for (path, mount) in [("/rest/v1/a%20b", "/rest/v1"), ("/api/v1/tables/a%20b", "/api/v1/tables")] {
            let found = routes.find(path).expect(path);
            assert_eq!(&*found.target.mount, mount);
            assert_eq!(found.params, [("table".to_owned(), "a b".to_owned())]);
        }
        assert!(routes.find("/rest/v1/a/b").is_none());
        assert!(routes.find("/rest/v1/%ff").is_none(), "no UTF-8");
    }

    #[test]
    fn the_operator_moves_a_route() {
        let mut routes = Routes::default();
        let mounts = BTreeMap::from([("table".to_owned(), vec!["/".to_owned()])]);
        let word = Word { mounts, ..Word::default() };
        routes.mount(0, &manifest(TABLE), &word, &Filters::default()).expect("no conflict");
        assert_eq!(&*routes.find("/orders").expect("moved").target.mount, "");
        assert!(routes.find("/rest/v1/orders").is_none());
    }

    #[test]
    fn two_plugins_cannot_have_one_path() {
        let mut routes = Routes::default();
        routes.mount(0, &manifest(TABLE), &Word::default(), &Filters::default()).expect("no conflict");
        assert!(routes.mount(1, &manifest(TABLE), &Word::default(), &Filters::default()).is_err());
        let typo = Word { mounts: BTreeMap::from([("tabel".to_owned(), Vec::new())]), ..Word::default() };
        assert!(
            routes
                .mount(1, &manifest(TABLE), &typo, &Filters::default())
                .expect_err("unknown")
                .contains("no route of this name")
        );
    }

    #[test]
    fn a_chain_has_the_filters_whose_mounts_cover_the_path_in_order() {
        let filter = |mounts: &[&str], order| Filter {
            phases: BTreeSet::from([Phase::After]),
            mounts: mounts.iter().map(|mount| (*mount).to_owned()).collect(),
            order,
            on_failure: OnFailure::Skip,
        };
        let filters = Filters::new(vec![
            (filter(&["/"], 9), 1),
            (filter(&["/rest/v1"], 5), 2),
            (filter(&["/rest/v"], 1), 3),
            (filter(&["/a", "/rest/v1/{table}"], 9), 4),
        ]);
        let plugins = |path: &str| filters.chain(path).iter().map(|link| link.plugin).collect::<Vec<_>>();
        assert_eq!(plugins("/rest/v1/{table}"), [2, 1, 4]);
        assert_eq!(plugins("/b"), [1]);
        assert_eq!(plugins("/a/c"), [1, 4]);
    }
}
