//! Writes as SQL: the change in a common table expression, and one row about it. It deliberately returns no column that was
//! not asked for, as reading it takes a privilege that the caller may not have.

use super::body::{ANSWER, push_body};
use super::filter::{joined, push_all, push_where};
use super::{Sql, select};
use crate::payload::Form;
use crate::plan::media::Handler;
use crate::plan::node::Place;
use crate::plan::write::{Change, Conflict, Set, Source, Write};
use crate::request::prefer::Resolution;

const BODY: &str = "basalt_body";

pub(super) fn build(sql: &mut Sql, write: &Write) {
    sql.push("WITH basalt_source AS (");
    match &write.change {
        Change::Insert(conflict) => insert(sql, write, conflict.as_ref()),
        Change::Replace(conflict) => insert(sql, write, Some(conflict)),
        Change::Update => update(sql, write),
        Change::Delete => delete(sql, write),
    }
    sql.push(")");
    push_answer(sql, write);
}

fn insert(sql: &mut Sql, write: &Write, conflict: Option<&Conflict>) {
    sql.push("INSERT INTO ").place(&Place::of(&write.relation));
    let source = &write.source;
    match source.form {
        // No row, yet a statement: whether the caller may insert at all is still decided.
        Form::Empty => sql.push(" SELECT WHERE false").done(),
        Form::Object if source.columns.is_empty() => sql.push(" DEFAULT VALUES").done(),
        Form::Array if source.columns.is_empty() => {
            sql.push(" SELECT FROM json_array_elements(").payload().push("::json)");
        }
        _ => push_rows(sql, write),
    }
    if let Some(conflict) = conflict {
        push_conflict(sql, conflict, &source.columns);
    }
    push_returning(sql, write);
}

fn update(sql: &mut Sql, write: &Write) {
    let place = Place::of(&write.relation);
    if write.source.columns.is_empty() {
        // There is no UPDATE that sets nothing; its result would have these columns and no row.
        sql.push("SELECT ");
        push_returned(sql, write);
        sql.push(" FROM ").place(&place).push(" WHERE false");
        return;
    }
    sql.push("UPDATE ").place(&place).push(" SET ");
    sql.list(", ", &write.source.columns, |sql, column| {
        sql.name(&column.name).push(" = ").column(&Place::named(BODY), &column.name);
    });
    sql.push(" FROM ");
    push_records(sql, &write.source);
    push_where(sql, &place, &write.filters);
    push_returning(sql, write);
}

fn delete(sql: &mut Sql, write: &Write) {
    let place = Place::of(&write.relation);
    sql.push("DELETE FROM ").place(&place);
    push_where(sql, &place, &write.filters);
    push_returning(sql, write);
}

fn push_rows(sql: &mut Sql, write: &Write) {
    let body = Place::named(BODY);
    sql.push(" (").list(", ", &write.source.columns, |sql, column| sql.name(&column.name).done());
    sql.push(") SELECT ").list(", ", &write.source.columns, |sql, column| sql.column(&body, &column.name).done());
    sql.push(" FROM ");
    push_records(sql, &write.source);
    // Last, so that only rows that are inserted count.
    let counted = write.counts();
    if counted || !write.filters.is_empty() {
        sql.push(" WHERE ");
        push_all(sql, &body, &write.filters, &joined);
        sql.push(if counted && !write.filters.is_empty() { " AND " } else { "" });
        sql.push(if counted { COUNT_UP } else { "" });
    }
}

/// The payload as rows whose columns have the types of the table's.
fn push_records(sql: &mut Sql, source: &Source) {
    let cast = source.columns.iter().any(|column| column.cast.is_some());
    if cast {
        sql.push("(SELECT ").list(", ", &source.columns, push_read).push(" FROM ");
    }
    let array = source.form == Form::Array;
    match source.defaults {
        true => push_with_defaults(sql, source, array),
        false => {
            sql.push(if array { "json_to_recordset(" } else { "json_to_record(" }).payload().push("::json)").done()
        }
    }
    sql.push(if cast { " AS basalt_raw(" } else { " AS basalt_body(" });
    sql.list(", ", &source.columns, |sql, column| {
        sql.name(&column.name).push(" ").trusted(&column.type_name);
    });
    sql.push(if cast { ")) AS basalt_body" } else { ")" });
}

