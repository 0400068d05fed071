//! From what manifests and configuration say to permissions, and back. It checks no shape: whoever reads a scope for use
//! does.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::{Permission, Permissions};
use crate::config::Section;
use crate::host::config::Limits;
use crate::host::grant::Grant;
use crate::host::manifest::Manifest;

/// Stands where a capability does, in permissions to use more than others may: its scopes are the keys of `[host.limits]`.
pub const LIMITS: &str = "limits";

/// What a manifest asks for: its capabilities with their scopes, the paths that it answers and those that it filters.
pub fn wanted(manifest: &Manifest) -> Permissions {
    let mut wanted = BTreeSet::new();
    for (name, value) in &manifest.want {
        wanted.insert(Permission::new(name, "", "", ""));
        // Where it answers and filters is said by its routes and its filter.
        if name != "http" {
            wanted.extend(scopes(name, value));
        }
    }
    wanted.extend(manifest.paths().map(|(_, path)| Permission::new("http", "routes", &path, "")));
    let filtered = manifest.filter.iter().flat_map(|filter| &filter.mounts);
    wanted.extend(filtered.map(|mount| Permission::new("http", "filter", mount, "")));
    wanted.extend(limits(&manifest.limits).0);
    Permissions(wanted)
}

/// The limits of a table in the keys of `[host.limits]`, each as the configuration prints it.
pub fn limits(table: &Table) -> Permissions {
    let printed = Limits::read(LIMITS, table.clone(), &mut Vec::new()).print();
    let given = printed.iter().filter(|(key, _)| table.contains_key(*key));
    given.map(|(key, value)| Permission::new(LIMITS, key, &texts(value).concat(), "")).collect()
}

/// A limit as it is written in a table: numbers and truths are no text.
fn limit(subject: &str) -> Value {
    subject
        .parse()
        .map(Value::Integer)
        .or_else(|_| subject.parse().map(Value::Boolean))
        .unwrap_or_else(|_| subject.into())
}

/// What a grant allows. SQL that takes trust is allowed to a trusted plugin only.
pub fn granted(grant: &Grant) -> Permissions {
    let mut granted = BTreeSet::new();
    let allowed = grant.capabilities.iter().filter(|(_, value)| value.is_table());
    for (name, value) in allowed {
        granted.insert(Permission::new(name, "", "", ""));
        granted.extend(scopes(name, value).into_iter().filter(|one| grant.trusted || !takes_trust(one)));
    }
    if let Some(http) = grant.capabilities.get("http").and_then(Value::as_table) {
        // Not said: whatever the manifest names, as in configuration that is older than this scope.
        let anywhere = !http.contains_key("routes");
        granted.extend(anywhere.then(|| Permission::new("http", "routes", "*", "")));
        granted.extend(filters_anywhere(http, grant).then(|| Permission::new("http", "filter", "/", "")));
    }
    Permissions(granted)
}

/// `filter = true` lets the manifest say where; so does an operator who says it himself, for then it is that.
fn filters_anywhere(http: &Table, grant: &Grant) -> bool {
    match http.get("filter") {
        Some(Value::Boolean(filters)) => *filters,
        Some(Value::Array(_)) => grant.filter.mounts.is_some(),
        _ => false,
    }
}

/// The part of `[plugins.<id>]` that allows exactly these.
pub fn table(permissions: &Permissions) -> Table {
    let (mut grant, mut limits, mut trusted) = (Table::new(), Table::new(), false);
    for permission in permissions.iter() {
        if permission.capability == LIMITS {
            limits.insert(permission.scope.clone(), limit(&permission.subject));
            continue;
        }
        trusted |= takes_trust(permission);
        let capability = inner(&mut grant, &permission.capability);
        if permission.capability == "http" {
            // Even none: a later version that answers somewhere has to ask.
            let _ = list(capability, "routes");
        }
        match (&*permission.scope, &*permission.verb) {
            ("", _) => {}
            (scope, "") => list(capability, scope).push(permission.subject.clone().into()),
            (scope, verb) => list(inner(capability, scope), &permission.subject).push(verb.into()),
        }
    }
    let trusted = trusted.then(|| ("trusted".to_owned(), Value::Boolean(true)));
    let limits = (!limits.is_empty()).then(|| (LIMITS.to_owned(), Value::Table(limits)));
    trusted.into_iter().chain(limits).chain([("grant".to_owned(), Value::Table(grant))]).collect()
}

/// Whether only a trusted plugin is granted this.
pub fn takes_trust(permission: &Permission) -> bool {
    (&*permission.capability, &*permission.scope) == ("sql", "modes") && permission.subject != "own"
}

/// `{ names = ["a"], tables = { "b" = ["c"] } }` as permissions.
fn scopes(capability: &str, value: &Value) -> Vec<Permission> {
    let mut found = Vec::new();
    for (scope, value) in value.as_table().into_iter().flatten() {
        match value {
            Value::Boolean(_) => {}
            Value::Table(subjects) => {
                for (subject, verbs) in subjects {
                    found.extend(texts(verbs).iter().map(|verb| Permission::new(capability, scope, subject, verb)));
                }
            }
            subjects => {
                found.extend(texts(subjects).iter().map(|subject| Permission::new(capability, scope, subject, "")))
            }
        }
    }
    found
}

/// What is no list is shown as it is: it will be refused, but must not be hidden.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    value.as_array().map_or_else(|| vec![text(value)], |values| values.iter().map(text).collect())
}

fn inner<'a>(table: &'a mut Table, key: &str) -> &'a mut Table {
    let value = table.entry(key).or_insert_with(|| Value::Table(Table::new()));
    match value {
        Value::Table(table) => table,
        _ => unreachable!("only tables are put here"),
    }
}

fn list<'a>(table: &'a mut Table, key: &str) -> &'a mut Vec<Value> {
    let value = table.entry(key).or_insert_with(|| Value::Array(Vec::new()));
    match value {
        Value::Array(list) => list,
        _ => unreachable!("only lists are put here"),
    }
}
