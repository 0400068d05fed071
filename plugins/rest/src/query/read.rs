//! Reads as SQL: one statement, one row. It deliberately keeps the plain case plain: a get by key is an index scan under an
//! aggregate, with no limit and no common table expression in the way.

use super::Sql;
use super::body::{ANSWER, push_body};
use super::filter::push_all;
use super::join::{push_conditions, push_from};
use super::select;
use crate::plan::call::Call;
use crate::plan::media::Handler;
use crate::plan::node::Node;
use crate::plan::window::Cap;
use crate::plan::{Read, Shape};
use crate::request::prefer::Count;

pub(super) fn build(sql: &mut Sql, read: &Read) {
    match probe(read.cap, &read.tree) {
        Some(limit) => {
            sql.push("WITH basalt_page AS (");
            select::push(sql, &read.tree, Some(limit.saturating_add(1)));
            sql.push(") ");
            probed(sql, &read.shape, limit, None);
        }
        None => plain(sql, &read.tree, &read.shape, None, false),
    }
}

/// The limit beyond which one row is looked at.
pub(super) fn probe(cap: Option<Cap>, tree: &Node) -> Option<u64> {
    cap.filter(|cap| cap.probe).and(tree.window.limit)
}

/// All rows of the page; after the parts of a statement when `parted`.
pub(super) fn plain(sql: &mut Sql, tree: &Node, shape: &Shape, call: Option<&Call>, parted: bool) {
    // The names of the columns are those of the first row.
    let named = shape.handler == Handler::Csv;
    if named {
        sql.push(if parted { ", basalt_page AS (" } else { "WITH basalt_page AS (" });
        select::push(sql, tree, tree.window.limit);
        sql.push(") ");
    }
    sql.push("SELECT ");
    push_total(sql, tree, shape);
    sql.push(" AS total, ");
    sql.push(if call.is_some_and(|call| call.returns.is_single()) { "1" } else { "count(*)" });
    sql.push(" AS page, ").push(ANSWER);
    push_body(sql, &shape.handler, call);
    sql.push(" AS body FROM (");
    match named {
        true => sql.push("SELECT * FROM basalt_page").done(),
        false => select::push(sql, tree, tree.window.limit),
    }
    sql.push(") basalt_row");
}

/// Looks one row beyond the limit: `page` then counts one more than the body holds, which says that something was cut.
pub(super) fn probed(sql: &mut Sql, shape: &Shape, limit: u64, call: Option<&Call>) {
    sql.push("SELECT NULL::bigint AS total, (SELECT count(*) FROM basalt_page) AS page, ").push(ANSWER);
    if shape.handler == Handler::Nothing {
        sql.push("NULL::text AS body");
        return;
    }
    sql.push("(SELECT ");
    push_body(sql, &shape.handler, call);
    sql.push(" FROM (SELECT * FROM basalt_page LIMIT ").value(limit.to_string());
    sql.push(") basalt_row) AS body");
}

fn push_total(sql: &mut Sql, tree: &Node, shape: &Shape) {
    let enough = match shape.count {
        Some(Count::Exact) => None,
        Some(Count::Estimated) => shape.enough,
        None | Some(Count::Planned) => return sql.push("NULL::bigint").done(),
    };
    sql.push("(SELECT count(*) FROM (");
    push_count(sql, tree);
    if let Some(enough) = enough {
        // One more says that there are more.
        sql.push(" LIMIT ").value(enough.saturating_add(1).to_string());
    }
    sql.push(") basalt_all)");
}

/// All rows that the conditions leave, without their columns.
pub(super) fn push_count(sql: &mut Sql, node: &Node) {
    sql.push("SELECT 1");
    push_from(sql, node);
    let inner: Vec<_> = node.children.iter().filter(|child| child.inner).collect();
    let linked = node.link.as_ref().is_some_and(|link| link.relationship.columns().is_some());
    if !linked && node.filters.is_empty() && inner.is_empty() {
        return;
    }
    sql.push(" WHERE ");
    let mut some = push_conditions(sql, node);
    if !node.filters.is_empty() {
        sql.push(if some { " AND " } else { "" });
        some = true;
        push_all(sql, &node.place(), &node.filters, &|sql, rows, present| exists(sql, node, rows, present));
    }
    for child in inner {
        sql.push(if some { " AND EXISTS (" } else { "EXISTS (" });
        some = true;
        push_count(sql, child);
        sql.push(")");
    }
}

fn exists(sql: &mut Sql, node: &Node, rows: &str, present: bool) {
    let Some(child) = node.children.iter().find(|child| child.rows == rows) else {
        return sql.push("TRUE").done();
    };
    sql.push(if present { "EXISTS (" } else { "NOT EXISTS (" });
    push_count(sql, child);
    sql.push(")");
}
