//! Writing SQL text. It deliberately offers no way to put a value into the text, and no name without quotes.

use super::{Parameter, Statement};
use sdk_plugin::schema::Relation;
use std::borrow::Cow;
use std::fmt::Write as _;

/// A statement being written.
#[derive(Clone, Debug, Default)]
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

impl<'a> Sql<'a> {
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
        for character in name.chars().take_while(|character| *character != '\0') {
            if character == '"' {
                text.push('"');
            }
            text.push(character);
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
        // Writing to a string cannot fail.
        let _ = write!(self.statement.text, "${}", self.statement.parameters.len());
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
