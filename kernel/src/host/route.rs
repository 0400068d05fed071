//! Which plugin answers a path. It knows paths and names; methods that a route does not list are refused by `http`.

use std::collections::BTreeMap;
use std::sync::Arc;

use matchit::Router;
use percent_encoding::percent_decode_str;

use super::manifest::Manifest;
use crate::config::Size;

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
}

impl Target {
    /// The largest body that is read: the route's word, within what the operator lets the plugin have.
    pub fn max_body(&self, granted: Size) -> Size {
        self.max_body.map_or(granted, |wanted| wanted.min(granted))
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

/// All mounted paths.
#[derive(Debug, Default)]
pub struct Routes(Router<Target>);

impl Routes {
    /// Mounts a plugin's routes: where its manifest says, or where the operator says in its place.
    ///
    /// # Errors
    /// What is wrong with a pattern, or which other route has the path already.
    pub fn mount(
        &mut self,
        plugin: usize,
        manifest: &Manifest,
        mounts: &BTreeMap<String, Vec<String>>,
    ) -> Result<(), String> {
        if let Some(name) = mounts.keys().find(|name| manifest.routes.iter().all(|route| route.name != **name)) {
            return Err(format!("plugins.{}.mounts.{name}: the plugin has no route of this name", manifest.id));
        }
        for route in &manifest.routes {
            for mount in mounts.get(&route.name).unwrap_or(&route.mounts) {
                let mount = mount.trim_end_matches('/');
                let target = Target {
                    plugin,
                    route: route.name.as_str().into(),
                    mount: mount.into(),
                    methods: route.methods.clone().into(),
                    max_body: route.max_body,
                };
                let path = format!("{mount}{}", route.path);
                self.0.insert(&path, target).map_err(|fault| format!("{path}: {fault}"))?;
            }
        }
        Ok(())
    }

    /// What hangs at a path. Parameters that are no UTF-8 once decoded match nothing.
    pub fn find(&self, path: &str) -> Option<Match<'_>> {
        let found = self.0.at(path).ok()?;
        let decode = |(name, value): (&str, &str)| {
            let value = percent_decode_str(value).decode_utf8().ok()?;
            Some((name.to_owned(), value.into_owned()))
        };
        let params = found.params.iter().map(decode).collect::<Option<_>>()?;
        Some(Match { target: found.value, params })
    }
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
        routes.mount(0, &manifest(TABLE), &BTreeMap::new()).expect("no conflict");
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
        routes.mount(0, &manifest(TABLE), &mounts).expect("no conflict");
        assert_eq!(&*routes.find("/orders").expect("moved").target.mount, "");
        assert!(routes.find("/rest/v1/orders").is_none());
    }

    #[test]
    fn two_plugins_cannot_have_one_path() {
        let mut routes = Routes::default();
        routes.mount(0, &manifest(TABLE), &BTreeMap::new()).expect("no conflict");
        assert!(routes.mount(1, &manifest(TABLE), &BTreeMap::new()).is_err());
        let typo = BTreeMap::from([("tabel".to_owned(), Vec::new())]);
        assert!(routes.mount(1, &manifest(TABLE), &typo).expect_err("unknown").contains("no route of this name"));
    }
}
