//! What to answer with and in which order, with columns that exist. It deliberately leaves aliases and casts as the request
//! has them: the query quotes the first, and the second have an alphabet that cannot leave a type's name.

use super::filter::{Operand, operand};
use crate::refusal::Refusal;
use crate::request::field::Field;
use crate::request::order::{Direction, Nulls, Term};
use crate::request::select::Item;
use sdk_plugin::schema::Relation;

/// One thing to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output<'a> {
    All,
    Column { operand: Operand<'a>, alias: Option<&'a str>, cast: Option<&'a str> },
}

/// One thing to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sort<'a> {
    pub(crate) operand: Operand<'a>,
    pub(crate) direction: Option<Direction>,
    pub(crate) nulls: Option<Nulls>,
}

/// Finds the columns of `select`; an empty one means all of them.
pub(crate) fn select<'a>(items: &'a [Item], relation: &'a Relation) -> Result<Vec<Output<'a>>, Refusal> {
    match items {
        [] => Ok(vec![Output::All]),
        items => items.iter().map(|item| output(item, relation)).collect(),
    }
}

fn output<'a>(item: &'a Item, relation: &'a Relation) -> Result<Output<'a>, Refusal> {
    Ok(match item {
        Item::All => Output::All,
        Item::Field { field, alias, cast } => Output::Column {
            operand: operand(field, relation)?,
            alias: alias.as_deref().or_else(|| unnamed(field)),
            cast: cast.as_deref(),
        },
    })
}

/// The name of what has none of its own: the last member of a path, or the column when the path has only numbers.
fn unnamed(field: &Field) -> Option<&str> {
    match field.path.is_empty() {
        true => None,
        false => Some(field.last_member().unwrap_or(&field.name)),
    }
}

/// Finds the columns of `order`.
pub(crate) fn order<'a>(terms: &'a [Term], relation: &'a Relation) -> Result<Vec<Sort<'a>>, Refusal> {
    let sort = |term: &'a Term| {
        Ok(Sort { operand: operand(&term.field, relation)?, direction: term.direction, nulls: term.nulls })
    };
    terms.iter().map(sort).collect()
}
