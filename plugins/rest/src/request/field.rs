//! Names of columns, with the JSON path that may follow: `settings->colours->>0`. It deliberately does not ask whether the
//! column exists.

use super::cursor::Cursor;
use crate::refusal::Refusal;

/// A column, or something within its JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) path: Vec<Step>,
}

/// One arrow and what is after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// `->>`, which gives text, in place of `->`.
    pub(crate) text: bool,
    pub(crate) key: Key,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Member(String),
    Index(i32),
}

impl Field {
    /// The last member's name on the path, which names the output.
    pub(crate) fn last_member(&self) -> Option<&str> {
        self.path.iter().rev().find_map(|step| match &step.key {
            Key::Member(name) => Some(name.as_str()),
            Key::Index(_) => None,
        })
    }
}

/// A field, with spaces around it.
pub(crate) fn field(cursor: &mut Cursor<'_>) -> Result<Field, Refusal> {
    cursor.eat_spaces();
    let field = Field { name: name(cursor)?, path: path(cursor)? };
    cursor.eat_spaces();
    Ok(field)
}

/// A name: quoted, or letters, digits, `_`, `$`, spaces and dashes.
pub(crate) fn name(cursor: &mut Cursor<'_>) -> Result<String, Refusal> {
    if let Some(quoted) = cursor.take_quoted() {
        return Ok(quoted);
    }
    let mut name = cursor.take_while(is_name).to_owned();
    // A dash belongs to the name unless it starts an arrow.
    while cursor.rest().starts_with('-') && !cursor.rest().starts_with("->") && !name.is_empty() {
        cursor.eat("-");
        name.push('-');
        name.push_str(cursor.take_while(is_name));
    }
    match name.trim() {
        "" => Err(cursor.unexpected("field name (* or [a..z0..9_$])")),
        trimmed => Ok(trimmed.to_owned()),
    }
}

/// What an unquoted name is made of.
pub(crate) fn is_name(next: char) -> bool {
    next.is_alphanumeric() || matches!(next, '_' | ' ' | '$')
}

/// Names with commas between them, as the whole of a parameter.
pub(crate) fn names(what: &'static str, text: &str) -> Result<Vec<String>, Refusal> {
    let mut cursor = Cursor::new(what, text);
    let mut names = Vec::new();
    loop {
        cursor.eat_spaces();
        names.push(name(&mut cursor)?);
        if !cursor.eat(",") {
            break;
        }
    }
    cursor.end("\",\" or end of input")?;
    Ok(names)
}

fn path(cursor: &mut Cursor<'_>) -> Result<Vec<Step>, Refusal> {
    let mut path = Vec::new();
    while cursor.eat("->") {
        let text = cursor.eat(">");
        path.push(Step { text, key: key(cursor)? });
    }
    Ok(path)
}

fn key(cursor: &mut Cursor<'_>) -> Result<Key, Refusal> {
    if let Some(quoted) = cursor.take_quoted() {
        return Ok(Key::Member(quoted));
    }
    let start = cursor.clone();
    let sign = if cursor.eat("-") { "-" } else { "" };
    let word = cursor.take_while(|next| !matches!(next, '-' | ':' | '.' | ',' | '>' | '(' | ')'));
    let member = || start.unexpected("\"-\", digit or any non reserved character different from: .,>()");
    match format!("{sign}{word}").parse() {
        Ok(index) => Ok(Key::Index(index)),
        Err(_) if word.is_empty() || !sign.is_empty() => Err(member()),
        Err(_) => Ok(Key::Member(dashed(cursor, word))),
    }
}

/// A member's name goes on after a dash that starts no arrow.
fn dashed(cursor: &mut Cursor<'_>, word: &str) -> String {
    let mut name = word.to_owned();
    while cursor.rest().starts_with('-') && !cursor.rest().starts_with("->") {
        cursor.eat("-");
        name.push('-');
        name.push_str(cursor.take_while(|next| !matches!(next, '-' | ':' | '.' | ',' | '>' | '(' | ')')));
    }
    name
}
