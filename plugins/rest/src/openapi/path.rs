//! Paths and the parameters that they share. It deliberately lists every column of every relation as a filter, as PostgREST does.

use super::{Subject, definition, headline};
use sdk_plugin::schema::{Function, Relation, Volatility};
use serde_json::{Map, Value, json};
use std::rc::Rc;

const SINGLES: [&str; 3] =
    ["application/json", "application/vnd.pgrst.object+json;nulls=stripped", "application/vnd.pgrst.object+json"];

/// Parameters by name.
pub(super) fn parameters(relations: &[Rc<Relation>]) -> Map<String, Value> {
    let mut all = Map::new();
    let mut put = |name: &str, value| drop(all.insert(name.to_owned(), value));
    put("preferParams", prefer(&[]));
    put("preferReturn", prefer(&["return=representation", "return=minimal", "return=none"]));
    put("preferCount", prefer(&["count=none"]));
    put(
        "preferPost",
        prefer(&[
            "return=representation",
            "return=minimal",
            "return=none",
            "resolution=ignore-duplicates",
            "resolution=merge-duplicates",
        ]),
    );
    put("select", text("select", "query", "Filtering Columns"));
    put("on_conflict", text("on_conflict", "query", "On Conflict"));
    put("order", text("order", "query", "Ordering"));
    put("range", text("Range", "header", "Limiting and Pagination"));
    let mut unit = text("Range-Unit", "header", "Limiting and Pagination");
    unit["default"] = json!("items");
    put("rangeUnit", unit);
    put("offset", text("offset", "query", "Limiting and Pagination"));
    put("limit", text("limit", "query", "Limiting and Pagination"));
    for relation in relations {
        of_relation(relation, &mut put);
    }
    all
}

fn of_relation(relation: &Relation, put: &mut impl FnMut(&str, Value)) {
    let name = &relation.name;
    put(
        &format!("body.{name}"),
        json!({
            "name": name, "description": name, "required": false, "in": "body",
            "schema": { "$ref": format!("#/definitions/{name}") },
        }),
    );
    for column in &relation.columns {
        let mut filter = json!({ "name": column.name, "required": false, "in": "query", "type": "string" });
        if let Some(comment) = &column.comment {
            filter["description"] = json!(comment);
        }
        put(&format!("rowFilter.{name}.{}", column.name), filter);
    }
}

fn prefer(choices: &[&str]) -> Value {
    let mut parameter = text("Prefer", "header", "Preference");
    if !choices.is_empty() {
        parameter["enum"] = json!(choices);
    }
    parameter
}

fn text(name: &str, place: &str, description: &str) -> Value {
    json!({ "name": name, "description": description, "required": false, "in": place, "type": "string" })
}

/// What can be done at each path.
pub(super) fn paths(subject: &Subject, schema: &str) -> Map<String, Value> {
    let mut paths = Map::new();
    paths.insert(
        "/".to_owned(),
        json!({ "get": {
        "tags": ["Introspection"], "summary": "OpenAPI description (this document)",
        "produces": ["application/openapi+json", "application/json"], "responses": { "200": { "description": "OK" } },
    } }),
    );
    for relation in &subject.relations {
        paths.insert(format!("/{}", relation.name), of_table(relation));
    }
    for function in &subject.functions {
        paths.insert(format!("/rpc/{}", function.name), of_function(function, schema));
    }
    paths
}

fn of_table(relation: &Relation) -> Value {
    let name = &relation.name;
    let filters: Vec<_> = relation.columns.iter().map(|column| format!("rowFilter.{name}.{}", column.name)).collect();
    let body = [format!("body.{name}")];
    let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let mut reads = filters.clone();
    reads.extend(named(&["select", "order", "range", "rangeUnit", "offset", "limit", "preferCount"]));
    let rows = json!({ "description": "OK", "schema": { "type": "array", "items": { "$ref": format!("#/definitions/{name}") } } });
    let mut item = json!({ "get": operation(relation, &reads, json!({ "200": rows, "206": { "description": "Partial Content" } })) });
    if relation.insertable || relation.updatable || relation.deletable {
        let nothing = || json!({ "204": { "description": "No Content" } });
        let posts = [&body[..], &named(&["select", "preferPost"])].concat();
        item["post"] = operation(relation, &posts, json!({ "201": { "description": "Created" } }));
        item["delete"] = operation(relation, &[&filters[..], &named(&["preferReturn"])].concat(), nothing());
        item["patch"] = operation(relation, &[&filters[..], &body, &named(&["preferReturn"])].concat(), nothing());
    }
    item
}

fn operation(relation: &Relation, parameters: &[String], responses: Value) -> Value {
    let references: Vec<_> = parameters.iter().map(|name| json!({ "$ref": format!("#/parameters/{name}") })).collect();
    let mut operation = json!({ "tags": [relation.name], "parameters": references, "responses": responses });
    summarize(&mut operation, relation.comment.as_deref());
    operation
}

fn of_function(function: &Function, schema: &str) -> Value {
    let inputs = function.arguments.iter().filter(|argument| argument.is_input());
    let gets: Vec<_> = inputs.map(|argument| definition::parameter(argument, schema)).collect();
    let posts = json!([
        { "name": "args", "required": true, "in": "body", "schema": definition::arguments(function, schema) },
        { "$ref": "#/parameters/preferParams" },
    ]);
    let mut item = json!({ "post": call(function, posts) });
    if function.volatility != Volatility::Volatile {
        item["get"] = call(function, json!(gets));
    }
    item
}

fn call(function: &Function, parameters: Value) -> Value {
    let mut operation = json!({
        "tags": [format!("(rpc) {}", function.name)], "parameters": parameters, "produces": SINGLES,
        "responses": { "200": { "description": "OK" } },
    });
    summarize(&mut operation, function.comment.as_deref());
    operation
}

fn summarize(operation: &mut Value, comment: Option<&str>) {
    let (summary, description) = headline(comment);
    if let Some(summary) = summary {
        operation["summary"] = json!(summary);
    }
    if let Some(description) = description {
        operation["description"] = json!(description);
    }
}
