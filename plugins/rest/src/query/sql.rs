//! Writing SQL text. It deliberately offers no way to put a value into the text, and no name without quotes.

use super::{Parameter, Statement};
use sdk_plugin::schema::Relation;
use std::borrow::Cow;

/// A statement being written.
#[derive(Clone, Debug)]
pub(crate) struct Sql<'a> {
    statement: Statement<'a>,
}

/// Whose columns are meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From<'a> {
    Relation(&'a Relation),
    /// A part of the statement itself, by its name there.
    Part(&'static str),
}

/// More than most statements need: text that grows is copied, and most of a plugin's time goes into memory.
const ROOM: usize = 1024;

impl<'a> Sql<'a> {
    pub(crate) fn new() -> Self {
        Self { statement: Statement { text: String::with_capacity(ROOM), parameters: Vec::with_capacity(4) } }
    }

    /// SQL of this plugin's own.
    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.statement.text.push_str(text);
        self
    }

    /// A type's name, which the catalogue printed for use in SQL or the parser confined to letters.
    pub(crate) fn type_name(&mut self, name: &str) -> &mut Self {
        self.statement.text.push_str(name);
        self
    }

    /// A name in quotes. Postgres has no name with NUL in it, and would take it for the end of the text.
    pub(crate) fn name(&mut self, name: &str) -> &mut Self {
        let text = &mut self.statement.text;
        text.push('"');
        // Names are most of a statement's text, and hardly one holds either.
        match name.bytes().any(|byte| matches!(byte, b'"' | b'\0')) {
            true => text.extend(name.split('\0').take(1).map(|name| name.replace('"', "\"\""))),
            false => text.push_str(name),
        }
        text.push('"');
        self
    }

    pub(crate) fn relation(&mut self, relation: &Relation) -> &mut Self {
        self.name(&relation.schema).push(".").name(&relation.name)
    }

    pub(crate) fn from(&mut self, from: From<'_>) -> &mut Self {
        match from {
            From::Relation(relation) => self.relation(relation),
            From::Part(name) => self.push(name),
        }
    }

    pub(crate) fn column(&mut self, from: From<'_>, name: &str) -> &mut Self {
        self.from(from).push(".").name(name)
    }

    pub(crate) fn value(&mut self, value: impl Into<Cow<'a, str>>) -> &mut Self {
        self.parameter(Parameter::Text(value.into()))
    }

    pub(crate) fn payload(&mut self) -> &mut Self {
        self.parameter(Parameter::Payload)
    }

    fn parameter(&mut self, parameter: Parameter<'a>) -> &mut Self {
        self.statement.parameters.push(parameter);
        self.statement.text.push('$');
        self.statement.text.push_str(&self.statement.parameters.len().to_string());
        self
    }

    /// Writes each item, with `separator` between them.
    pub(crate) fn list<T>(
        &mut self,
        separator: &'static str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                self.push(separator);
            }
            write(self, item);
        }
        self
    }

    pub(crate) fn finish(self) -> Statement<'a> {
        self.statement
    }
}
