//! Relations and arguments as schemas of JSON. It deliberately names Postgres' own types in `format`, as clients that generate code
//! read them there.

use sdk_plugin::schema::{Argument, Column, ForeignKey, Function, Relation};
use serde_json::{Map, Value, json};

/// A relation's row.
pub(super) fn of(relation: &Relation, schema: &str) -> Value {
    let properties: Map<_, _> =
        relation.columns.iter().map(|column| (column.name.clone(), property(relation, column, schema))).collect();
    let required: Vec<_> =
        relation.columns.iter().filter(|column| !column.nullable).map(|column| &column.name).collect();
    let mut definition = json!({ "type": "object", "properties": properties });
    set(&mut definition, "description", relation.comment.clone());
    set(&mut definition, "required", Some(required).filter(|required| !required.is_empty()));
    definition
}

/// The arguments of a function as one object.
pub(super) fn arguments(function: &Function, schema: &str) -> Value {
    let inputs = || function.arguments.iter().filter(|argument| argument.is_input());
    let properties: Map<_, _> =
        inputs().map(|argument| (argument.name.clone(), typed(&local(&argument.type_name, schema)))).collect();
    let required: Vec<_> = inputs().filter(|argument| !argument.optional).map(|argument| &argument.name).collect();
    let mut definition = json!({ "type": "object", "properties": properties });
    set(&mut definition, "description", function.comment.clone());
    set(&mut definition, "required", Some(required).filter(|required| !required.is_empty()));
    definition
}

/// An argument as a parameter of the query.
pub(super) fn parameter(argument: &Argument, schema: &str) -> Value {
    let name = local(&argument.type_name, schema);
    let mut parameter = json!({ "name": argument.name, "in": "query", "required": !argument.optional });
    if argument.mode == sdk_plugin::schema::ArgumentMode::Variadic {
        let mut items = typed(name.trim_end_matches("[]"));
        set(&mut items, "format", Some(name.trim_end_matches("[]")));
        parameter["type"] = json!("array");
        parameter["items"] = items;
        parameter["collectionFormat"] = json!("multi");
        return parameter;
    }
    parameter["format"] = json!(format(&name));
    // An array is written as Postgres' text, and JSON as text.
    parameter["type"] = json!(kind(&name).filter(|kind| *kind != "array").unwrap_or("string"));
    parameter
}

/// A name without the schema that is described.
pub(super) fn local(type_name: &str, schema: &str) -> String {
    type_name.strip_prefix(&format!("{schema}.")).unwrap_or(type_name).to_owned()
}

fn set(target: &mut Value, member: &str, value: Option<impl serde::Serialize>) {
    if let Some(value) = value {
        target[member] = json!(value);
    }
}

fn property(relation: &Relation, column: &Column, schema: &str) -> Value {
    let (name, length) = without_length(&column.base_type);
    let name = local(&name, schema);
    let mut property = typed(&name);
    set(&mut property, "description", description(relation, column));
    set(&mut property, "default", column.default.as_deref().and_then(|default| parse(&name, default)));
    set(&mut property, "enum", Some(&column.labels).filter(|labels| !labels.is_empty()));
    set(&mut property, "maxLength", length.filter(|_| kind(&name) == Some("string")));
    property
}

fn typed(name: &str) -> Value {
    let mut typed = json!({ "format": format(name) });
    set(&mut typed, "type", kind(name));
    if let Some(element) = name.strip_suffix("[]") {
        let mut items = json!({});
        set(&mut items, "type", kind(element));
        typed["items"] = items;
    }
    typed
}

/// `character varying(20)` without its length, and the length; of an array's elements the length is not told.
fn without_length(name: &str) -> (String, Option<u32>) {
    let parts = name.split_once('(').and_then(|(base, rest)| Some((base, rest.split_once(')')?)));
    let Some((base, (length, rest))) = parts else { return (name.to_owned(), None) };
    (format!("{base}{rest}"), length.parse().ok().filter(|_| rest.is_empty()))
}

fn format(name: &str) -> &str {
    match name {
        "smallint" | "integer" => "int32",
        "bigint" => "int64",
        other => other,
    }
}

fn kind(name: &str) -> Option<&'static str> {
    match name {
        "boolean" => Some("boolean"),
        "smallint" | "integer" | "bigint" => Some("integer"),
        "numeric" | "real" | "double precision" => Some("number"),
        "json" | "jsonb" => None,
        _ if name.ends_with("[]") => Some("array"),
        _ => Some("string"),
    }
}

/// A default that is a plain value.
fn parse(name: &str, default: &str) -> Option<Value> {
    if kind(name) != Some("string") {
        return serde_json::from_str(default).ok();
    }
    let plain = default.strip_suffix(&format!("::{name}")).map(|text| text.trim_matches('\''));
    Some(plain.unwrap_or(default).into())
}

/// The comment, and what keys the column is in.
fn description(relation: &Relation, column: &Column) -> Option<String> {
    let mut notes = vec!["Note:".to_owned()];
    if relation.primary_key.contains(&column.name) {
        notes.push("This is a Primary Key.<pk/>".to_owned());
    }
    let keys = relation.foreign_keys.iter().chain(&relation.derived_foreign_keys);
    notes.extend(keys.filter_map(|key| note(relation, column, key)).take(1));
    if notes.len() == 1 {
        return column.comment.clone();
    }
    let comment = column.comment.as_ref().map(|comment| format!("{comment}\n\n")).unwrap_or_default();
    Some(format!("{comment}{}", notes.join("\n")))
}

fn note(relation: &Relation, column: &Column, key: &ForeignKey) -> Option<String> {
    let ([own], [there]) = (key.columns.as_slice(), key.target_columns.as_slice()) else { return None };
    let target = &key.target;
    (*own == column.name && key.target_schema == relation.schema)
        .then(|| format!("This is a Foreign Key to `{target}.{there}`.<fk table='{target}' column='{there}'/>"))
}
