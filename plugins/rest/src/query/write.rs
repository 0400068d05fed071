//! Writes as SQL: the change in a common table expression, and one row about it. It deliberately returns no column that was
//! not asked for, as reading it takes a privilege that the caller may not have.

use super::Sql;
use super::filter::push_where;
use super::output::{push_body, push_order, push_outputs};
use super::sql::From;
use crate::plan::output::Output;
use crate::plan::write::{Conflict, Delete, Insert, Returning, Shape, Source, Update};
use crate::request::prefer::Resolution;
use sdk_plugin::schema::{Column, Relation};

const SOURCE: From<'static> = From::Part("basalt_source");
const BODY: From<'static> = From::Part("basalt_body");

pub(super) fn insert<'a>(sql: &mut Sql<'a>, insert: &Insert<'a>) {
    let merges = insert.conflict.as_ref().is_some_and(|conflict| conflict.resolution == Resolution::Merge);
    sql.push("WITH basalt_source AS (INSERT INTO ").relation(insert.relation);
    push_source_rows(sql, insert, merges);
    if let Some(conflict) = &insert.conflict {
        push_conflict(sql, conflict, &insert.source.columns);
    }
    push_returning(sql, insert.relation, &insert.returning);
    sql.push(") ");
    push_answer(sql, &insert.returning, merges);
}

pub(super) fn update<'a>(sql: &mut Sql<'a>, update: &Update<'a>) {
    let from = From::Relation(update.relation);
    sql.push("WITH basalt_source AS (");
    if update.source.columns.is_empty() {
        // There is no UPDATE that sets nothing; its result would have these columns and no row.
        sql.push("SELECT ");
        push_returned(sql, update.relation, &update.returning);
        sql.push(" FROM ").relation(update.relation).push(" WHERE false");
    } else {
        sql.push("UPDATE ").relation(update.relation).push(" SET ");
        sql.list(", ", &update.source.columns, |sql, column| {
            sql.name(&column.name).push(" = ").column(BODY, &column.name);
        });
        sql.push(" FROM ");
        push_records(sql, &update.source);
        push_where(sql, from, &update.filters);
        push_returning(sql, update.relation, &update.returning);
    }
    sql.push(") ");
    push_answer(sql, &update.returning, false);
}

pub(super) fn delete<'a>(sql: &mut Sql<'a>, delete: &Delete<'a>) {
    sql.push("WITH basalt_source AS (DELETE FROM ").relation(delete.relation);
    push_where(sql, From::Relation(delete.relation), &delete.filters);
    push_returning(sql, delete.relation, &delete.returning);
    sql.push(") ");
    push_answer(sql, &delete.returning, false);
}

/// What follows `INSERT INTO table`.
fn push_source_rows<'a>(sql: &mut Sql<'a>, insert: &Insert<'a>, counted: bool) {
    let source = &insert.source;
    match source.shape {
        // No row, yet a statement: whether the caller may insert at all is still decided.
        Shape::Empty => {
            sql.push(" SELECT WHERE false");
        }
        Shape::Object if source.columns.is_empty() => {
            sql.push(" DEFAULT VALUES");
        }
        Shape::Array if source.columns.is_empty() => {
            sql.push(" SELECT FROM json_array_elements(").payload().push("::json)");
        }
        _ => push_columns(sql, insert, counted),
    }
}

fn push_columns<'a>(sql: &mut Sql<'a>, insert: &Insert<'a>, counted: bool) {
    let source = &insert.source;
    sql.push(" (").list(", ", &source.columns, |sql, column| {
        sql.name(&column.name);
    });
    sql.push(") SELECT ").list(", ", &source.columns, |sql, column| {
        sql.column(BODY, &column.name);
    });
    sql.push(" FROM ");
    push_records(sql, source);
    push_where(sql, BODY, &insert.filters);
    if counted {
        // Last, so that only rows that are inserted count.
        sql.push(if insert.filters.is_empty() { " WHERE " } else { " AND " }).push(COUNT_UP);
    }
}

