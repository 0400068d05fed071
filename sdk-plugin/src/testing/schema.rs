//! The catalogue, as a test describes it. It deliberately asks no database.

use serde_json::Value;

use super::state::{self, State};
use crate::Problem;

/// The same as long as nothing was described anew.
pub fn version() -> u64 {
    look(|state| (state.relations.len() + state.schemas.len() + state.functions.len()) as u64)
}

/// The schemas that were described.
pub fn schemas() -> Vec<String> {
    let mut names = look(|state| state.relations.iter().map(|relation| text(relation, "schema")).collect::<Vec<_>>());
    names.sort();
    names.dedup();
    names
}

/// The names of a schema's relations.
pub fn relations(schema: &str) -> Result<Vec<String>, Problem> {
    let own = |relation: &&Value| text(relation, "schema") == schema;
    let mut names: Vec<_> =
        look(|state| state.relations.iter().filter(own).map(|relation| text(relation, "name")).collect());
    names.sort();
    Ok(names)
}

/// One relation as a JSON object.
pub fn relation(schema: &str, name: &str) -> Result<Option<String>, Problem> {
    let is_it = |relation: &&Value| text(relation, "schema") == schema && text(relation, "name") == name;
    Ok(look(|state| state.relations.iter().rev().find(is_it).map(Value::to_string)))
}

/// The same.
pub fn relation_now(schema: &str, name: &str) -> Result<Option<String>, Problem> {
    relation(schema, name)
}

/// What is in a schema besides relations.
pub fn describe(schema: &str) -> Result<Option<String>, Problem> {
    let is_it = |described: &&Value| text(described, "name") == schema;
    Ok(look(|state| state.schemas.iter().rev().find(is_it).map(Value::to_string)))
}

/// The functions of one name, those with the fewest arguments first.
pub fn function(schema: &str, name: &str) -> Result<Option<String>, Problem> {
    let is_it = |function: &&Value| text(function, "schema") == schema && text(function, "name") == name;
    let mut found: Vec<_> = look(|state| state.functions.iter().filter(is_it).cloned().collect());
    found.sort_by_key(|function: &Value| function["arguments"].as_array().map_or(0, Vec::len));
    Ok((!found.is_empty()).then(|| Value::Array(found).to_string()))
}

fn look<T>(look: impl FnOnce(&mut State) -> T) -> T {
    state::wanted("schema");
    state::with(look)
}

fn text(relation: &Value, name: &str) -> String {
    relation[name].as_str().unwrap_or_default().to_owned()
}
