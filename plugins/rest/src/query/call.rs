//! Calls as SQL: what the function returns is a part of the statement, and the rest is a read of it. It deliberately calls by
//! name, so that arguments can be left out. A value that is no row is called `pgrst_scalar`: clients see that name in CSV.

use super::Sql;
use super::read::{plain, probe, probed};
use super::select;
use crate::payload::Form;
use crate::plan::call::{Arguments, Call, Value};
use crate::plan::node::Place;
use sdk_filter::structured::array;

pub(super) fn build(sql: &mut Sql, call: &Call) {
    sql.push("WITH basalt_source AS (");
    push_call(sql, call);
    sql.push(") ");
    match probe(call.cap, &call.tree).filter(|_| !call.returns.is_single()) {
        Some(limit) => {
            sql.push(", basalt_page AS (");
            select::push(sql, &call.tree, Some(limit.saturating_add(1)));
            sql.push(") ");
            probed(sql, &call.shape, limit, Some(call));
        }
        None => plain(sql, &call.tree, &call.shape, Some(call), true),
    }
}

fn push_call(sql: &mut Sql, call: &Call) {
    sql.push("SELECT ");
    match call.returns.has_columns() {
        true => sql.list(", ", &call.columns, |sql, name| sql.column(&Place::named("basalt_call"), name).done()).done(),
        false => sql.push("basalt_call.pgrst_scalar").done(),
    }
    sql.push(" FROM ");
    if let Arguments::Members(form, members) = &call.arguments {
        push_members(sql, *form, members);
        sql.push(", LATERAL ");
    }
    match call.returns.has_columns() {
        true => {
            push_function(sql, call);
            sql.push(" basalt_call");
        }
        false => {
            sql.push("(SELECT ");
            push_function(sql, call);
            sql.push(" pgrst_scalar) basalt_call");
        }
    }
}

/// The payload's members as one row of the arguments' types.
fn push_members(sql: &mut Sql, form: Form, members: &[(String, String, bool)]) {
    sql.push(if form == Form::Array { "(SELECT * FROM json_to_recordset(" } else { "(SELECT * FROM json_to_record(" });
    sql.payload().push("::json) AS _(").list(", ", members, |sql, (name, type_name, _)| {
        sql.name(name).push(" ").trusted(type_name);
    });
    sql.push(") LIMIT 1) basalt_body");
}

fn push_function(sql: &mut Sql, call: &Call) {
    sql.qualified(&call.function.schema, &call.function.name).push("(");
    match &call.arguments {
        Arguments::None => {}
        Arguments::Payload(type_name) if type_name == "bytea" => sql.bytes().done(),
        Arguments::Payload(type_name) => sql.payload().push("::").trusted(type_name).done(),
        Arguments::Members(_, members) => {
            sql.list(", ", members, |sql, (name, _, variadic)| {
                sql.push(if *variadic { "VARIADIC " } else { "" }).name(name).push(" := basalt_body.").name(name);
            });
        }
        Arguments::Values(values) => {
            sql.list(", ", values, |sql, (name, type_name, value)| push_value(sql, name, type_name, value));
        }
    }
    sql.push(")");
}

fn push_value(sql: &mut Sql, name: &str, type_name: &str, value: &Value) {
    let (mark, value) = match value {
        Value::One(value) => ("", value.clone()),
        Value::Many(values) => ("VARIADIC ", array(values)),
    };
    sql.push(mark).name(name).push(" := ").value(value).push("::").trusted(type_name);
}