/// The payload as rows whose columns have the types of the table's.
fn push_records(sql: &mut Sql<'_>, source: &Source<'_>) {
    sql.push(if source.shape == Shape::Array { "json_to_recordset(" } else { "json_to_record(" });
    sql.payload().push("::json) AS basalt_body(").list(", ", &source.columns, |sql, column| {
        sql.name(&column.name).push(" ").type_name(&column.type_name);
    });
    sql.push(")");
}

/// Rows inserted, less those that turned out to be there already: a merge that inserted nothing has another status. A
/// setting of the transaction is the one thing that both halves of the statement can count in.
const COUNT_UP: &str = "set_config('basalt.inserted', (coalesce(nullif(current_setting('basalt.inserted', true), '')::int, 0) + 1)::text, true) <> '0'";
const COUNT_DOWN: &str = "set_config('basalt.inserted', (coalesce(nullif(current_setting('basalt.inserted', true), '')::int, 0) - 1)::text, true) <> '-1'";

fn push_conflict(sql: &mut Sql<'_>, conflict: &Conflict<'_>, columns: &[&Column]) {
    sql.push(" ON CONFLICT (")
        .list(", ", &conflict.columns, |sql, name| {
            sql.name(name);
        })
        .push(") DO ");
    if conflict.resolution == Resolution::Ignore || columns.is_empty() {
        sql.push("NOTHING");
        return;
    }
    sql.push("UPDATE SET ").list(", ", columns, |sql, column| {
        sql.name(&column.name).push(" = EXCLUDED.").name(&column.name);
    });
    sql.push(" WHERE ").push(COUNT_DOWN);
}

fn push_returning(sql: &mut Sql<'_>, relation: &Relation, returning: &Returning<'_>) {
    sql.push(" RETURNING ");
    push_returned(sql, relation, returning);
}

/// The columns that the answer is made of, each once.
fn push_returned(sql: &mut Sql<'_>, relation: &Relation, returning: &Returning<'_>) {
    let from = From::Relation(relation);
    let names = returned(returning);
    match names {
        None => {
            sql.from(from).push(".*");
        }
        Some(names) if names.is_empty() => {
            sql.push("1");
        }
        Some(names) => {
            sql.list(", ", names, |sql, name| {
                sql.column(from, name);
            });
        }
    }
}

/// Their names; `None` for all of them.
fn returned<'a>(returning: &'a Returning<'_>) -> Option<Vec<&'a str>> {
    let mut names: Vec<&str> = Vec::new();
    match returning {
        Returning::Count => {}
        Returning::Key(key) => names.extend(key.iter().map(String::as_str)),
        Returning::Rows { outputs, order, .. } => {
            for output in outputs {
                let Output::Column { operand, .. } = output else { return None };
                names.push(&operand.column.name);
            }
            names.extend(order.iter().map(|sort| sort.operand.column.name.as_str()));
        }
    }
    names.sort_unstable();
    names.dedup();
    Some(names)
}

/// The one row about what was written.
fn push_answer<'a>(sql: &mut Sql<'a>, returning: &Returning<'a>, counted: bool) {
    sql.push("SELECT NULL::bigint AS total, count(*) AS page, ");
    match returning {
        Returning::Rows { media, .. } => push_body(sql, *media),
        _ => {
            sql.push("NULL::text");
        }
    }
    sql.push(" AS body, ");
    push_key(sql, returning);
    sql.push(" AS key, ");
    sql.push(if counted { "nullif(current_setting('basalt.inserted', true), '')" } else { "NULL::text" });
    sql.push(" AS inserted FROM (SELECT ");
    match returning {
        Returning::Rows { outputs, order, .. } => {
            push_outputs(sql, SOURCE, outputs);
            sql.push(" FROM basalt_source");
            push_order(sql, SOURCE, order);
        }
        _ => {
            sql.push("* FROM basalt_source");
        }
    }
    sql.push(") basalt_row");
}

/// The key's values as a JSON array of text, when there is exactly one row: then the least of each column is the value.
fn push_key(sql: &mut Sql<'_>, returning: &Returning<'_>) {
    let Returning::Key(key) = returning else {
        sql.push("NULL::text");
        return;
    };
    sql.push("CASE WHEN count(*) = 1 THEN json_build_array(").list(", ", *key, |sql, name| {
        sql.push("min(basalt_row.").name(name).push("::text)");
    });
    sql.push(")::text END");
}
