//! Names of columns, with the JSON path that may follow: `settings->colours->>0`. It deliberately does not ask whether the
//! column exists.

use crate::cursor::{Cursor, Fault};

/// A column, or something within its JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// The column.
    pub name: String,
    /// Where in its JSON.
    pub path: Vec<Step>,
}

/// One arrow and what is after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// `->>`, which gives text, in place of `->`.
    pub text: bool,
    /// What the arrow points to.
    pub key: Key,
}

/// What an arrow points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A member of an object.
    Member(String),
    /// An element of an array.
    Index(i32),
}

impl Field {
    /// A column as a whole.
    pub fn column(name: impl Into<String>) -> Self {
        Self { name: name.into(), path: Vec::new() }
    }

    /// The last member's name on the path, which names the output.
    pub fn last_member(&self) -> Option<&str> {
        self.path.iter().rev().find_map(|step| match &step.key {
            Key::Member(name) => Some(name.as_str()),
            Key::Index(_) => None,
        })
    }
}

/// A field, with spaces around it.
///
/// # Errors
/// When there is none.
pub fn field(cursor: &mut Cursor<'_>) -> Result<Field, Fault> {
    cursor.eat_spaces();
    let field = Field { name: name(cursor)?, path: path(cursor)? };
    cursor.eat_spaces();
    Ok(field)
}

/// A name: quoted, or letters, digits, `_`, `$`, spaces and dashes.
///
/// # Errors
/// When there is none.
pub fn name(cursor: &mut Cursor<'_>) -> Result<String, Fault> {
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
pub fn is_name(next: char) -> bool {
    next.is_alphanumeric() || matches!(next, '_' | ' ' | '$')
}

/// Names with commas between them, as the whole of a parameter.
///
/// # Errors
/// When one is missing or something else follows.
pub fn names(what: &'static str, text: &str) -> Result<Vec<String>, Fault> {
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

/// Names with dots between them, and a JSON path after the last: the way through embedded relations to a field.
///
/// # Errors
/// When a name is missing.
pub fn way(cursor: &mut Cursor<'_>) -> Result<(Vec<String>, Field), Fault> {
    let mut names = vec![name(cursor)?];
    while cursor.eat(".") {
        names.push(name(cursor)?);
    }
    let last = names.pop().unwrap_or_default();
    Ok((names, Field { name: last, path: path(cursor)? }))
}

fn path(cursor: &mut Cursor<'_>) -> Result<Vec<Step>, Fault> {
    let mut path = Vec::new();
    while cursor.eat("->") {
        let text = cursor.eat(">");
        path.push(Step { text, key: key(cursor)? });
    }
    Ok(path)
}

/// What ends a member's name that is not quoted.
fn is_member(next: char) -> bool {
    !matches!(next, '-' | ':' | '.' | ',' | '>' | '(' | ')')
}

fn key(cursor: &mut Cursor<'_>) -> Result<Key, Fault> {
    if let Some(quoted) = cursor.take_quoted() {
        return Ok(Key::Member(quoted));
    }
    let start = cursor.clone();
    let sign = if cursor.eat("-") { "-" } else { "" };
    let word = cursor.take_while(is_member);
    let member = || start.unexpected("\"-\", digit or any non reserved character different from: .,>()");
    let index = word.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("{sign}{word}").parse().ok()).flatten();
    match index {
        Some(index) if !cursor.rest().starts_with('-') || cursor.rest().starts_with("->") => Ok(Key::Index(index)),
        _ if word.is_empty() || !sign.is_empty() => Err(member()),
        _ => Ok(Key::Member(dashed(cursor, word))),
    }
}

/// A member's name goes on after a dash that starts no arrow.
fn dashed(cursor: &mut Cursor<'_>, word: &str) -> String {
    let mut name = word.to_owned();
    while cursor.rest().starts_with('-') && !cursor.rest().starts_with("->") {
        cursor.eat("-");
        name.push('-');
        name.push_str(cursor.take_while(is_member));
    }
    name.trim().to_owned()
}
