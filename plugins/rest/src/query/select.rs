//! A tree as SQL: one select, with a lateral join for each embedded relation. It deliberately has Postgres make the JSON: a row is
//! never seen by the plugin.

use super::Sql;
use super::field::{push_aggregate, push_operand, push_order, push_output};
use super::filter::{joined, push_all};
use super::join::{push_conditions, push_from};
use crate::plan::node::{Embed, Node, Output, Place, Sort, Spread, Spreaded};

/// The whole select, cut to these rows instead of its own.
pub(super) fn push(sql: &mut Sql, node: &Node, limit: Option<u64>) {
    sql.push("SELECT ");
    push_list(sql, node);
    push_from(sql, node);
    push_joins(sql, node);
    push_conditions_of(sql, node);
    push_groups(sql, node);
    push_order(sql, &node.place(), &node.order);
    if let Some(limit) = limit {
        sql.push(" LIMIT ").value(limit.to_string());
    }
    if node.window.offset > 0 {
        sql.push(" OFFSET ").value(node.window.offset.to_string());
    }
}

fn push_list(sql: &mut Sql, node: &Node) {
    let place = node.place();
    let mut first = true;
    let mut comma = |sql: &mut Sql| sql.push(if std::mem::take(&mut first) { "" } else { ", " }).done();
    if node.outputs.is_empty() && node.children.is_empty() {
        comma(sql);
        sql.column(&place, "*");
    }
    for output in &node.outputs {
        comma(sql);
        push_output(sql, &place, output);
    }
    if let Some(Spread::Many { extra, .. }) = &node.spread {
        for (rows, output) in extra {
            comma(sql);
            push_output(sql, &rows.as_ref().map_or_else(|| place.clone(), Place::named), output);
        }
    }
    for embed in &node.embeds {
        push_embed(sql, embed, &mut comma);
    }
}

fn push_embed(sql: &mut Sql, embed: &Embed, comma: &mut impl FnMut(&mut Sql)) {
    match embed {
        Embed::Member { empty: true, .. } => {}
        Embed::Member { name, rows, array: false, .. } => {
            comma(sql);
            // As `jsonb`, because groups are compared.
            sql.push("row_to_json(").name(rows).push(".*)::jsonb AS ").name(name);
        }
        Embed::Member { name, rows, .. } => {
            comma(sql);
            sql.push("coalesce(").name(rows).push(".").name(rows).push(", '[]') AS ").name(name);
        }
        Embed::Columns { rows, columns } => {
            for column in columns {
                comma(sql);
                push_spreaded(sql, rows, column);
            }
        }
    }
}

fn push_spreaded(sql: &mut Sql, rows: &str, column: &Spreaded) {
    push_aggregate(sql, column.aggregate, column.cast.as_deref(), |sql| {
        sql.column(&Place::named(rows), &column.name);
    });
    if let Some(alias) = &column.alias {
        sql.push(" AS ").name(alias);
    }
}

fn push_joins(sql: &mut Sql, node: &Node) {
    for embed in &node.embeds {
        let Some(child) = node.children.iter().find(|child| child.rows == embed.rows()) else { continue };
        sql.push(if child.inner { " INNER JOIN LATERAL (" } else { " LEFT JOIN LATERAL (" });
        let whole = push_joined(sql, child, embed);
        sql.push(") AS ").name(&child.rows).push(" ON ");
        match whole && child.inner {
            true => sql.name(&child.rows).push(" IS NOT NULL").done(),
            false => sql.push("TRUE").done(),
        }
    }
}

/// What is joined: the row, or all rows as arrays. Whether there is always a row, even of nothing.
fn push_joined(sql: &mut Sql, child: &Node, embed: &Embed) -> bool {
    let order = match (embed, &child.spread) {
        (Embed::Member { array: true, .. }, _) => None,
        (Embed::Columns { .. }, Some(Spread::Many { order, .. })) => Some(order),
        _ => {
            push(sql, child, child.window.limit);
            return false;
        }
    };
    sql.push("SELECT json_agg(").name(&child.rows).push(")::jsonb AS ").name(&child.rows);
    if let (Some(order), Embed::Columns { columns, .. }) = (order, embed) {
        for column in columns {
            push_array(sql, &child.rows, column, order);
        }
    }
    sql.push(" FROM (");
    push(sql, child, child.window.limit);
    sql.push(") AS ").name(&child.rows);
    true
}

fn push_array(sql: &mut Sql, rows: &str, column: &Spreaded, order: &[Sort]) {
    let place = Place::named(rows);
    sql.push(", coalesce(json_agg(").column(&place, &column.name);
    push_order(sql, &place, order);
    sql.push("), '[]')::jsonb AS ").name(column.alias.as_ref().unwrap_or(&column.name));
}

fn push_conditions_of(sql: &mut Sql, node: &Node) {
    let linked = node.link.as_ref().is_some_and(|link| link.relationship.columns().is_some());
    if !linked && node.filters.is_empty() {
        return;
    }
    sql.push(" WHERE ");
    let linked = push_conditions(sql, node);
    if !node.filters.is_empty() {
        sql.push(if linked { " AND " } else { "" });
        push_all(sql, &node.place(), &node.filters, &joined);
    }
}

/// ` GROUP BY …` all that is no aggregate, where there is one.
fn push_groups(sql: &mut Sql, node: &Node) {
    let of_embed = |embed: &Embed| matches!(embed, Embed::Columns { columns, .. } if columns.iter().any(|column| column.aggregate.is_some()));
    let aggregates = node.outputs.iter().any(|output| output.aggregate.is_some()) || node.embeds.iter().any(of_embed);
    if !aggregates {
        return;
    }
    let mut first = true;
    let mut comma = |sql: &mut Sql| sql.push(if std::mem::take(&mut first) { " GROUP BY " } else { ", " }).done();
    for output in node.outputs.iter().filter(|output| output.aggregate.is_none()) {
        comma(sql);
        push_group(sql, node, output);
    }
    for embed in &node.embeds {
        match embed {
            Embed::Member { empty: true, .. } => {}
            Embed::Member { name, .. } => {
                comma(sql);
                sql.name(name);
            }
            Embed::Columns { rows, columns } => {
                for column in columns.iter().filter(|column| column.aggregate.is_none()) {
                    comma(sql);
                    sql.column(&Place::named(rows), column.alias.as_ref().unwrap_or(&column.name));
                }
            }
        }
    }
}

/// By its name where it has one: what has parameters in it is never the same twice.
fn push_group(sql: &mut Sql, node: &Node, output: &Output) {
    match &output.alias {
        Some(alias) => sql.name(alias).done(),
        None => push_operand(sql, &node.place(), &output.operand),
    }
}
