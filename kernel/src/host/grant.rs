//! What the operator allows a plugin, `[plugins.<id>]`, and how it meets what the manifest wants.
//!
//! It links nothing: it only decides. A plugin runs when all that it wants is granted; then it has exactly what it wants.

mod record;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::config::Limits;
use super::manifest::{Filter, Manifest, OnFailure, Route, refused};
use super::permission::{self, Difference, Permissions};
use crate::capability::dispatch::Grant as DispatchGrant;
use crate::capability::fetch::Grant as FetchGrant;
use crate::capability::http::Grant as HttpGrant;
use crate::capability::identity::Grant as IdentityGrant;
use crate::capability::schema::Grant as SchemaGrant;
use crate::capability::secret::Grant as SecretGrant;
use crate::capability::sql::Grant as SqlGrant;
use crate::capability::{self, Capability};
use crate::config::Section;
use crate::error::{Error, Result, code};
use crate::store::secret::check_name;

pub use record::{approve, record};

/// The keys of `[plugins.<id>]`.
const KEYS: &[&str] = &["enabled", "trusted", "grant", "mounts", "filter", "settings", "limits"];

/// What the operator set for one plugin.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whether it runs at all.
    pub enabled: bool,
    /// Whether it may act as any signed-in user.
    pub trusted: bool,
    /// The capabilities, with their scopes.
    pub capabilities: Table,
    /// Mounts by route name, in place of the manifest's.
    pub mounts: BTreeMap<String, Vec<String>>,
    /// Where and when it filters, in place of the manifest's word.
    pub filter: Place,
    /// Settings by key.
    pub settings: Table,
    /// What one call may use.
    pub limits: Limits,
}

/// The operator's word on a filter; what is absent is the manifest's.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The paths that it stands in front of.
    pub mounts: Option<Vec<String>>,
    /// Lower ones are further out.
    pub order: Option<i32>,
    /// What becomes of a request when it fails.
    pub on_failure: Option<OnFailure>,
}

/// The scopes that a plugin runs with.
#[derive(Debug, Clone, Default)]
pub struct Scopes {
    /// The capabilities to link.
    pub linked: Vec<&'static Capability>,
    /// The scope of `sql`.
    pub sql: SqlGrant,
    /// The scope of `schema`.
    pub schema: SchemaGrant,
    /// The scope of `dispatch`.
    pub dispatch: DispatchGrant,
    /// The scope of `fetch`.
    pub fetch: FetchGrant,
    /// The scope of `secret`.
    pub secret: SecretGrant,
    /// The scope of `identity`.
    pub identity: IdentityGrant,
}

