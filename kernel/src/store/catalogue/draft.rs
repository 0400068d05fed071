//! Relations while a snapshot is being put together, and their JSON. It asks nothing.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::Relation;
use super::key::{self, Key};
use super::tree::Target;

/// The bits of `pg_relation_is_updatable`: one for each of Postgres' kinds of commands.
const UPDATE: u32 = 1 << 2;
const INSERT: u32 = 1 << 3;
const DELETE: u32 = 1 << 4;

/// A relation of which more will be known.
pub(super) struct Draft {
    pub(super) schema: String,
    pub(super) name: String,
    json: Value,
    stamp: i64,
    /// The columns by number.
    attributes: HashMap<u32, String>,
}

/// A primary key (`p`), a unique constraint (`u`) or a foreign key (`f`).
#[derive(Debug, Clone)]
pub(super) struct Constraint {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) of: u32,
    pub(super) target: u32,
    pub(super) columns: Vec<String>,
    pub(super) target_columns: Vec<String>,
}

impl Draft {
    pub(super) fn new(
        (schema, name): (String, String),
        kind: &str,
        comment: Option<String>,
        writable: u32,
        partition: bool,
        stamp: i64,
    ) -> Self {
        let json = json!({
            "schema": schema, "name": name, "kind": kind, "comment": comment, "partition": partition,
            "columns": [], "primary_key": [], "unique": [],
            "insertable": writable & INSERT != 0,
            "updatable": writable & UPDATE != 0,
            "deletable": writable & DELETE != 0,
            "foreign_keys": [], "referenced_by": [],
            "derived_foreign_keys": [], "derived_referenced_by": [], "computed": [],
        });
        Self { schema, name, json, stamp, attributes: HashMap::new() }
    }

    fn push(&mut self, member: &str, value: Value) {
        if let Some(list) = self.json[member].as_array_mut() {
            list.push(value);
        }
    }
}

/// The relations by `pg_class.oid`.
#[derive(Default)]
pub(super) struct Drafts {
    relations: HashMap<u32, Draft>,
    constraints: Vec<Constraint>,
    views: Vec<(u32, Vec<Target>)>,
}

impl Drafts {
    pub(super) fn add(&mut self, oid: u32, draft: Draft) {
        self.relations.insert(oid, draft);
    }

    pub(super) fn column(&mut self, of: u32, number: u32, column: Value) {
        if let Some(draft) = self.relations.get_mut(&of) {
            draft.attributes.insert(number, column["name"].as_str().unwrap_or_default().to_owned());
            draft.push("columns", column);
        }
    }

    pub(super) fn constraint(&mut self, constraint: Constraint) {
        self.constraints.push(constraint);
    }

    pub(super) fn view(&mut self, oid: u32, targets: Vec<Target>) {
        self.views.push((oid, targets));
    }

    /// A function of a relation's row.
    pub(super) fn computed(&mut self, computed: &Value) {
        let of = computed["of"].as_u64().and_then(|oid| u32::try_from(oid).ok()).unwrap_or(0);
        self.push(of, "computed", computed["function"].clone());
    }

    /// Schema, name and relation of each.
    pub(super) fn finish(mut self) -> impl Iterator<Item = (String, String, Relation)> {
        let constraints = std::mem::take(&mut self.constraints);
        for constraint in &constraints {
            self.note(constraint, &constraints);
        }
        let columns: HashMap<_, _> = self.relations.iter().map(|(oid, draft)| (*oid, &draft.attributes)).collect();
        let derived = key::derive(&constraints, &self.views, &columns);
        for (view, columns) in derived.primary {
            self.set(view, "primary_key", json!(columns));
        }
        for key in derived.foreign {
            self.foreign_key(&key, is_unique(&key, &constraints), ("derived_foreign_keys", "derived_referenced_by"));
        }
        let relation = |json: &Value, stamp| Relation { json: json.to_string(), stamp };
        self.relations.into_values().map(move |draft| (draft.schema, draft.name, relation(&draft.json, draft.stamp)))
    }

    fn note(&mut self, constraint: &Constraint, all: &[Constraint]) {
        match constraint.kind.as_str() {
            "p" => self.set(constraint.of, "primary_key", json!(constraint.columns)),
            "u" => self.push(constraint.of, "unique", json!(constraint.columns)),
            _ => {
                let key = Key::new(constraint);
                self.foreign_key(&key, is_unique(&key, all), ("foreign_keys", "referenced_by"));
            }
        }
    }

