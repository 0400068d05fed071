//! build: Plan → Statement, SQL text and its parameters. It deliberately decides nothing: every name comes from the plan
//! and is quoted, every value becomes a parameter, so that equal requests have equal text and Postgres' plans are reused.

mod filter;
mod output;
mod read;
mod sql;
mod write;

use crate::plan::Plan;
use std::borrow::Cow;

pub(crate) use sql::Sql;

/// SQL text and what its `$1…` stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statement<'a> {
    pub(crate) text: String,
    pub(crate) parameters: Vec<Parameter<'a>>,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parameter<'a> {
    Text(Cow<'a, str>),
    /// The request's body, which never enters the plugin.
    Payload,
}

/// The columns of the one row that every statement answers with. Reads stop after the body.
pub(crate) mod cell {
    pub(crate) const TOTAL: u32 = 0;
    pub(crate) const PAGE: u32 = 1;
    pub(crate) const BODY: u32 = 2;
    pub(crate) const KEY: u32 = 3;
    pub(crate) const INSERTED: u32 = 4;
}

/// Writes the statement for `plan`; none where there is nothing to ask the database.
pub(crate) fn build<'a>(plan: &Plan<'a>) -> Option<Statement<'a>> {
    let mut sql = Sql::new();
    match plan {
        Plan::Read(read) => read::build(&mut sql, read),
        Plan::Insert(insert) | Plan::Replace(insert) => write::insert(&mut sql, insert),
        Plan::Update(update) => write::update(&mut sql, update),
        Plan::Delete(delete) => write::delete(&mut sql, delete),
        Plan::Describe => return None,
    }
    Some(sql.finish())
}

#[cfg(test)]
mod tests;
