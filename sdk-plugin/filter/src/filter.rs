//! Filters: `price=not.gte.10`. It deliberately knows operators by name only, and no column by any other.

use crate::cursor::{Cursor, Fault};
use crate::field::{self, Field};
use crate::operator::{self, Operator, Quantifier, Search, State};

/// Something that must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// One comparison.
    Test(Test),
    /// Several conditions together.
    Group(Group),
}

/// Conditions of which all, or any, must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Whether the opposite must hold.
    pub negated: bool,
    /// Whether any is enough.
    pub any: bool,
    /// The conditions.
    pub members: Vec<Condition>,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// What is compared.
    pub field: Field,
    /// Whether the opposite must hold.
    pub negated: bool,
    /// How, and with what.
    pub operation: Operation,
}

/// How a field is compared, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// By an operator.
    Compare {
        /// Which.
        operator: &'static Operator,
        /// Whether the value is a list, and how it is meant.
        quantifier: Option<Quantifier>,
        /// The value's text form.
        value: String,
    },
    /// `IS DISTINCT FROM`.
    Distinct(String),
    /// One of these.
    In(Vec<String>),
    /// `IS NULL` and the like.
    Is(&'static State),
    /// A full-text search.
    Search {
        /// Which.
        search: &'static Search,
        /// The configuration, when it is not the default.
        language: Option<String>,
        /// The query's text.
        query: String,
    },
}

/// Where a value ends: it is all that is left, or it stops at `,` and `)` inside a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All that is left.
    Whole,
    /// Up to `,` or `)`.
    Member,
}

/// One parameter as a filter, and the names of the embedded relations that lead to it.
///
/// # Errors
/// When it is none.
pub fn parse(name: &str, value: &str) -> Result<(Vec<String>, Condition), Fault> {
    let mut cursor = Cursor::new("tree path", name);
    let (path, field) = field::way(&mut cursor)?;
    cursor.end("\".\" or end of input")?;
    let mut cursor = Cursor::new("filter", value);
    let (negated, operation) = operation(&mut cursor, Extent::Whole)?;
    cursor.end("end of input")?;
    Ok((path, Condition::Test(Test { field, negated, operation })))
}

/// `not.`, the operator and its value.
///
/// # Errors
/// When there is none.
pub fn operation(cursor: &mut Cursor<'_>, extent: Extent) -> Result<(bool, Operation), Fault> {
    let start = cursor.clone();
    attempt(cursor, extent)?.ok_or_else(|| start.unexpected("\"not\" or operator (eq, gt, ...)"))
}

/// The same, or nothing where no operator comes next: a value then, for whoever takes values here as well.
///
/// # Errors
/// When what follows the operator is not what it takes.
pub fn attempt(cursor: &mut Cursor<'_>, extent: Extent) -> Result<Option<(bool, Operation)>, Fault> {
    let negated = cursor.eat("not.");
    let start = cursor.clone();
    let name = cursor.take_while(|next| next.is_ascii_alphabetic());
    let found = match name {
        "in" if cursor.eat(".") => Some(Operation::In(list(cursor)?)),
        "is" if cursor.eat(".") => Some(Operation::Is(state(cursor)?)),
        "isdistinct" if cursor.eat(".") => Some(Operation::Distinct(value(cursor, extent))),
        _ => named(cursor, name, extent),
    };
    match found {
        None if negated => Err(start.unexpected("operator (eq, gt, ...)")),
        found => Ok(found.map(|operation| (negated, operation))),
    }
}

/// The operators of the tables.
fn named(cursor: &mut Cursor<'_>, name: &str, extent: Extent) -> Option<Operation> {
    if let Some(operator) = operator::find(name) {
        let quantifier = if operator.quantified { quantifier(cursor) } else { None };
        return cursor.eat(".").then(|| Operation::Compare { operator, quantifier, value: value(cursor, extent) });
    }
    let search = operator::search(name)?;
    let language = language(cursor);
    cursor.eat(".").then(|| Operation::Search { search, language, query: value(cursor, extent) })
}

fn quantifier(cursor: &mut Cursor<'_>) -> Option<Quantifier> {
    if cursor.eat("(any)") {
        return Some(Quantifier::Any);
    }
    cursor.eat("(all)").then_some(Quantifier::All)
}

fn language(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut ahead = cursor.clone();
    ahead.eat("(").then_some(())?;
    let language = ahead.take_while(field::is_name).trim().to_owned();
    if language.is_empty() || !ahead.eat(")") {
        return None;
    }
    cursor.clone_from(&ahead);
    Some(language)
}

fn state(cursor: &mut Cursor<'_>) -> Result<&'static State, Fault> {
    let start = cursor.clone();
    let word = cursor.take_while(|next| next.is_ascii_alphabetic() || next == '_');
    operator::state(word).ok_or_else(|| start.unexpected("isVal: (null, not_null, true, false, unknown)"))
}

fn value(cursor: &mut Cursor<'_>, extent: Extent) -> String {
    match extent {
        Extent::Whole => cursor.take_rest().to_owned(),
        Extent::Member => member(cursor),
    }
}

/// Inside a group a value with commas or brackets is quoted, or is an array in braces.
fn member(cursor: &mut Cursor<'_>) -> String {
    quoted(cursor).or_else(|| array(cursor)).unwrap_or_else(|| plain(cursor))
}

fn plain(cursor: &mut Cursor<'_>) -> String {
    cursor.take_while(|next| !matches!(next, ',' | ')')).to_owned()
}

fn array(cursor: &mut Cursor<'_>) -> Option<String> {
    let rest = cursor.rest();
    let length = rest.strip_prefix('{')?.find(['{', '}'])? + 2;
    let array = rest[..length].strip_suffix('}').map(|_| rest[..length].to_owned())?;
    cursor.eat(&array);
    Some(array)
}

/// `(a,"b,c",d)`
fn list(cursor: &mut Cursor<'_>) -> Result<Vec<String>, Fault> {
    cursor.eat_spaces();
    cursor.expect("(")?;
    cursor.eat_spaces();
    let mut values = Vec::new();
    loop {
        values.push(quoted(cursor).unwrap_or_else(|| plain(cursor)));
        if !cursor.eat(",") {
            break;
        }
    }
    if !cursor.eat(")") {
        return Err(cursor.unexpected("\",\" or \")\""));
    }
    cursor.eat_spaces();
    Ok(values)
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
