//! In which order: `order=price.desc.nullslast,clients(name)`. It deliberately adds no order of its own where none was asked
//! for.

use crate::refusal::Refusal;
use sdk_filter::field::{self, Field};
use sdk_filter::{Cursor, Fault};

/// One thing to sort by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Term {
    /// The embedded relation that it is in.
    pub(crate) relation: Option<String>,
    pub(crate) field: Field,
    pub(crate) direction: Option<Direction>,
    pub(crate) nulls: Option<Nulls>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nulls {
    First,
    Last,
}

/// The whole parameter.
pub(crate) fn parse(text: &str) -> Result<Vec<Term>, Refusal> {
    let mut cursor = Cursor::new("order", text);
    let mut terms = vec![term(&mut cursor)?];
    while cursor.eat(",") {
        terms.push(term(&mut cursor)?);
    }
    match cursor.at_end() {
        true => Ok(terms),
        false => Err(cursor.not_ended("\",\" or end of input").into()),
    }
}

fn term(cursor: &mut Cursor<'_>) -> Result<Term, Fault> {
    let (relation, field) = target(cursor)?;
    let direction = direction(cursor);
    let nulls = nulls(cursor);
    if nulls.is_none() && cursor.eat(".") {
        let expecting = match direction {
            None => "\"asc\", \"desc\", \"nullsfirst\" or \"nullslast\"",
            Some(_) => "\"nullsfirst\" or \"nullslast\"",
        };
        return Err(cursor.unexpected(expecting));
    }
    cursor.eat_spaces();
    Ok(Term { relation, field, direction, nulls })
}

/// A field, or one of an embedded relation: `clients(name)`.
fn target(cursor: &mut Cursor<'_>) -> Result<(Option<String>, Field), Fault> {
    let outer = field::field(cursor)?;
    if !outer.path.is_empty() || !cursor.eat("(") {
        return Ok((None, outer));
    }
    let field = field::field(cursor)?;
    cursor.expect(")")?;
    Ok((Some(outer.name), field))
}

fn direction(cursor: &mut Cursor<'_>) -> Option<Direction> {
    if cursor.eat(".asc") {
        return Some(Direction::Ascending);
    }
    cursor.eat(".desc").then_some(Direction::Descending)
}

fn nulls(cursor: &mut Cursor<'_>) -> Option<Nulls> {
    if cursor.eat(".nullsfirst") {
        return Some(Nulls::First);
    }
    cursor.eat(".nullslast").then_some(Nulls::Last)
}
