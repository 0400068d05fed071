//! Columns, JSON paths and what is done with them, as SQL. It deliberately relies on Postgres to infer each parameter's type.

use super::Sql;
use crate::plan::node::{Operand, Output, Place, Sort};
use crate::request::order::{Direction, Nulls};
use crate::request::select::Aggregate;
use sdk_filter::field::{Key, Step};

/// A column with the JSON path after it. What is not JSON is made so, as in PostgREST.
pub(super) fn push_operand(sql: &mut Sql, place: &Place, operand: &Operand) {
    if operand.whole {
        sql.name(&place.name);
        return;
    }
    match operand.to_json && !operand.path.is_empty() {
        true => sql.push("to_jsonb(").column(place, &operand.name).push(")"),
        false => sql.column(place, &operand.name),
    };
    for Step { text, key } in &operand.path {
        sql.push(if *text { "->>" } else { "->" });
        match key {
            Key::Member(member) => sql.value(member),
            Key::Index(index) => sql.value(index.to_string()).push("::int"),
        };
    }
}

/// `sum(CAST(fn(column) AS type))::type AS alias`
pub(super) fn push_output(sql: &mut Sql, place: &Place, output: &Output) {
    push_aggregate(sql, output.aggregate, output.aggregate_cast.as_deref(), |sql| {
        sql.push(if output.cast.is_some() { "CAST(" } else { "" });
        match &output.operand.cast {
            Some(function) => {
                sql.trusted(function).push("(");
                push_operand(sql, place, &output.operand);
                sql.push(")");
            }
            None if output.operand.name == "*" && output.aggregate.is_some() && !output.operand.whole => {
                sql.push("*");
            }
            None => push_operand(sql, place, &output.operand),
        }
        if let Some(cast) = &output.cast {
            sql.push(" AS ").trusted(cast).push(")");
        }
    });
    if let Some(alias) = &output.alias {
        sql.push(" AS ").name(alias);
    }
}

pub(super) fn push_aggregate(
    sql: &mut Sql,
    aggregate: Option<Aggregate>,
    cast: Option<&str>,
    inner: impl FnOnce(&mut Sql),
) {
    let Some(aggregate) = aggregate else { return inner(sql) };
    sql.push(if cast.is_some() { "CAST(" } else { "" }).push(aggregate.name()).push("(");
    inner(sql);
    sql.push(")");
    if let Some(cast) = cast {
        sql.push(" AS ").trusted(cast).push(")");
    }
}

/// ` ORDER BY …`, or nothing.
pub(super) fn push_order(sql: &mut Sql, place: &Place, order: &[Sort]) {
    if !order.is_empty() {
        sql.push(" ORDER BY ").list(", ", order, |sql, sort| push_sort(sql, place, sort));
    }
}

fn push_sort(sql: &mut Sql, place: &Place, sort: &Sort) {
    match &sort.rows {
        Some(rows) => push_operand(sql, &Place::named(rows), &sort.operand),
        None => push_operand(sql, place, &sort.operand),
    }
    sql.push(match sort.direction {
        None => "",
        Some(Direction::Ascending) => " ASC",
        Some(Direction::Descending) => " DESC",
    });
    sql.push(match sort.nulls {
        None => "",
        Some(Nulls::First) => " NULLS FIRST",
        Some(Nulls::Last) => " NULLS LAST",
    });
}
