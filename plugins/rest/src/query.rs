//! build: Plan → Statement, SQL text and its parameters. It deliberately decides nothing: every name is quoted, every value
//! becomes a parameter, so that equal requests have equal text and Postgres' plans are reused.

mod body;
mod call;
mod field;
mod filter;
mod join;
mod read;
mod select;
mod sql;
mod write;

use crate::plan::{Plan, Shape};
use crate::request::media::Media;
use crate::request::prefer::Count;

pub(crate) use sql::Sql;

/// SQL text and what its `$1…` stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) parameters: Vec<Parameter>,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parameter {
    Text(String),
    /// The request's payload, which hardly ever enters the plugin.
    Payload,
    /// The same, as bytes.
    Bytes,
}

/// The columns of the one row that every statement answers with.
pub(crate) mod cell {
    pub(crate) const TOTAL: u32 = 0;
    pub(crate) const PAGE: u32 = 1;
    pub(crate) const HEADERS: u32 = 2;
    pub(crate) const STATUS: u32 = 3;
    pub(crate) const BODY: u32 = 4;
    pub(crate) const KEY: u32 = 5;
    pub(crate) const INSERTED: u32 = 6;
}

/// What is asked of the database.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) main: Statement,
    /// What says how many rows Postgres expects, where that is wanted.
    pub(crate) estimate: Option<Statement>,
    /// Whether the answer is Postgres' plan, as lines.
    pub(crate) explains: bool,
}

/// Writes the statements for `plan`; none where there is nothing to ask the database.
pub(crate) fn build(plan: &Plan) -> Option<Work> {
    let (shape, tree) = match plan {
        Plan::Read(read) => (&read.shape, Some(&read.tree)),
        Plan::Write(write) => (&write.shape, None),
        Plan::Call(call) => (&call.shape, None),
        Plan::Allow(_) | Plan::Root => return None,
    };
    let mut sql = Sql::new();
    explain(&mut sql, shape);
    match plan {
        Plan::Read(read) => read::build(&mut sql, read),
        Plan::Write(write) => write::build(&mut sql, write),
        Plan::Call(call) => call::build(&mut sql, call),
        Plan::Allow(_) | Plan::Root => {}
    }
    let estimates = matches!(shape.count, Some(Count::Planned | Count::Estimated));
    let estimate = tree.filter(|_| estimates).map(|tree| {
        let mut sql = Sql::new();
        sql.push("EXPLAIN (FORMAT JSON) ");
        read::push_count(&mut sql, tree);
        sql.finish()
    });
    Some(Work { main: sql.finish(), estimate, explains: matches!(shape.media, Media::Plan { .. }) })
}

fn explain(sql: &mut Sql, shape: &Shape) {
    let Media::Plan { json, options, .. } = &shape.media else { return };
    sql.push(if *json { "EXPLAIN (FORMAT JSON" } else { "EXPLAIN (FORMAT TEXT" });
    for option in options {
        sql.push(", ").push(option);
    }
    sql.push(") ");
}

#[cfg(test)]
mod tests;
