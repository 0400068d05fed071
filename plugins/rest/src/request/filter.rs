//! Filters: `price=not.gte.10`. It deliberately knows operators by name only; `query/filter.rs` turns them into SQL.

use super::cursor::Cursor;
use super::field::{self, Field};
use super::operator::{OPERATORS, Operator, Quantifier, SEARCHES, STATES};
use crate::refusal::Refusal;

/// Something that must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Test(Test),
    Group(Group),
}

/// Conditions of which all, or any, must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) negated: bool,
    pub(crate) any: bool,
    pub(crate) members: Vec<Condition>,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) field: Field,
    pub(crate) negated: bool,
    pub(crate) operation: Operation,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Compare { operator: &'static Operator, quantifier: Option<Quantifier>, value: String },
    Distinct(String),
    In(Vec<String>),
    Is(&'static str),
    Search { function: &'static str, language: Option<String>, query: String },
}

/// Where a value ends: it is all that is left, or it stops at `,` and `)` inside a group.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    Member,
}

/// One parameter as a filter.
pub(crate) fn parse(name: &str, value: &str) -> Result<Condition, Refusal> {
    let field = target(name)?;
    let mut cursor = Cursor::new("filter", value);
    let (negated, operation) = operation(&mut cursor, Extent::Whole)?;
    cursor.end("end of input")?;
    Ok(Condition::Test(Test { field, negated, operation }))
}

/// The column that a parameter's name stands for. A path before it would name an embedded relation.
fn target(name: &str) -> Result<Field, Refusal> {
    let mut cursor = Cursor::new("tree path", name);
    let field = field::field(&mut cursor)?;
    if field.path.is_empty() && cursor.eat(".") {
        return Err(Refusal::not_embedded(&field.name));
    }
    cursor.end("\".\" or end of input")?;
    Ok(field)
}

/// `not.`, the operator and its value.
pub(crate) fn operation(cursor: &mut Cursor<'_>, extent: Extent) -> Result<(bool, Operation), Refusal> {
    let start = cursor.clone();
    let negated = cursor.eat("not.");
    let expecting = if negated { "operator (eq, gt, ...)" } else { "\"not\" or operator (eq, gt, ...)" };
    let name = cursor.take_while(|next| next.is_ascii_alphabetic());
    let found = match name {
        "in" if cursor.eat(".") => Some(Operation::In(list(cursor)?)),
        "is" if cursor.eat(".") => Some(Operation::Is(state(cursor)?)),
        "isdistinct" if cursor.eat(".") => Some(Operation::Distinct(value(cursor, extent))),
        _ => named(cursor, name, extent)?,
    };
    found.map(|operation| (negated, operation)).ok_or_else(|| start.unexpected(expecting))
}

/// The operators of the tables above.
fn named(cursor: &mut Cursor<'_>, name: &str, extent: Extent) -> Result<Option<Operation>, Refusal> {
    if let Some(operator) = OPERATORS.iter().find(|operator| operator.name == name) {
        let quantifier = if operator.quantified { quantifier(cursor) } else { None };
        let found = cursor.eat(".");
        return Ok(found.then(|| Operation::Compare { operator, quantifier, value: value(cursor, extent) }));
    }
    let Some((_, function)) = SEARCHES.iter().find(|(search, _)| *search == name) else { return Ok(None) };
    let language = language(cursor)?;
    let found = cursor.eat(".");
    Ok(found.then(|| Operation::Search { function, language, query: value(cursor, extent) }))
}

fn quantifier(cursor: &mut Cursor<'_>) -> Option<Quantifier> {
    if cursor.eat("(any)") {
        return Some(Quantifier::Any);
    }
    cursor.eat("(all)").then_some(Quantifier::All)
}

fn language(cursor: &mut Cursor<'_>) -> Result<Option<String>, Refusal> {
    if !cursor.eat("(") {
        return Ok(None);
    }
    let language = cursor.take_while(field::is_name).trim().to_owned();
    cursor.expect(")")?;
    Ok(Some(language))
}

fn state(cursor: &mut Cursor<'_>) -> Result<&'static str, Refusal> {
    let start = cursor.clone();
    let word = cursor.take_while(|next| next.is_ascii_alphabetic() || next == '_');
    let found = STATES.iter().find(|(state, _)| state.eq_ignore_ascii_case(word));
    found.map(|(_, sql)| *sql).ok_or_else(|| start.unexpected("isVal: (null, not_null, true, false, unknown)"))
}

fn value(cursor: &mut Cursor<'_>, extent: Extent) -> String {
    match extent {
        Extent::Whole => cursor.take_rest().to_owned(),
        Extent::Member => member_value(cursor),
    }
}

/// Inside a group a value with commas or brackets is quoted, or is an array in braces.
fn member_value(cursor: &mut Cursor<'_>) -> String {
    if let Some(quoted) = quoted(cursor) {
        return quoted;
    }
    if let Some(array) = array(cursor) {
        return array;
    }
    cursor.take_while(|next| !matches!(next, ',' | ')')).to_owned()
}

fn array(cursor: &mut Cursor<'_>) -> Option<String> {
    let rest = cursor.rest();
    let length = rest.strip_prefix('{')?.find(['{', '}'])? + 2;
    let array = rest[..length].strip_suffix('}').map(|_| rest[..length].to_owned())?;
    cursor.eat(&array);
    Some(array)
}

/// `(a,"b,c",d)`.
fn list(cursor: &mut Cursor<'_>) -> Result<Vec<String>, Refusal> {
    cursor.eat_spaces();
    cursor.expect("(")?;
    cursor.eat_spaces();
    let mut elements = Vec::new();
    loop {
        let element = quoted(cursor);
        elements.push(element.unwrap_or_else(|| cursor.take_while(|next| !matches!(next, ',' | ')')).to_owned()));
        if !cursor.eat(",") {
            break;
        }
    }
    cursor.expect(")")?;
    cursor.eat_spaces();
    Ok(elements)
}

/// A quoted value, if the value ends with the quote: `"a"b` is not the value `a`.
fn quoted(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut ahead = cursor.clone();
    let value = ahead.take_quoted()?;
    if !matches!(ahead.peek(), None | Some(',' | ')')) {
        return None;
    }
    cursor.clone_from(&ahead);
    Some(value)
}
