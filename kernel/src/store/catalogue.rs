//! What is in the database: a snapshot that everybody shares, always in memory.
//!
//! Relations are kept as the JSON text that plugins get, made once per snapshot. It does not say who may see what.

/// Schemas that are Postgres', or the kernel's own.
macro_rules! hidden {
    () => {
        "n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'basalt') \
         and n.nspname not like 'pg\\_temp\\_%' and n.nspname not like 'pg\\_toast\\_temp\\_%'"
    };
}

/// Changes with a relation's own row and with those of its columns: enough to see that a description is out of date.
macro_rules! stamp {
    () => {
        "hashtextextended(concat(c.oid, ':', c.xmin, ':', (select string_agg(concat(x.attnum, ':', x.xmin), ',' \
         order by x.attnum) from pg_attribute x where x.attrelid = c.oid and x.attnum > 0)), 0)"
    };
}

mod check;
mod read;
mod relation;
mod watch;

use std::collections::{BTreeMap, HashMap};

pub(crate) use read::read;
pub(crate) use watch::Watch;

/// The catalogue at one moment.
#[derive(Debug, Default)]
pub struct Catalogue {
    version: u64,
    schemas: BTreeMap<String, BTreeMap<String, Relation>>,
    types: HashMap<u32, String>,
}

/// A table, view, materialized view or foreign table.
#[derive(Debug)]
pub struct Relation {
    /// As `basalt:schema` describes it.
    pub json: String,
    /// See `stamp!`.
    stamp: i64,
}

/// The stamp is no part of it: it also moves when nothing moves that is shown.
impl PartialEq for Relation {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Catalogue {
    /// Grows with every change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The schemas, sorted; those of Postgres and of the kernel are not among them.
    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        self.schemas.keys().map(String::as_str)
    }

    /// The names of a schema's relations, sorted; `None` when there is no such schema.
    pub fn relations(&self, schema: &str) -> Option<impl Iterator<Item = &str>> {
        self.schemas.get(schema).map(|relations| relations.keys().map(String::as_str))
    }

    /// One relation.
    pub fn relation(&self, schema: &str, name: &str) -> Option<&Relation> {
        self.schemas.get(schema)?.get(name)
    }

    /// The name of a type that is not one of Postgres' own.
    pub(crate) fn type_name(&self, oid: u32) -> Option<&str> {
        self.types.get(&oid).map(String::as_str)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.schemas == other.schemas && self.types == other.types
    }
}
