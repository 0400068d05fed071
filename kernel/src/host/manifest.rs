//! What a plugin says of itself: `plugin.toml`, carried inside its file and read without running any of its code.
//!
//! It grants nothing: what is *wanted* here meets what is granted in [`super::grant`].

mod cron;
mod event;
mod setting;
mod text;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

pub use cron::Job;
pub use event::Events;
pub use setting::{Setting, Type};
pub use text::is_hidden;

use super::config::{self, Limits};
use super::grant;
use crate::capability;
use crate::config::{Section, Size};
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
    /// The limits that it needs, in the keys of `[host.limits]`; what is absent it does not care about. They grant nothing:
    /// where the operator's are lower, the difference is something to ask for.
    #[serde(default)]
    pub limits: Table,
    /// The events that it takes and gives.
    #[serde(default)]
    pub events: Events,
    /// What it wants run by the clock.
    #[serde(default, rename = "cron")]
    pub jobs: Vec<Job>,
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
    /// Whether it reads bodies as they arrive, rather than have the kernel read them first.
    #[serde(default)]
    pub stream: bool,
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

/// An id becomes part of a role's name, of which Postgres keeps 63 bytes.
const MAX_ID: usize = 40;

/// The longest manifest, in bytes; the largest of ours has 1,400.
pub const MAX_SIZE: usize = 256 << 10;

/// How many faults are told: more help nobody, and a stranger decides how many there are.
const MOST_FAULTS: usize = 20;

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// `plugin.refused` with the faults.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_SIZE {
            return Err(refused(format!("its manifest has {} bytes, more than {MAX_SIZE}", text.len())));
        }
        let invalid =
            |fault: toml::de::Error| refused(format!("its manifest is not valid: {}", fault.message().escape_debug()));
        let table: Table = toml::from_str(text).map_err(invalid)?;
        // Before anything of it is repeated in a message.
        let value = Value::Table(table);
        if let Some(fault) = text::fault("", &value) {
            return Err(refused(format!("its manifest is not valid: {}", fault.escape_debug())));
        }
        let manifest: Self = value.try_into().map_err(invalid)?;
        let mut faults = manifest.faults();
        faults.truncate(MOST_FAULTS);
        if faults.is_empty() { Ok(manifest) } else { Err(refused(faults.join("; "))) }
    }

    /// What stands for a manifest that cannot be read, so that its plugin can be listed.
    pub(super) fn unreadable(id: &str) -> Self {
        let keys = [("id", id), ("version", "unknown"), ("description", ""), ("license", "")];
        let table: Table = keys.map(|(key, value)| (key.to_owned(), value.into())).into_iter().collect();
        table.try_into().expect("these keys are enough")
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = self.identity_faults();
        for name in self.want.keys().filter(|name| capability::find(name).is_none()) {
            faults.push(format!("it wants {name:?}, which this kernel does not offer"));
        }
        faults.extend(
            self.want
                .iter()
                .filter_map(|(name, wanted)| capability::find(name).and_then(|_| grant::scope_fault(name, wanted))),
        );
        faults.extend(self.scope_fault());
        let may_filter = self.want.get("http").and_then(|http| http.get("filter")?.as_bool()).unwrap_or(false);
        if self.filter.is_some() != may_filter {
            faults.push("a [filter] and `[want.http] filter = true` go together".to_owned());
        }
        faults.extend(self.routes.iter().filter_map(Route::fault));
        faults.extend(repeated("routes", self.routes.iter().map(|route| &route.name)));
        faults.extend(self.events.faults());
        faults.extend(self.jobs.iter().filter_map(Job::fault));
        faults.extend(repeated("jobs", self.jobs.iter().map(|job| &job.name)));
        faults.extend(self.settings.iter().filter_map(Setting::fault));
        faults.extend(repeated("settings", self.settings.iter().map(|setting| &setting.name)));
        let limits = Limits::read("limits", self.limits.clone(), &mut faults);
        faults.extend(config::check("limits", &limits).err().map(|fault| fault.message));
        faults
    }

    fn identity_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if !is_id(&self.id) {
            faults.push(format!("{:?} is no id: a letter, then letters, digits or `-`, at most {MAX_ID}", self.id));
        }
        if !is_version(&self.version) {
            faults.push(format!("{:?} is no version like \"1.2.3\" (semver.org)", self.version));
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

/// The names that stand more than once, each in a sentence.
fn repeated<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| !seen.insert(*name)).map(|name| format!("two {what} are named {name:?}")).collect()
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
            .or_else(|| self.methods.iter().find(|method| !is_method(method)).map(|method| self.no_method(method)))
    }

    fn no_method(&self, method: &str) -> String {
        format!("route {:?}: {method:?} is no method like \"GET\"", self.name)
    }
}

