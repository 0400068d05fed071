//! Relations while a snapshot is being put together, and their JSON. It asks nothing.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::Relation;

/// The bits of `pg_relation_is_updatable`: one for each of Postgres' kinds of commands.
const UPDATE: u32 = 1 << 2;
const INSERT: u32 = 1 << 3;
const DELETE: u32 = 1 << 4;

/// A relation of which more will be known.
pub(super) struct Draft {
    schema: String,
    name: String,
    json: Value,
    stamp: i64,
}

impl Draft {
    pub(super) fn new(
        (schema, name): (String, String),
        kind: &str,
        comment: Option<String>,
        writable: u32,
        stamp: i64,
    ) -> Self {
        let json = json!({
            "schema": schema, "name": name, "kind": kind, "comment": comment,
            "columns": [], "primary_key": [], "unique": [],
            "insertable": writable & INSERT != 0,
            "updatable": writable & UPDATE != 0,
            "deletable": writable & DELETE != 0,
            "foreign_keys": [], "referenced_by": [],
        });
        Self { schema, name, json, stamp }
    }

    fn push(&mut self, member: &str, value: Value) {
        if let Some(list) = self.json[member].as_array_mut() {
            list.push(value);
        }
    }
}

/// The relations by `pg_class.oid`.
#[derive(Default)]
pub(super) struct Drafts(HashMap<u32, Draft>);

impl Drafts {
    pub(super) fn add(&mut self, oid: u32, draft: Draft) {
        self.0.insert(oid, draft);
    }

    pub(super) fn column(&mut self, of: u32, column: Value) {
        self.push(of, "columns", column);
    }

    pub(super) fn primary_key(&mut self, of: u32, columns: Value) {
        if let Some(draft) = self.0.get_mut(&of) {
            draft.json["primary_key"] = columns;
        }
    }

    pub(super) fn unique(&mut self, of: u32, columns: Value) {
        self.push(of, "unique", columns);
    }

    /// Noted on both sides; not at all when one of them is hidden.
    pub(super) fn foreign_key(&mut self, name: &str, of: u32, target: u32, columns: Value, target_columns: Value) {
        let (Some(source), Some(referenced)) = (self.0.get(&of), self.0.get(&target)) else { return };
        let key = json!({
            "name": name, "columns": columns,
            "target_schema": referenced.schema, "target": referenced.name, "target_columns": target_columns,
        });
        let back = json!({
            "name": name, "schema": source.schema, "relation": source.name,
            "columns": columns, "target_columns": target_columns,
        });
        self.push(of, "foreign_keys", key);
        self.push(target, "referenced_by", back);
    }

    /// Schema, name and relation of each.
    pub(super) fn finish(self) -> impl Iterator<Item = (String, String, Relation)> {
        let relation = |json: &Value, stamp| Relation { json: json.to_string(), stamp };
        self.0.into_values().map(move |draft| (draft.schema, draft.name, relation(&draft.json, draft.stamp)))
    }

    fn push(&mut self, of: u32, member: &str, value: Value) {
        if let Some(draft) = self.0.get_mut(&of) {
            draft.push(member, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str) -> Draft {
        Draft::new(("public".to_owned(), name.to_owned()), "table", None, INSERT | DELETE, 0)
    }

    #[test]
    fn a_foreign_key_is_seen_from_both_sides() {
        let mut drafts = Drafts::default();
        drafts.add(1, draft("song"));
        drafts.add(2, draft("album"));
        drafts.foreign_key("song_album_fkey", 1, 2, json!(["album_id"]), json!(["id"]));
        drafts.foreign_key("hidden", 1, 3, json!([]), json!([]));
        let relations: HashMap<_, _> = drafts.finish().map(|(_, name, relation)| (name, relation.json)).collect();
        let read = |name: &str| serde_json::from_str::<Value>(&relations[name]).expect("JSON");
        assert_eq!(read("song")["foreign_keys"][0]["target"], "album");
        assert_eq!(read("song")["foreign_keys"].as_array().map(Vec::len), Some(1));
        assert_eq!(read("album")["referenced_by"][0]["relation"], "song");
        assert_eq!(read("album")["insertable"], true);
        assert_eq!(read("album")["updatable"], false);
    }
}
