//! Select lists, orders and bodies as SQL. It deliberately has Postgres make the JSON: a row is never seen by the plugin.

use super::Sql;
use super::filter::push_operand;
use super::sql::From;
use crate::plan::output::{Output, Sort};
use crate::request::media::Media;
use crate::request::order::{Direction, Nulls};

pub(super) fn push_outputs<'a>(sql: &mut Sql<'a>, from: From<'_>, outputs: &[Output<'a>]) {
    sql.list(", ", outputs, |sql, output| push_output(sql, from, output));
}

fn push_output<'a>(sql: &mut Sql<'a>, from: From<'_>, output: &Output<'a>) {
    let Output::Column { operand, alias, cast } = output else {
        sql.from(from).push(".*");
        return;
    };
    sql.push(if cast.is_some() { "CAST(" } else { "" });
    push_operand(sql, from, *operand);
    if let Some(cast) = cast {
        // The cast would name the output otherwise.
        sql.push(" AS ").type_name(cast).push(") AS ").name(alias.unwrap_or(&operand.column.name));
    } else if let Some(alias) = alias {
        sql.push(" AS ").name(alias);
    }
}

/// ` ORDER BY …`, or nothing.
pub(super) fn push_order<'a>(sql: &mut Sql<'a>, from: From<'_>, order: &[Sort<'a>]) {
    if !order.is_empty() {
        sql.push(" ORDER BY ").list(", ", order, |sql, sort| push_sort(sql, from, sort));
    }
}

fn push_sort<'a>(sql: &mut Sql<'a>, from: From<'_>, sort: &Sort<'a>) {
    push_operand(sql, from, sort.operand);
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

/// The rows of `basalt_row` as one JSON text. The star says that the row is meant, also where a column has this name.
pub(super) fn push_body(sql: &mut Sql<'_>, media: Media) {
    let (open, close) = if media.strip_nulls { ("json_strip_nulls(", ")") } else { ("", "") };
    sql.push("coalesce(").push(open).push("json_agg(basalt_row.*)");
    sql.push(if media.singular { "->0" } else { "" }).push(close);
    sql.push(if media.singular { ", 'null')::text" } else { ", '[]')::text" });
}
