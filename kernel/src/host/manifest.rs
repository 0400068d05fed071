//! What a plugin says of itself: `plugin.toml`, carried inside its file and read without running any of its code.
//!
//! It grants nothing: what is *wanted* here meets what is granted in [`super::grant`].

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::capability;
use crate::config::Size;
use crate::error::{Error, Result, code};

/// A plugin's manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Unique in an instance, `[a-z][a-z0-9-]*`; the name of its configuration, its login and its schema.
    pub id: String,
    /// Semantic version.
    pub version: String,
    /// One line for people.
    pub description: String,
    /// An SPDX expression.
    pub license: String,
    /// The paths that it answers.
    #[serde(default, rename = "route")]
    pub routes: Vec<Route>,
    /// How it stands in front of other plugins, when it does.
    #[serde(default)]
    pub filter: Option<Filter>,
    /// The capabilities that it wants, with their scopes.
    #[serde(default)]
    pub want: Table,
    /// The settings that it understands.
    #[serde(default, rename = "setting")]
    pub settings: Vec<Setting>,
}

/// A set of paths with one name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// What the plugin sees as `request.route`.
    pub name: String,
    /// The path below each mount, with `{parameters}` and a final `{*rest}`.
    pub path: String,
    /// Where it hangs unless the operator says otherwise.
    pub mounts: Vec<String>,
    /// The methods that it answers; all when empty.
    #[serde(default)]
    pub methods: Vec<String>,
    /// The largest body that it has a use for; what the operator grants the plugin may be less.
    pub max_body: Option<Size>,
}

/// Where and when a plugin filters.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// In front of handlers, behind them, or both. A phase that is not named is not called.
    pub phases: BTreeSet<Phase>,
    /// The paths that it stands in front of, with all below them; `/` is every path of a plugin.
    #[serde(default = "everywhere")]
    pub mounts: Vec<String>,
    /// Lower ones are further out: first before the handler, last after it.
    #[serde(default = "middle")]
    pub order: i32,
    /// What becomes of a request when the filter fails.
    #[serde(default)]
    pub on_failure: OnFailure,
}

/// When a filter is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// With the request.
    Before,
    /// With the request and the answer.
    After,
}

/// What becomes of a request when a filter fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// It is refused with the filter's failure: for filters that protect.
    #[default]
    Refuse,
    /// It goes on as if the filter were not there; the failure is counted and logged.
    Skip,
}

fn everywhere() -> Vec<String> {
    vec!["/".to_owned()]
}

fn middle() -> i32 {
    500
}

/// A setting with its documentation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The key.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The value where the operator sets none; its type is the setting's type.
    pub default: Value,
}

/// An id becomes part of a role's name, of which Postgres keeps 63 bytes.
const MAX_ID: usize = 40;

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// `plugin.refused` with every fault.
    pub fn parse(text: &str) -> Result<Self> {
        let manifest: Self =
            toml::from_str(text).map_err(|fault| refused(format!("its manifest is not valid: {}", fault.message())))?;
        let faults = manifest.faults();
        if faults.is_empty() { Ok(manifest) } else { Err(refused(faults.join("; "))) }
    }

    /// What stands for a manifest that cannot be read, so that its plugin can be listed.
    pub(super) fn unreadable(id: &str) -> Self {
        let keys = [("id", id), ("version", "unknown"), ("description", ""), ("license", "")];
        let table: Table = keys.map(|(key, value)| (key.to_owned(), value.into())).into_iter().collect();
        table.try_into().expect("these keys are enough")
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !is_id(&self.id) {
            faults.push(format!("{:?} is no id: a letter, then letters, digits or `-`, at most {MAX_ID}", self.id));
        }
        for name in self.want.keys().filter(|name| capability::find(name).is_none()) {
            faults.push(format!("it wants {name:?}, which this kernel does not offer"));
        }
        faults.extend(self.scope_fault());
        let may_filter = self.want.get("http").and_then(|http| http.get("filter")?.as_bool()).unwrap_or(false);
        if self.filter.is_some() != may_filter {
            faults.push("a [filter] and `[want.http] filter = true` go together".to_owned());
        }
        let mut names = BTreeSet::new();
        for route in &self.routes {
            faults.extend(route.fault());
            if !names.insert(&route.name) {
                faults.push(format!("two routes are named {:?}", route.name));
            }
        }
        faults
    }
}

impl Manifest {
    /// Every path that the plugin answers, with its route.
    pub fn paths(&self) -> impl Iterator<Item = (&Route, String)> {
        self.routes.iter().flat_map(|route| route.mounts.iter().map(move |mount| (route, route.at(mount))))
    }

    /// Scopes that grants have and manifests express otherwise.
    fn scope_fault(&self) -> Option<String> {
        let scope = |capability: &str, key: &str| self.want.get(capability)?.get(key);
        if scope("http", "routes").is_some() {
            return Some("where it answers is said by each [[route]], not by `[want.http] routes`".to_owned());
        }
        let modes = scope("sql", "modes").and_then(Value::as_array);
        let has_own = modes.is_some_and(|modes| modes.iter().any(|mode| mode.as_str() == Some("own")));
        let is_idle = scope("sql", "tables").is_some() && !has_own;
        is_idle.then(|| "`[want.sql] tables` are for its own login: it has to want `modes = [\"own\"]`".to_owned())
    }
}

impl Route {
    /// Its path below a mount.
    pub fn at(&self, mount: &str) -> String {
        format!("{}{}", mount.trim_end_matches('/'), self.path)
    }

    fn fault(&self) -> Option<String> {
        let bad = |path: &&String| !path.starts_with('/') && !path.is_empty();
        std::iter::once(&self.path)
            .chain(&self.mounts)
            .find(bad)
            .map(|path| format!("route {:?}: {path:?} does not start with `/`", self.name))
    }
}

fn is_id(id: &str) -> bool {
    let mut bytes = id.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && id.len() <= MAX_ID
}

/// A refusal to load.
pub fn refused(reason: impl std::fmt::Display) -> Error {
    Error::new(&code::PLUGIN_REFUSED, format!("the plugin cannot be loaded: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "id = \"a-1\"\nversion = \"0.1.0\"\ndescription = \"\"\nlicense = \"MIT\"\n";

    #[test]
    fn a_minimal_manifest_is_enough() {
        let manifest = Manifest::parse(GOOD).expect("valid");
        assert_eq!(manifest.id, "a-1");
        assert!(manifest.routes.is_empty() && manifest.want.is_empty());
    }

    #[test]
    fn each_fault_is_named() {
        for (add, fault) in [
            ("colour = 1", "unknown field `colour`"),
            ("[want.teleport]", "wants \"teleport\""),
            ("[[route]]\nname = \"a\"\npath = \"x\"\nmounts = []", "does not start with `/`"),
            (
                "[[route]]\nname = \"a\"\npath = \"/\"\nmounts = []\n[[route]]\nname = \"a\"\npath = \"/b\"\nmounts = []",
                "two routes",
            ),
        ] {
            let error = Manifest::parse(&format!("{GOOD}{add}")).expect_err(add);
            assert!(error.message.contains(fault), "{add}: {error}");
        }
    }

    #[test]
    fn an_id_is_safe_as_a_part_of_any_name() {
        for id in ["", "1a", "a b", "A", "a\"", "../x", &"a".repeat(41)] {
            assert!(!is_id(id), "{id:?}");
        }
    }
}
