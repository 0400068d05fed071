//! What to answer with: `select=id,total:amount::text,tags->0`. It deliberately refuses embedding and aggregates, which this
//! version does not have, instead of leaving them out.

use super::cursor::Cursor;
use super::field::{self, Field};
use crate::refusal::Refusal;

/// One thing to answer with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    All,
    Field { field: Field, alias: Option<String>, cast: Option<String> },
}

/// The whole parameter. Nothing at all is the same as `*`.
pub(crate) fn parse(text: &str) -> Result<Vec<Item>, Refusal> {
    let mut cursor = Cursor::new("select parameter", text);
    let mut items = Vec::new();
    while !cursor.at_end() {
        items.push(item(&mut cursor)?);
        if !cursor.eat(",") {
            cursor.end("\",\" or end of input")?;
        } else if cursor.at_end() {
            return Err(cursor.unexpected("field name (* or [a..z0..9_$])"));
        }
    }
    Ok(items)
}

fn item(cursor: &mut Cursor<'_>) -> Result<Item, Refusal> {
    cursor.eat_spaces();
    if cursor.eat("*") {
        cursor.eat_spaces();
        return Ok(Item::All);
    }
    if cursor.rest().starts_with("..") {
        return Err(Refusal::not_implemented("Embedding other relations in select, with or without spreading"));
    }
    let alias = alias(cursor)?;
    let field = field::field(cursor)?;
    refuse_what_is_no_column(cursor)?;
    let cast = if cursor.eat("::") { Some(cast(cursor)?) } else { None };
    cursor.eat_spaces();
    Ok(Item::Field { field, alias, cast })
}

/// `alias:`, but not the start of `::`.
fn alias(cursor: &mut Cursor<'_>) -> Result<Option<String>, Refusal> {
    let mut ahead = cursor.clone();
    let alias = field::name(&mut ahead)?;
    if ahead.rest().starts_with("::") || !ahead.eat(":") {
        return Ok(None);
    }
    cursor.clone_from(&ahead);
    Ok(Some(alias))
}

fn refuse_what_is_no_column(cursor: &Cursor<'_>) -> Result<(), Refusal> {
    let rest = cursor.rest();
    if rest.starts_with('.') || rest.starts_with("()") {
        return Err(Refusal::aggregate());
    }
    match rest.starts_with(['(', '!']) {
        true => Err(Refusal::not_implemented("Embedding other relations in select")),
        false => Ok(()),
    }
}

/// A type's name. It goes into SQL as it is (`"bigint"` in quotes would be another type), so its alphabet is small.
fn cast(cursor: &mut Cursor<'_>) -> Result<String, Refusal> {
    let name = cursor.take_while(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | ' ' | '$'));
    match name.trim() {
        "" => Err(cursor.unexpected("letter or digit")),
        name if cursor.rest().starts_with('.') => {
            Err(Refusal::not_implemented(format!("A cast to {name}. or its sum")))
        }
        name => Ok(name.to_owned()),
    }
}
