//! What is in the database: a snapshot that everybody shares, always in memory.
//!
//! Relations and functions are kept as the JSON text that plugins get, made once per snapshot. It does not say who may see what.

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

/// Functions that a statement can call: what triggers return is theirs alone, and a procedure is not for expressions.
macro_rules! callable {
    () => {
        "p.prokind in ('f', 'a', 'w') and p.prorettype not in (2279, 3838)"
    };
}

/// Changes with each of the functions of one name.
macro_rules! function_stamp {
    ($oid:literal, $xmin:literal) => {
        concat!("hashtextextended(string_agg(concat(", $oid, ", ':', ", $xmin, "), ',' order by ", $oid, "), 0)")
    };
}

mod check;
mod draft;
mod key;
mod query;
mod read;
mod tree;
mod watch;

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

pub(crate) use read::read;
pub(crate) use watch::{Watch, What};

/// The catalogue at one moment.
#[derive(Debug, Default)]
pub struct Catalogue {
    version: u64,
    schemas: BTreeMap<String, Schema>,
    types: HashMap<u32, String>,
}

/// What is in a schema.
#[derive(Debug, Default, PartialEq)]
pub struct Schema {
    /// As `basalt:schema` describes it.
    pub json: String,
    relations: BTreeMap<String, Relation>,
    functions: BTreeMap<String, Function>,
    head: Value,
    /// Functions whose result is a media type.
    media: Vec<Value>,
}

/// The functions of one name.
#[derive(Debug)]
pub struct Function {
    /// All overloads, as `basalt:schema` describes them.
    pub json: String,
    stamp: i64,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Schema {
    fn new(name: &str, comment: Option<String>) -> Self {
        Self { head: json!({ "name": name, "comment": comment }), ..Self::default() }
    }

    /// Its JSON, once all that is in it is known.
    fn finish(&mut self) {
        let mut json = std::mem::take(&mut self.head);
        json["functions"] = self.functions.keys().map(String::as_str).collect();
        json["media"] = std::mem::take(&mut self.media).into();
        self.json = json.to_string();
    }
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
        self.schemas.get(schema).map(|schema| schema.relations.keys().map(String::as_str))
    }

    /// One relation.
    pub fn relation(&self, schema: &str, name: &str) -> Option<&Relation> {
        self.schemas.get(schema)?.relations.get(name)
    }

    /// One schema.
    pub fn schema(&self, name: &str) -> Option<&Schema> {
        self.schemas.get(name)
    }

    /// The functions of one name.
    pub fn function(&self, schema: &str, name: &str) -> Option<&Function> {
        self.schemas.get(schema)?.functions.get(name)
    }

    /// The name of a type that is not one of Postgres' own.
    pub(crate) fn type_name(&self, oid: u32) -> Option<&str> {
        self.types.get(&oid).map(String::as_str)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.schemas == other.schemas && self.types == other.types
    }
}