impl Grant {
    /// Reads `[plugins.<id>]`; `defaults` are `[host.limits]`.
    pub fn read(id: &str, table: Table, defaults: &Limits, faults: &mut Vec<String>) -> Self {
        let path = format!("plugins.{id}");
        for key in table.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            faults.push(format!("{path}.{key}: unknown key; the keys here are {}", KEYS.join(", ")));
        }
        let mut reader = Reader { path: &path, table, faults };
        let (enabled, trusted) = (reader.take("enabled", true), reader.take("trusted", false));
        let (capabilities, mounts) = (reader.take("grant", Table::new()), reader.take("mounts", BTreeMap::new()));
        let (filter, settings) = (reader.take("filter", Place::default()), reader.take("settings", Table::new()));
        let limits = reader.limits(defaults);
        Self { enabled, trusted, capabilities, mounts, filter, settings, limits }
    }

    /// Nothing.
    pub fn none(id: &str) -> Self {
        let limits = Limits::read("host.limits", Table::new(), &mut Vec::new());
        Self::read(id, Table::new(), &limits, &mut Vec::new())
    }

    /// What the plugin gets: all that it wants, or a refusal that names everything that is missing.
    ///
    /// # Errors
    /// `plugin.not-granted` with the configuration that would grant it.
    pub fn meet(&self, manifest: &Manifest) -> Result<Scopes> {
        let mut scopes = Scopes::default();
        for (name, wanted) in &manifest.want {
            let capability = capability::find(name).ok_or_else(|| refused(format!("unknown capability {name:?}")))?;
            // `false` is how an operator takes back what was approved.
            let granted = self.capabilities.get(name).filter(|granted| granted.as_bool() != Some(false));
            if let Some(granted) = granted {
                scopes.read(name, wanted, granted)?;
            }
            scopes.linked.push(capability);
        }
        let lacking = self.difference(manifest).added;
        if lacking.is_empty() { Ok(scopes) } else { Err(self.missing(manifest, &lacking)) }
    }

    /// What a version wants beside what it is granted: `added` is what it lacks.
    ///
    /// Where the operator himself says where a route or a filter hangs, it is that which is wanted, and granted.
    pub fn difference(&self, manifest: &Manifest) -> Difference {
        let mut placed = manifest.clone();
        placed.filter = self.filter(manifest);
        for route in &mut placed.routes {
            if let Some(mounts) = self.mounts.get(&route.name) {
                route.mounts.clone_from(mounts);
            }
        }
        let moved = placed.paths().filter(|(route, _)| self.mounts.contains_key(&route.name));
        let wanted = permission::wanted(&placed);
        let granted = permission::granted(self).with_routes(moved.map(|(_, path)| path));
        let granted = granted.with_those_of(&wanted, &permission::limits(&self.limits.print()));
        permission::difference(&granted, &wanted)
    }

    /// Where each route hangs: where the operator says, else where the manifest says as far as that is granted. A path
    /// that was not granted is not taken, even by a plugin that is refused for wanting it.
    pub fn mounts(&self, manifest: &Manifest) -> BTreeMap<String, Vec<String>> {
        let lacking = self.difference(manifest).added;
        let is_limited = self.capabilities.get("http").is_some_and(|http| http.get("routes").is_some());
        let place = |route: &Route| {
            let allowed = |mount: &&String| !(is_limited && lacking.has_route(&route.at(mount)));
            (route.name.clone(), route.mounts.iter().filter(allowed).cloned().collect())
        };
        let mut mounts: BTreeMap<_, _> = manifest.routes.iter().map(place).collect();
        mounts.extend(self.mounts.clone());
        mounts
    }

    /// Refuses a plugin, naming what it lacks and what would grant it.
    fn missing(&self, manifest: &Manifest, lacking: &Permissions) -> Error {
        let id = &manifest.id;
        let words: Vec<_> = lacking.lines().into_iter().map(|line| line.words).collect();
        let mut message = format!("the plugin {id} wants what is not granted to it: {}", words.join("; "));
        let mut hint = String::new();
        if !self.trusted && lacking.iter().any(permission::takes_trust) {
            message.push_str(" (only a trusted plugin may what says so)");
            hint = format!("[plugins.{id}]\ntrusted = true   # it can act as any signed-in user\n");
        }
        let mut names: BTreeSet<_> = lacking.iter().map(|permission| permission.capability.as_str()).collect();
        let limits = names.remove(permission::LIMITS).then(|| limit_lines(lacking));
        let lines: Vec<_> = names.into_iter().map(|name| self.line(name, manifest)).collect();
        let parts = [("grant", lines), ("limits", limits.unwrap_or_default())];
        let parts = parts.iter().filter(|(_, lines)| !lines.is_empty());
        let parts: Vec<_> = parts.map(|(name, lines)| format!("[plugins.{id}.{name}]\n{}", lines.join("\n"))).collect();
        hint.push_str(&parts.join("\n"));
        Error::new(&code::PLUGIN_NOT_GRANTED, message).hint(hint)
    }

    /// The line of configuration that grants a capability as it is wanted.
    fn line(&self, name: &str, manifest: &Manifest) -> String {
        let is_limited = self.capabilities.get(name).is_some_and(|granted| granted.get("routes").is_some());
        let mut approved = permission::table(&permission::wanted(manifest));
        let wanted = match is_limited {
            true => approved.get_mut("grant").and_then(|grant| grant.as_table_mut()?.remove(name)),
            // In the author's words; not to name routes is to grant those of the manifest.
            false => manifest.want.get(name).cloned(),
        };
        let has_scopes = |value: &Value| value.as_table().is_some_and(|table| !table.is_empty());
        match (wanted.filter(has_scopes), capability::find(name)) {
            (Some(wanted), _) => format!("{name} = {wanted}"),
            (None, Some(capability)) => capability.grant.to_owned(),
            (None, None) => format!("{name} = {{}}"),
        }
    }

    /// How the plugin filters: the manifest's word, where the operator has none.
    pub fn filter(&self, manifest: &Manifest) -> Option<Filter> {
        let mut filter = manifest.filter.clone()?;
        if let Some(mounts) = &self.filter.mounts {
            filter.mounts.clone_from(mounts);
        }
        filter.order = self.filter.order.unwrap_or(filter.order);
        filter.on_failure = self.filter.on_failure.unwrap_or(filter.on_failure);
        Some(filter)
    }

    /// The settings that the plugin sees: the operator's over the manifest's defaults.
    ///
    /// # Errors
    /// `plugin.refused` for a setting that the manifest does not declare, or one of another type.
    pub fn settings(&self, manifest: &Manifest) -> Result<BTreeMap<String, String>> {
        let known: BTreeSet<_> = manifest.settings.iter().map(|setting| setting.name.as_str()).collect();
        if let Some(key) = self.settings.keys().find(|key| !known.contains(key.as_str())) {
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(refused(format!("plugins.{}.settings.{key} is not a setting of it", manifest.id))
                .hint(format!("its settings are: {known}")));
        }
        manifest.settings.iter().map(|setting| self.setting(&manifest.id, setting)).collect()
    }

    fn setting(&self, id: &str, setting: &super::manifest::Setting) -> Result<(String, String)> {
        let value = self.settings.get(&setting.name).unwrap_or(&setting.default);
        if let Some(refusal) = setting.refusal(value) {
            return Err(refused(format!("plugins.{id}.settings.{} {refusal}", setting.name)));
        }
        let json = serde_json::to_string(value).map_err(Error::internal)?;
        Ok((setting.name.clone(), json))
    }
}

