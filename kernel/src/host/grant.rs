//! What the operator allows a plugin, `[plugins.<id>]`, and how it meets what the manifest wants.
//!
//! It links nothing: it only decides. A plugin runs when all that it wants is granted; then it has exactly what it wants.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::config::Limits;
use super::manifest::{Filter, Manifest, OnFailure, refused};
use crate::capability::http::Grant as HttpGrant;
use crate::capability::schema::Grant as SchemaGrant;
use crate::capability::sql::{Grant as SqlGrant, GrantedMode};
use crate::capability::{self, Capability};
use crate::config::Section;
use crate::error::{Error, Result, code};

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
#[derive(Debug, Clone)]
pub struct Scopes {
    /// The capabilities to link.
    pub linked: Vec<&'static Capability>,
    /// The scope of `sql`.
    pub sql: SqlGrant,
    /// The scope of `schema`.
    pub schema: SchemaGrant,
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

    /// What the plugin gets: all that it wants, or a refusal that names the first thing that is missing.
    ///
    /// # Errors
    /// `plugin.not-granted` with the configuration line that would grant it.
    pub fn meet(&self, manifest: &Manifest) -> Result<Scopes> {
        let mut scopes = Scopes { linked: Vec::new(), sql: SqlGrant::default(), schema: SchemaGrant::default() };
        for (name, wanted) in &manifest.want {
            let capability = capability::find(name).ok_or_else(|| refused(format!("unknown capability {name:?}")))?;
            let Some(granted) = self.capabilities.get(name) else {
                return Err(missing(&manifest.id, name, capability.grant, wanted));
            };
            match name.as_str() {
                "sql" => scopes.sql = self.meet_sql(&manifest.id, wanted, granted)?,
                "http" => meet_http(&manifest.id, wanted, granted)?,
                "schema" => scopes.schema = meet_schema(&manifest.id, wanted, granted)?,
                _ => scopeless(name, granted)?,
            }
            scopes.linked.push(capability);
        }
        Ok(scopes)
    }

    fn meet_sql(&self, id: &str, wanted: &Value, granted: &Value) -> Result<SqlGrant> {
        let wanted_scope: SqlGrant = scope("sql", wanted)?;
        let granted: SqlGrant = scope("sql", granted)?;
        if !wanted_scope.modes.is_subset(&granted.modes) {
            return Err(missing(id, "sql", "", wanted));
        }
        if wanted_scope.modes.contains(&GrantedMode::Caller) && !self.trusted {
            let message = format!("the plugin {id} wants to run SQL as its callers, which only a trusted plugin may");
            return Err(Error::new(&code::PLUGIN_NOT_GRANTED, message)
                .hint(format!("[plugins.{id}]\ntrusted = true   # it can act as any signed-in user")));
        }
        Ok(wanted_scope)
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

/// A plugin that names schemas gets those; one that names none works with whatever it is granted.
fn meet_schema(id: &str, wanted: &Value, granted: &Value) -> Result<SchemaGrant> {
    let (want, has): (SchemaGrant, SchemaGrant) = (scope("schema", wanted)?, scope("schema", granted)?);
    if want.schemas.is_empty() {
        return Ok(has);
    }
    let is_covered = has.schemas.contains("*") || want.schemas.is_subset(&has.schemas);
    if is_covered { Ok(want) } else { Err(missing(id, "schema", "", wanted)) }
}

/// Answering its own routes takes no scope; standing in front of others' does.
fn meet_http(id: &str, wanted: &Value, granted: &Value) -> Result<()> {
    let (want, has): (HttpGrant, HttpGrant) = (scope("http", wanted)?, scope("http", granted)?);
    if want.filter && !has.filter { Err(missing(id, "http", "", wanted)) } else { Ok(()) }
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

/// Refuses a plugin for a capability that it was not granted, naming the line that would grant it.
fn missing(id: &str, name: &str, grant: &str, wanted: &Value) -> Error {
    let line = match wanted.as_table().filter(|table| !table.is_empty()) {
        Some(_) => format!("{name} = {wanted}"),
        None => grant.to_owned(),
    };
    Error::new(
        &code::PLUGIN_NOT_GRANTED,
        format!("the plugin {id} wants the capability {name:?}, which is not granted to it"),
    )
    .hint(format!("[plugins.{id}.grant]\n{line}"))
}

fn scope<T: serde::de::DeserializeOwned>(name: &str, value: &Value) -> Result<T> {
    value
        .clone()
        .try_into()
        .map_err(|fault: toml::de::Error| refused(format!("the scope of {name}: {}", fault.message())))
}

/// A capability without scopes takes `{}`; anything else is a scope that would be silently ignored.
fn scopeless(name: &str, granted: &Value) -> Result<()> {
    match granted.as_table() {
        Some(table) if table.is_empty() => Ok(()),
        _ => Err(refused(format!("the capability {name} has no scopes: grant it as `{name} = {{}}`"))),
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
