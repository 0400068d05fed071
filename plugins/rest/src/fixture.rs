//! What the tests of the stages share: a small catalogue, and requests about it. It deliberately asserts nothing.

use crate::catalogue::Catalogue;
use crate::config::Config;
use crate::head::Head;
use crate::payload::{self, Payload};
use crate::plan::{self, Plan};
use crate::query::{self, Parameter};
use crate::refusal::{Failure, Refusal};
use crate::request::{self, Intent};
use sdk_plugin::schema::{Function, Relation, Schema};
use serde_json::{Value, json};
use std::rc::Rc;

/// A catalogue of these relations and functions, all in `public`.
pub(crate) struct Fixture {
    relations: Vec<Rc<Relation>>,
    functions: Vec<Function>,
    schema: Schema,
}

fn columns(columns: &[(&str, &str)]) -> Value {
    let column =
        |(name, kind): &(&str, &str)| json!({ "name": name, "type": kind, "base_type": kind, "default": "now()" });
    columns.iter().map(column).collect()
}

fn relation(name: &str, cols: &[(&str, &str)], more: Value) -> Rc<Relation> {
    let mut relation = json!({
        "schema": "public", "name": name, "columns": columns(cols), "primary_key": ["id"],
        "insertable": true, "updatable": true, "deletable": true,
    });
    for (member, value) in more.as_object().into_iter().flatten() {
        relation[member] = value.clone();
    }
    Rc::new(serde_json::from_value(relation).unwrap())
}

/// Clients have projects, projects have tasks, and tasks have users through assignments; a project has parts that are projects.
pub(crate) fn fixture() -> Fixture {
    let key = |name: &str, column: &str, target: &str| json!({ "name": name, "columns": [column], "target_schema": "public", "target": target, "target_columns": ["id"] });
    let back = |name: &str, relation: &str, column: &str| json!({ "name": name, "schema": "public", "relation": relation, "columns": [column], "target_columns": ["id"] });
    let orders = [
        ("id", "bigint"),
        ("customer", "text"),
        ("price", "numeric(10,2)"),
        ("settings", "jsonb"),
        ("tags", "text[]"),
        ("words", "tsvector"),
        ("we\"ird", "integer"),
        ("größe", "integer"),
    ];
    let relations = vec![
        relation(
            "orders",
            &orders,
            json!({ "unique": [["customer", "price"]], "computed": [{ "schema": "public", "name": "total", "type": "numeric" }] }),
        ),
        relation(
            "clients",
            &[("id", "int"), ("name", "text")],
            json!({ "referenced_by": [back("projects_client_fkey", "projects", "client_id")] }),
        ),
        relation(
            "projects",
            &[("id", "int"), ("name", "text"), ("client_id", "int"), ("part_of", "int")],
            json!({
                "foreign_keys": [key("projects_client_fkey", "client_id", "clients"), key("projects_part_fkey", "part_of", "projects")],
                "referenced_by": [back("projects_part_fkey", "projects", "part_of"), back("tasks_project_fkey", "tasks", "project_id")],
            }),
        ),
        relation(
            "tasks",
            &[("id", "int"), ("name", "text"), ("project_id", "int")],
            json!({
                "foreign_keys": [key("tasks_project_fkey", "project_id", "projects")],
                "referenced_by": [back("assignments_task_fkey", "assignments", "task_id")],
                "computed": [{ "schema": "public", "name": "latest", "single": true, "set": true, "relation": { "schema": "public", "name": "users" } }],
            }),
        ),
        relation(
            "users",
            &[("id", "int"), ("name", "text")],
            json!({ "referenced_by": [back("assignments_user_fkey", "assignments", "user_id")] }),
        ),
        relation(
            "assignments",
            &[("task_id", "int"), ("user_id", "int")],
            json!({
                "primary_key": ["task_id", "user_id"],
                "foreign_keys": [key("assignments_task_fkey", "task_id", "tasks"), key("assignments_user_fkey", "user_id", "users")],
            }),
        ),
    ];
    let schema = json!({ "name": "public", "functions": ["add", "tasks_of", "whole"], "media": [] });
    Fixture { relations, functions: functions(), schema: serde_json::from_value(schema).unwrap() }
}