impl Scopes {
    /// Reads both sides, so that a mistake in either is refused, and keeps what is wanted.
    fn read(&mut self, name: &str, wanted: &Value, granted: &Value) -> Result<()> {
        for side in [wanted, granted] {
            scope_fault(name, side).map_or(Ok(()), |fault| Err(refused(fault)))?;
        }
        match name {
            "sql" => self.sql = scope(name, wanted).map_err(refused)?,
            "schema" => {
                let want: SchemaGrant = scope(name, wanted).map_err(refused)?;
                // One that names none works with whatever it is granted.
                self.schema = if want.schemas.is_empty() { scope(name, granted).map_err(refused)? } else { want };
            }
            "dispatch" => self.dispatch = scope(name, wanted).map_err(refused)?,
            "fetch" => self.fetch = scope(name, wanted).map_err(refused)?,
            "secret" => self.secret = scope(name, wanted).map_err(refused)?,
            "identity" => self.identity = scope(name, wanted).map_err(refused)?,
            _ => {}
        }
        Ok(())
    }
}

/// Why a scope cannot be read, wanted or granted; `None` when it can.
pub(super) fn scope_fault(name: &str, value: &Value) -> Option<String> {
    let read = match name {
        "sql" => scope::<SqlGrant>(name, value).map(drop),
        "http" => scope::<HttpGrant>(name, value).map(drop),
        "schema" => scope::<SchemaGrant>(name, value).map(drop),
        "dispatch" => scope::<DispatchGrant>(name, value).map(drop),
        "fetch" => scope::<FetchGrant>(name, value).map(drop),
        "identity" => scope::<IdentityGrant>(name, value).map(drop),
        "secret" => scope::<SecretGrant>(name, value).and_then(|secret| {
            secret.names.iter().try_for_each(|name| check_name(name)).map_err(|fault| fault.message)
        }),
        _ => scopeless(name, value),
    };
    read.err()
}

/// The lines of configuration that grant the limits among these.
fn limit_lines(lacking: &Permissions) -> Vec<String> {
    let table = permission::table(lacking);
    let limits = table.get(permission::LIMITS).and_then(Value::as_table);
    limits.into_iter().flatten().map(|(key, value)| format!("{key} = {value}")).collect()
}

/// Takes the keys of one plugin's table, noting faults.
struct Reader<'a> {
    path: &'a str,
    table: Table,
    faults: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn take<T: serde::de::DeserializeOwned>(&mut self, key: &str, default: T) -> T {
        match self.table.remove(key).map(Value::try_into) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(fault)) => {
                self.faults.push(format!("{}.{key}: {}", self.path, fault.message()));
                default
            }
        }
    }

    /// The plugin's limits: its own keys over the defaults.
    fn limits(&mut self, defaults: &Limits) -> Limits {
        let own: Table = self.take("limits", Table::new());
        let mut merged = defaults.print();
        merged.extend(own);
        Limits::read(&format!("{}.limits", self.path), merged, self.faults)
    }
}

fn scope<T: serde::de::DeserializeOwned>(name: &str, value: &Value) -> std::result::Result<T, String> {
    value.clone().try_into().map_err(|fault: toml::de::Error| format!("the scope of {name}: {}", fault.message()))
}

/// A capability without scopes takes `{}`; anything else is a scope that would be silently ignored.
fn scopeless(name: &str, value: &Value) -> std::result::Result<(), String> {
    match value.as_table() {
        Some(table) if table.is_empty() => Ok(()),
        _ => Err(format!("the capability {name} has no scopes: it is written `{name} = {{}}`")),
    }
}

impl Grant {
    /// The plugin's part of the configuration in effect.
    pub fn print(&self, id: &str) -> String {
        let empty = || Value::Table(Table::new());
        let mounts = Value::try_from(&self.mounts).unwrap_or_else(|_| empty());
        let filter = Value::try_from(&self.filter).unwrap_or_else(|_| empty());
        let keys = [
            ("enabled", Value::Boolean(self.enabled)),
            ("trusted", Value::Boolean(self.trusted)),
            ("grant", Value::Table(self.capabilities.clone())),
            ("mounts", mounts),
            ("filter", filter),
            ("settings", Value::Table(self.settings.clone())),
            ("limits", Value::Table(self.limits.print())),
        ];
        let lines: String = keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        format!("[plugins.{id}]\n{lines}")
    }
}
