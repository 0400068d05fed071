//! Reads as SQL: one statement, one row. It deliberately keeps the plain case plain: a get by key is an index scan under an
//! aggregate, with no limit and no common table expression in the way.

use super::Sql;
use super::filter::push_where;
use super::output::{push_body, push_order, push_outputs};
use super::sql::From;
use crate::plan::Read;
use crate::request::media::Media;

pub(super) fn build<'a>(sql: &mut Sql<'a>, read: &Read<'a>) {
    match read.window.limit.filter(|_| read.window.probe) {
        Some(limit) => probed(sql, read, limit),
        None => plain(sql, read),
    }
}

fn plain<'a>(sql: &mut Sql<'a>, read: &Read<'a>) {
    sql.push("SELECT ");
    push_total(sql, read);
    sql.push(" AS total, count(*) AS page, ");
    push_rows(sql, read.body);
    sql.push(" AS body FROM (");
    push_page(sql, read, read.window.limit);
    sql.push(") basalt_row");
}

/// Looks one row beyond the limit: `page` then counts one more than the body holds, which says that something was cut.
fn probed<'a>(sql: &mut Sql<'a>, read: &Read<'a>, limit: u64) {
    sql.push("WITH basalt_page AS (");
    push_page(sql, read, Some(limit.saturating_add(1)));
    sql.push(") SELECT NULL::bigint AS total, (SELECT count(*) FROM basalt_page) AS page, ");
    let Some(media) = read.body else {
        sql.push("NULL::text AS body");
        return;
    };
    sql.push("(SELECT ");
    push_body(sql, media);
    sql.push(" FROM (SELECT * FROM basalt_page LIMIT ").value(limit.to_string());
    sql.push(") basalt_row) AS body");
}

fn push_rows(sql: &mut Sql<'_>, body: Option<Media>) {
    match body {
        Some(media) => push_body(sql, media),
        None => {
            sql.push("NULL::text");
        }
    }
}

fn push_total<'a>(sql: &mut Sql<'a>, read: &Read<'a>) {
    if !read.count {
        sql.push("NULL::bigint");
        return;
    }
    sql.push("(SELECT count(*) FROM ").relation(read.relation);
    push_where(sql, From::Relation(read.relation), &read.filters);
    sql.push(")");
}

fn push_page<'a>(sql: &mut Sql<'a>, read: &Read<'a>, limit: Option<u64>) {
    let from = From::Relation(read.relation);
    sql.push("SELECT ");
    push_outputs(sql, from, &read.outputs);
    sql.push(" FROM ").relation(read.relation);
    push_where(sql, from, &read.filters);
    push_order(sql, from, &read.order);
    if let Some(limit) = limit {
        sql.push(" LIMIT ").value(limit.to_string());
    }
    if read.window.offset > 0 {
        sql.push(" OFFSET ").value(read.window.offset.to_string());
    }
}
