//! What is in the database. It deliberately caches nothing: a plugin that asks on every request keeps what it parsed for as
//! long as [`version`] stays the same.

use crate::Problem;
use serde::Deserialize;

mod function;

pub use function::{Argument, ArgumentMode, Function, FunctionKind, Media, ReturnKind, Returns, Schema, Volatility};

pub use crate::bindings::basalt::schema::schema::{relations, schemas, version};

/// A table, view, materialized view or foreign table. Members that newer kernels add are ignored.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(default)]
pub struct Relation {
    /// The schema that it is in.
    pub schema: String,
    /// Its name, unquoted.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// `COMMENT ON`, if there is one.
    pub comment: Option<String>,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// The columns of the primary key, in its order; empty when there is none.
    pub primary_key: Vec<String>,
    /// The columns of each unique constraint.
    pub unique: Vec<Vec<String>>,
    /// Whether `INSERT` is possible at all; the caller's privileges are another matter.
    pub insertable: bool,
    /// Whether `UPDATE` is possible at all.
    pub updatable: bool,
    /// Whether `DELETE` is possible at all.
    pub deletable: bool,
    /// The relations that this one points to.
    pub foreign_keys: Vec<ForeignKey>,
    /// The relations that point to this one.
    pub referenced_by: Vec<Reference>,
    /// The foreign keys that it has through views: as a view, or to one.
    pub derived_foreign_keys: Vec<ForeignKey>,
    /// The same from the other side.
    pub derived_referenced_by: Vec<Reference>,
    /// The functions whose only argument is its row.
    pub computed: Vec<Computed>,
    /// Whether it is a partition of another table.
    pub partition: bool,
}

/// A relation, a type or a function, by its name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Hash)]
#[serde(default)]
pub struct Name {
    /// The schema that it is in.
    pub schema: String,
    /// Its name, unquoted.
    pub name: String,
}

/// A function of a relation's row.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(default)]
pub struct Computed {
    /// The schema that it is in.
    pub schema: String,
    /// Its name, unquoted.
    pub name: String,
    /// The type of its result, as `format_type` prints it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether it returns a set.
    pub set: bool,
    /// Whether that has one row at most.
    pub single: bool,
    /// The relation whose rows it returns.
    pub relation: Option<Name>,
}

/// What a relation is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An ordinary table.
    #[default]
    Table,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A foreign table.
    ForeignTable,
    /// The root of a partitioned table.
    PartitionedTable,
    /// Something that this library does not know yet.
    #[serde(other)]
    Other,
}

/// A column of a relation.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(default)]
pub struct Column {
    /// Its name, unquoted.
    pub name: String,
    /// Its type as `format_type` prints it, fit to stand in SQL: `numeric(10,2)`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The type under a domain; the same as `type_name` where there is none.
    pub base_type: String,
    /// Whether NULL is allowed.
    pub nullable: bool,
    /// Whether it has a default.
    pub has_default: bool,
    /// The default, as an expression in SQL.
    pub default: Option<String>,
    /// How its value comes about without being written, if it does.
    pub generated: Option<Generated>,
    /// Whether it can be written; columns of views often cannot.
    pub updatable: bool,
    /// `COMMENT ON`, if there is one.
    pub comment: Option<String>,
    /// The labels, when its type is an enum.
    #[serde(rename = "enum")]
    pub labels: Vec<String>,
    /// How its values are shown and read, where its type is a domain that says so.
    pub casts: Casts,
}

/// Functions that a domain's values are shown and read with, fit to stand in SQL.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(default)]
pub struct Casts {
    /// From the domain to JSON.
    pub to_json: Option<String>,
    /// From the domain to text.
    pub to_text: Option<String>,
    /// From JSON to the domain.
    pub from_json: Option<String>,
    /// From text to the domain.
    pub from_text: Option<String>,
}

/// How a column's value comes about without being written.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum Generated {
    /// `GENERATED … AS IDENTITY`.
    Identity,
    /// `GENERATED ALWAYS AS (…) STORED`.
    Stored,
    /// Something that this library does not know yet.
    #[serde(other)]
    Other,
}

/// A foreign key of a relation.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(default)]
pub struct ForeignKey {
    /// The constraint's name.
    pub name: String,
    /// The columns here.
    pub columns: Vec<String>,
    /// Whether it points from one to one.
    pub unique: bool,
    /// The schema of the relation pointed to.
    pub target_schema: String,
    /// The relation pointed to.
    pub target: String,
    /// The columns there.
    pub target_columns: Vec<String>,
}

/// A foreign key of another relation that points here.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(default)]
pub struct Reference {
    /// The constraint's name.
    pub name: String,
    /// The schema of the relation that points here.
    pub schema: String,
    /// The relation that points here.
    pub relation: String,
    /// The columns there.
    pub columns: Vec<String>,
    /// Whether it points from one to one.
    pub unique: bool,
    /// The columns here.
    pub target_columns: Vec<String>,
}

impl Relation {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Describes one relation; `None` when there is none of that name. Problem `schema.not-granted`.
pub fn relation(schema: &str, name: &str) -> Result<Option<Relation>, Problem> {
    let Some(text) = crate::bindings::basalt::schema::schema::relation(schema, name)? else { return Ok(None) };
    parse(&text).map(Some)
}

/// Describes one relation as it is at this moment, where [`relation`] may be a moment behind. It asks the database: use it
/// when a statement failed as if the relation had changed. Problem `schema.not-granted`.
pub fn relation_now(schema: &str, name: &str) -> Result<Option<Relation>, Problem> {
    let Some(text) = crate::bindings::basalt::schema::schema::relation_now(schema, name)? else { return Ok(None) };
    parse(&text).map(Some)
}

/// What is in a schema besides relations; `None` when there is none of that name. Problem `schema.not-granted`.
pub fn describe(schema: &str) -> Result<Option<Schema>, Problem> {
    let Some(text) = crate::bindings::basalt::schema::schema::describe(schema)? else { return Ok(None) };
    parse(&text).map(Some)
}

/// The functions of one name, those with the fewest arguments first; empty when there are none. Problem `schema.not-granted`.
pub fn functions(schema: &str, name: &str) -> Result<Vec<Function>, Problem> {
    match crate::bindings::basalt::schema::schema::function(schema, name)? {
        Some(text) => parse(&text),
        None => Ok(Vec::new()),
    }
}

fn parse<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, Problem> {
    serde_json::from_str(text).map_err(|error| Problem::new("schema.invalid", error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_description_and_ignores_what_it_does_not_know() {
        let relation: Relation = parse(
            r#"{"schema":"public","name":"orders","kind":"hologram","comment":null,"invented":{"later":true},
                "columns":[{"name":"id","type":"bigint","base_type":"bigint","nullable":false,"generated":"identity","colour":"red"}],
                "primary_key":["id"],"insertable":true}"#,
        )
        .unwrap();
        assert_eq!(relation.kind, Kind::Other);
        assert_eq!(relation.primary_key, ["id"]);
        assert_eq!(relation.column("id").unwrap().type_name, "bigint");
        assert_eq!(relation.column("id").unwrap().generated, Some(Generated::Identity));
        assert!(relation.column("colour").is_none());
        assert!(relation.insertable && !relation.updatable);
    }

    #[test]
    fn a_broken_description_is_a_problem_not_a_panic() {
        assert_eq!(parse::<Relation>("{").unwrap_err().code, "schema.invalid");
    }
}