fn is_id(id: &str) -> bool {
    let mut bytes = id.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && id.len() <= MAX_ID
}

fn is_method(method: &str) -> bool {
    !method.is_empty() && method.len() <= 20 && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// Three numbers without leading zeros, then what semver.org allows behind `-` and `+`.
fn is_version(version: &str) -> bool {
    let (rest, build) = version.split_once('+').map_or((version, None), |(rest, build)| (rest, Some(build)));
    let (core, pre) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
    let is_number = |part: &str| part.parse::<u64>().is_ok_and(|number| number.to_string() == part);
    let is_word =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && pre.iter().chain(&build).all(|words| words.split('.').all(is_word))
        && version.len() <= 64
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
            ("[want.log]\nlevel = \"info\"", "log has no scopes"),
            ("[want]\nclock = true", "clock has no scopes"),
            ("[want.sql]\nmode = [\"own\"]", "the scope of sql: unknown field `mode`"),
            ("[want.sql]\nmodes = [\"admin\"]", "the scope of sql"),
            ("[want.sql]\nmodes = [\"own\"]\ntables = { orders = [\"select\"] }", "the scope of sql"),
            ("[want.sql]\nmodes = [\"own\"]\ntables = { \"a.b\" = [\"drop\"] }", "the scope of sql"),
            ("[want.schema]\nschemas = \"public\"", "the scope of schema"),
            ("[want.dispatch]\nroutes = [\"/orders\"]", "the scope of dispatch"),
            ("[want.dispatch]\nroutes = [\"get /orders\"]", "the scope of dispatch"),
            ("[want.dispatch]\nhosts = []", "the scope of dispatch: unknown field `hosts`"),
            ("[want.secret]\nnames = [\"Stripe Key\"]", "no name of a secret"),
            ("[want.secret]\nname = [\"stripe_key\"]", "the scope of secret: unknown field `name`"),
            ("[want.http]\nport = 80", "the scope of http: unknown field `port`"),
            ("[limits]\nmemory = \"1TiB\"", "limits.memory"),
            ("[limits]\nspeed = 1", "limits.speed: unknown key"),
            ("[events]\nin = [\"Order Created\"]", "no name of an event"),
            ("[[cron]]\nname = \"tidy\"\nschedule = \"daily\"", "no schedule"),
            ("[[setting]]\nname = \"a\"\ndescription = \"\"\ndefault = 1\nmin = 2", "its default has to be at least 2"),
            ("[[setting]]\nname = \"a\"\ndescription = \"two\\nlines\"\ndefault = 1", "control characters"),
            ("[[route]]\nname = \"a\"\npath = \"/\"\nmounts = []\nmethods = [\"get\"]", "no method"),
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
    fn what_is_declared_for_features_to_come_is_kept() {
        let more = "[limits]\nmemory = \"128MiB\"\n[events]\nin = [\"order.*\"]\nout = [\"shop.sold\"]\n\
            [[cron]]\nname = \"tidy\"\nschedule = \"0 3 * * mon\"\n";
        let manifest = Manifest::parse(&format!("{GOOD}{more}")).expect("valid");
        assert_eq!(manifest.limits.len(), 1);
        assert_eq!((manifest.events.incoming.len(), manifest.events.outgoing.len()), (1, 1));
        assert_eq!(manifest.jobs[0].name, "tidy");
    }

    #[test]
    fn nothing_can_forge_a_line_on_the_terminal_of_whoever_decides() {
        for text in ["a\\u001b[2J", "a\\nb", "a\\u202eb", "a\\rb"] {
            let error = Manifest::parse(&GOOD.replace("description = \"\"", &format!("description = \"{text}\"")));
            assert!(error.expect_err(text).message.contains("control characters"), "{text}");
        }
    }

    #[test]
    fn a_version_is_a_semantic_one() {
        assert!(["0.1.0", "1.2.3-rc.1+build.5", "10.0.0"].into_iter().all(is_version));
        assert!(
            !["", "1", "1.2", "01.2.3", "1.2.3.4", "v1.2.3", "1.2.3-", "1.2.x", "1.2.3 "].into_iter().any(is_version)
        );
    }

    #[test]
    fn an_id_is_safe_as_a_part_of_any_name() {
        for id in ["", "1a", "a b", "A", "a\"", "../x", &"a".repeat(41)] {
            assert!(!is_id(id), "{id:?}");
        }
    }
}
