//! In which order: `order=price.desc.nullslast,id`. It deliberately adds no order of its own where none was asked for.

use super::cursor::Cursor;
use super::field::{self, Field};
use crate::refusal::Refusal;

/// One thing to sort by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
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

const END: &str = "\",\" or end of input";

/// The whole parameter.
pub(crate) fn parse(text: &str) -> Result<Vec<Term>, Refusal> {
    let mut cursor = Cursor::new("order", text);
    let mut terms = vec![term(&mut cursor)?];
    while cursor.eat(",") {
        terms.push(term(&mut cursor)?);
    }
    match cursor.peek() {
        None => Ok(terms),
        // The parser that this imitates shows the character in single quotes here.
        Some(next) => Err(cursor.fault(&format!("unexpected '{next}' expecting {END}"))),
    }
}

fn term(cursor: &mut Cursor<'_>) -> Result<Term, Refusal> {
    let field = field::field(cursor)?;
    if cursor.rest().starts_with('(') {
        return Err(Refusal::not_embedded(&field.name));
    }
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
    Ok(Term { field, direction, nulls })
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