fn functions() -> Vec<Function> {
    let argument = |name: &str, kind: &str| json!({ "name": name, "type": kind, "mode": "in", "optional": false });
    let functions = json!([
        { "schema": "public", "name": "add", "volatility": "immutable", "arguments": [argument("a", "integer"), argument("b", "integer")],
          "returns": { "type": "integer", "kind": "scalar", "single": true } },
        { "schema": "public", "name": "tasks_of", "volatility": "stable",
          "arguments": [argument("project", "integer"), { "name": "names", "type": "text[]", "mode": "variadic", "optional": true }],
          "returns": { "type": "tasks", "kind": "composite", "set": true, "relation": { "schema": "public", "name": "tasks" } } },
        { "schema": "public", "name": "whole", "volatility": "volatile", "arguments": [argument("", "json")],
          "returns": { "type": "void", "kind": "void", "single": true } },
    ]);
    serde_json::from_value(functions).unwrap()
}

impl Catalogue for Fixture {
    fn relation(&self, schema: &str, name: &str) -> Result<Option<Rc<Relation>>, Failure> {
        let is_it = |relation: &&Rc<Relation>| relation.name == name && relation.schema == schema;
        Ok(self.relations.iter().find(is_it).cloned())
    }

    fn relations(&self, _: &str) -> Result<Vec<String>, Failure> {
        Ok(self.relations.iter().map(|relation| relation.name.clone()).collect())
    }

    fn functions(&self, _: &str, name: &str) -> Result<Rc<Vec<Function>>, Failure> {
        Ok(Rc::new(self.functions.iter().filter(|function| function.name == name).cloned().collect()))
    }

    fn schema(&self, _: &str) -> Result<Rc<Schema>, Failure> {
        Ok(Rc::new(self.schema.clone()))
    }
}

/// A request: `GET orders?id=eq.1`, and headers.
pub(crate) fn head(request: &str, headers: &[(&str, &str)]) -> Head {
    let (method, rest) = request.split_once(' ').unwrap_or((request, "orders"));
    let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
    let header = |name: &str| headers.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned());
    Head {
        method: method.to_owned(),
        route: if name.starts_with("rpc/") { "function" } else { "table" }.to_owned(),
        mount: "/rest/v1".to_owned(),
        name: name.trim_start_matches("rpc/").to_owned(),
        query: query.to_owned(),
        accept: header("accept"),
        prefer: header("prefer"),
        profile: header("profile"),
        range: header("range"),
        content_type: header("content-type"),
    }
}

/// What a request asks for.
pub(crate) fn parse(request: &str, headers: &[(&str, &str)]) -> Result<Intent, Refusal> {
    request::parse(&head(request, headers), &Config::default())
}

/// What is done about it, with this payload.
pub(crate) fn planned(
    request: &str,
    headers: &[(&str, &str)],
    json: &str,
    config: &Config,
) -> Result<(Intent, Plan), Refusal> {
    let intent = request::parse(&head(request, headers), config)?;
    let payload = if intent.has_payload() { payload::of_json(json)? } else { Payload::default() };
    let catalogue = fixture();
    let context = plan::Context { catalogue: &catalogue, config, intent: &intent };
    match plan::plan(&context, &payload) {
        Ok(plan) => Ok((intent, plan)),
        Err(Failure::Refused(refusal)) => Err(refusal),
        Err(Failure::Host(problem)) => panic!("{problem:?}"),
    }
}

/// The statement's text, with its values beneath, or why there is none.
pub(crate) fn sql(request: &str, headers: &[(&str, &str)], json: &str) -> String {
    let config =
        Config { aggregates: true, default_limit: None, max_limit: None, max_results: None, ..Config::default() };
    let (_, plan) = match planned(request, headers, json, &config) {
        Ok(planned) => planned,
        Err(refusal) => return format!("{} {} {}", refusal.status, refusal.code, refusal.message),
    };
    let work = query::build(&plan).expect("something to ask the database");
    let value = |parameter: &Parameter| match parameter {
        Parameter::Text(text) => text.clone(),
        Parameter::Payload => "(payload)".to_owned(),
        Parameter::Bytes => "(bytes)".to_owned(),
    };
    let values: Vec<_> = work.main.parameters.iter().map(value).collect();
    format!("{}\n-- {}", work.main.text, values.join(" | "))
}
