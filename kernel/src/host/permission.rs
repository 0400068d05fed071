//! What a plugin may do, as a set of permissions that people can read and versions can be compared by.
//!
//! A manifest wants some, a grant allows some; what is wanted and not allowed is what has to be asked for. It enforces
//! nothing: the capabilities and Postgres do.

mod kind;
mod path;
mod scope;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use kind::Kind;

/// The smallest thing that can be granted: one verb on one subject, in one scope of one capability.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// `sql`.
    pub capability: String,
    /// The key of the scope, `tables`; empty for the capability as such.
    pub scope: String,
    /// What it is about: `public.orders`.
    pub subject: String,
    /// What may be done with it, where a scope distinguishes that: `insert`.
    pub verb: String,
}

/// A set of permissions, in an order that does not change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions(BTreeSet<Permission>);

/// One line for people: permissions that differ in the verb only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `sql`.
    pub capability: String,
    /// Stable and for machines: `sql.tables public.orders insert,select`.
    pub scope: String,
    /// "read and insert rows of public.orders: …".
    pub words: String,
    /// Whether it takes more than a glance: the plugin then gets at what is others'.
    pub grave: bool,
}

/// How two sets differ. Widening something is an addition, narrowing it a removal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What the old set does not cover: it has to be asked for.
    pub added: Permissions,
    /// What the new set has no use for.
    pub removed: Permissions,
    /// What the new set has, and the old one covers.
    pub kept: Permissions,
}

impl Permission {
    fn new(capability: &str, scope: &str, subject: &str, verb: &str) -> Self {
        let [capability, scope, subject, verb] = [capability, scope, subject, verb].map(str::to_owned);
        Self { capability, scope, subject, verb }
    }

    /// Whether who has this one has the other too.
    fn covers(&self, other: &Self) -> bool {
        (&self.capability, &self.scope) == (&other.capability, &other.scope)
            && self.verb == other.verb
            && Kind::of(self).covers(&self.subject, &other.subject)
    }
}

impl Permissions {
    /// Whether somebody with these may do this.
    pub fn covers(&self, permission: &Permission) -> bool {
        self.0.iter().any(|own| own.covers(permission))
    }

    /// With these paths to answer at.
    pub(super) fn with_routes(mut self, paths: impl Iterator<Item = String>) -> Self {
        self.0.extend(paths.map(|path| Permission::new("http", "routes", &path, "")));
        self
    }

    /// With those of a set that these others cover: what is enough is not told as what somebody no longer needs.
    pub(super) fn with_those_of(mut self, wanted: &Self, others: &Self) -> Self {
        self.0.extend(wanted.iter().filter(|one| others.covers(one)).cloned());
        self
    }

    /// Whether this very path is among them.
    pub(super) fn has_route(&self, path: &str) -> bool {
        self.0.contains(&Permission::new("http", "routes", path, ""))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Permission> {
        self.0.iter()
    }

    /// The lines, grave ones first. A capability as such is no line where its scopes are.
    pub fn lines(&self) -> Vec<Line> {
        let mut groups: BTreeMap<_, Vec<&Permission>> = BTreeMap::new();
        for permission in &self.0 {
            let key = (&permission.capability, &permission.scope, &permission.subject);
            groups.entry(key).or_default().push(permission);
        }
        let has_scopes =
            |capability: &str| self.0.iter().any(|one| one.capability == capability && !one.scope.is_empty());
        let shown =
            groups.into_values().filter(|group| !group[0].scope.is_empty() || !has_scopes(&group[0].capability));
        let mut lines: Vec<_> = shown.map(|group| Line::of(&group)).collect();
        lines.sort_by_key(|line| !line.grave);
        lines
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().collect())
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.lines())
    }
}

/// For a terminal: a line each, grave ones marked with `!`.
impl std::fmt::Display for Permissions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.lines().iter().try_for_each(|line| {
            let mark = if line.grave { '!' } else { ' ' };
            writeln!(f, "{mark} {}", line.words)
        })
    }
}

impl Line {
    fn of(group: &[&Permission]) -> Self {
        let first = group[0];
        let verbs: Vec<_> = group.iter().map(|one| one.verb.as_str()).filter(|verb| !verb.is_empty()).collect();
        let kind = Kind::of(first);
        let mut scope = first.capability.clone();
        if !first.scope.is_empty() {
            scope = format!("{scope}.{} {}", first.scope, first.subject);
        }
        if !verbs.is_empty() {
            scope = format!("{scope} {}", verbs.join(","));
        }
        Self {
            capability: first.capability.clone(),
            words: harmless(&kind.words(first, &verbs)),
            grave: kind.is_grave(&first.subject),
            scope,
        }
    }
}

/// A stranger's manifest has a part in the words: nothing in it may move the cursor or turn the direction of the text.
fn harmless(words: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || char == ' ' || char.is_ascii_graphic();
    words
        .chars()
        .map(|char| if is_plain(char) { char.to_string() } else { char.escape_unicode().to_string() })
        .collect()
}

/// What is new, what is no longer wanted, and what stays.
pub fn difference(old: &Permissions, new: &Permissions) -> Difference {
    let (kept, added): (Vec<_>, Vec<_>) = new.iter().cloned().partition(|permission| old.covers(permission));
    let removed = old.iter().filter(|permission| !new.covers(permission)).cloned();
    Difference { added: added.into_iter().collect(), removed: removed.collect(), kept: kept.into_iter().collect() }
}

pub use scope::{LIMITS, granted, limits, table, takes_trust, wanted};

#[cfg(test)]
mod tests;