    /// Noted on both sides; not at all when one of them is hidden.
    fn foreign_key(&mut self, key: &Key<'_>, unique: bool, (forth, back): (&str, &str)) {
        let (Some(source), Some(target)) = (self.relations.get(&key.of), self.relations.get(&key.target)) else {
            return;
        };
        let there = json!({
            "name": key.constraint.name, "columns": key.columns, "unique": unique,
            "target_schema": target.schema, "target": target.name, "target_columns": key.target_columns,
        });
        let here = json!({
            "name": key.constraint.name, "schema": source.schema, "relation": source.name, "unique": unique,
            "columns": key.columns, "target_columns": key.target_columns,
        });
        self.push(key.of, forth, there);
        self.push(key.target, back, here);
    }

    fn set(&mut self, of: u32, member: &str, value: Value) {
        if let Some(draft) = self.relations.get_mut(&of) {
            draft.json[member] = value;
        }
    }

    fn push(&mut self, of: u32, member: &str, value: Value) {
        if let Some(draft) = self.relations.get_mut(&of) {
            draft.push(member, value);
        }
    }
}

/// Whether no two rows can have the same values in a foreign key's columns: it points from one to one.
fn is_unique(key: &Key<'_>, all: &[Constraint]) -> bool {
    let of = key.constraint;
    let same = |other: &Constraint| {
        other.columns.len() == of.columns.len() && other.columns.iter().all(|column| of.columns.contains(column))
    };
    let on = all.partition_point(|other| other.of < of.of);
    all[on..].iter().take_while(|other| other.of == of.of).any(|other| other.kind != "f" && same(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str) -> Draft {
        Draft::new(("public".to_owned(), name.to_owned()), "table", None, INSERT | DELETE, false, 0)
    }

    fn constraint(
        name: &str,
        kind: &str,
        (of, columns): (u32, &[&str]),
        (target, there): (u32, &[&str]),
    ) -> Constraint {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let (columns, target_columns) = (owned(columns), owned(there));
        Constraint { name: name.to_owned(), kind: kind.to_owned(), of, target, columns, target_columns }
    }

    fn finish(drafts: Drafts) -> HashMap<String, Value> {
        drafts.finish().map(|(_, name, relation)| (name, serde_json::from_str(&relation.json).expect("JSON"))).collect()
    }

    #[test]
    fn a_foreign_key_is_seen_from_both_sides() {
        let mut drafts = Drafts::default();
        drafts.add(1, draft("song"));
        drafts.add(2, draft("album"));
        drafts.constraint(constraint("hidden", "f", (1, &[]), (3, &[])));
        drafts.constraint(constraint("song_album_fkey", "f", (1, &["album_id"]), (2, &["id"])));
        let relations = finish(drafts);
        assert_eq!(relations["song"]["foreign_keys"][0]["target"], "album");
        assert_eq!(relations["song"]["foreign_keys"][0]["unique"], false);
        assert_eq!(relations["song"]["foreign_keys"].as_array().map(Vec::len), Some(1));
        assert_eq!(relations["album"]["referenced_by"][0]["relation"], "song");
        assert_eq!(relations["album"]["insertable"], true);
        assert_eq!(relations["album"]["updatable"], false);
    }

    #[test]
    fn a_view_has_the_keys_of_what_it_shows() {
        let mut drafts = Drafts::default();
        for (oid, name) in [(1, "song"), (2, "album"), (3, "songs"), (4, "again")] {
            drafts.add(oid, draft(name));
        }
        let columns =
            [(1, 1, "id"), (1, 2, "album_id"), (2, 1, "id"), (3, 1, "number"), (3, 2, "on"), (4, 1, "n"), (4, 2, "o")];
        for (of, number, name) in columns {
            drafts.column(of, number, json!({ "name": name }));
        }
        drafts.constraint(constraint("fk", "f", (1, &["album_id"]), (2, &["id"])));
        drafts.constraint(constraint("pk", "p", (1, &["id"]), (0, &[])));
        let target = |column, relation, origin| Target { column, relation, origin };
        drafts.view(3, vec![target(1, 1, 1), target(2, 1, 2)]);
        drafts.view(4, vec![target(1, 3, 1), target(2, 3, 2)]);
        let relations = finish(drafts);
        assert_eq!(relations["songs"]["primary_key"], json!(["number"]));
        assert_eq!(relations["again"]["primary_key"], json!(["n"]));
        let key = &relations["again"]["derived_foreign_keys"][0];
        assert_eq!((&key["columns"], &key["target"]), (&json!(["o"]), &json!("album")));
        assert_eq!(relations["album"]["derived_referenced_by"].as_array().map(Vec::len), Some(2));
    }
}