fn push_read(sql: &mut Sql, column: &Set) {
    match &column.cast {
        Some(function) => sql.trusted(function).push("(").name(&column.name).push(") AS ").name(&column.name),
        None => sql.name(&column.name),
    };
}

/// Members that the payload lacks are taken from an object of the defaults, made anew for each row.
fn push_with_defaults(sql: &mut Sql, source: &Source, array: bool) {
    sql.push(if array { "jsonb_to_recordset((SELECT jsonb_agg(" } else { "jsonb_to_record(" });
    sql.push("jsonb_build_object(");
    let defaults = source.columns.iter().filter_map(|column| Some((&column.name, column.default.as_ref()?)));
    sql.list(", ", defaults, |sql, (name, default)| sql.literal(name).push(", ").trusted(default).done());
    sql.push(if array { ") || e) FROM jsonb_array_elements(" } else { ") || " }).payload();
    sql.push(if array { "::jsonb) e))" } else { "::jsonb)" });
}

/// Rows inserted, less those that turned out to be there already: a merge that inserted nothing has another status. A
/// setting of the transaction is the one thing that both halves of the statement can count in.
const COUNT_UP: &str = "set_config('rest.inserted', (coalesce(nullif(current_setting('rest.inserted', true), '')::int, 0) + 1)::text, true) <> '0'";
const COUNT_DOWN: &str = "set_config('rest.inserted', (coalesce(nullif(current_setting('rest.inserted', true), '')::int, 0) - 1)::text, true) <> '-1'";

fn push_conflict(sql: &mut Sql, conflict: &Conflict, columns: &[Set]) {
    sql.push(" ON CONFLICT (").list(", ", &conflict.columns, |sql, name| sql.name(name).done()).push(") DO ");
    if conflict.resolution == Resolution::Ignore || columns.is_empty() {
        sql.push("NOTHING");
        return;
    }
    sql.push("UPDATE SET ").list(", ", columns, |sql, column| {
        sql.name(&column.name).push(" = EXCLUDED.").name(&column.name);
    });
    sql.push(" WHERE ").push(COUNT_DOWN);
}

fn push_returning(sql: &mut Sql, write: &Write) {
    sql.push(" RETURNING ");
    push_returned(sql, write);
}

/// The columns that the answer is made of, each once.
fn push_returned(sql: &mut Sql, write: &Write) {
    if write.returning.is_empty() {
        sql.push("1");
        return;
    }
    let place = Place::of(&write.relation);
    sql.list(", ", &write.returning, |sql, name| sql.column(&place, name).done());
}

/// The one row about what was written.
fn push_answer(sql: &mut Sql, write: &Write) {
    let handler = &write.shape.handler;
    if *handler == Handler::Csv {
        sql.push(", basalt_page AS (");
        select::push(sql, &write.tree, None);
        sql.push(")");
    }
    sql.push(" SELECT NULL::bigint AS total, count(*) AS page, ").push(ANSWER);
    push_body(sql, handler, None);
    sql.push(" AS body, ");
    push_key(sql, write);
    sql.push(" AS key, ");
    sql.push(if write.counts() { "nullif(current_setting('rest.inserted', true), '')" } else { "NULL::text" });
    sql.push(" AS inserted FROM (");
    match handler {
        Handler::Nothing => sql.push("SELECT * FROM basalt_source").done(),
        Handler::Csv => sql.push("SELECT * FROM basalt_page").done(),
        _ => select::push(sql, &write.tree, None),
    }
    sql.push(") basalt_row");
}

/// The key's values as a JSON array of text, when there is exactly one row: then the least of each column is the value.
fn push_key(sql: &mut Sql, write: &Write) {
    if !write.locates {
        sql.push("NULL::text");
        return;
    }
    sql.push("CASE WHEN count(*) = 1 THEN json_build_array(");
    sql.list(", ", &write.relation.primary_key, |sql, name| {
        sql.push("min(basalt_row.").name(name).push("::text)");
    });
    sql.push(")::text END");
}
