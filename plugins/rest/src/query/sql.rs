//! Writing SQL text. It deliberately offers no way to put a value into the text, and no name without quotes.

use super::{Parameter, Statement};
use crate::plan::node::Place;

/// A statement being written.
#[derive(Clone, Debug)]
pub(crate) struct Sql {
    statement: Statement,
}

/// More than most statements need: text that grows is copied, and most of a plugin's time goes into memory.
const ROOM: usize = 1024;

impl Sql {
    pub(crate) fn new() -> Self {
        Self { statement: Statement { text: String::with_capacity(ROOM), parameters: Vec::with_capacity(4) } }
    }

    /// SQL of this plugin's own.
    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.statement.text.push_str(text);
        self
    }

    /// SQL that the catalogue printed for use in SQL: a type, a function, a default; or a type's name that the parser confined
    /// to letters.
    pub(crate) fn trusted(&mut self, text: &str) -> &mut Self {
        self.statement.text.push_str(text);
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

    /// A name of the catalogue as text.
    pub(crate) fn literal(&mut self, text: &str) -> &mut Self {
        let quoted = text.replace('\'', "''").replace('\\', "\\\\");
        self.statement.text.push_str(if text.contains('\\') { "E'" } else { "'" });
        self.statement.text.push_str(&quoted);
        self.statement.text.push('\'');
        self
    }

    pub(crate) fn qualified(&mut self, schema: &str, name: &str) -> &mut Self {
        self.name(schema).push(".").name(name)
    }

    pub(crate) fn place(&mut self, place: &Place) -> &mut Self {
        if let Some(schema) = &place.schema {
            self.name(schema).push(".");
        }
        self.name(&place.name)
    }

    /// A column, or all of them for `*`.
    pub(crate) fn column(&mut self, place: &Place, name: &str) -> &mut Self {
        self.place(place).push(".");
        if name == "*" { self.push("*") } else { self.name(name) }
    }

    pub(crate) fn value(&mut self, value: impl Into<String>) -> &mut Self {
        self.parameter(Parameter::Text(value.into()))
    }

    pub(crate) fn payload(&mut self) -> &mut Self {
        self.parameter(Parameter::Payload)
    }

    pub(crate) fn bytes(&mut self) -> &mut Self {
        self.parameter(Parameter::Bytes)
    }

    fn parameter(&mut self, parameter: Parameter) -> &mut Self {
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

    /// Ends a chain where nothing is to be given back.
    pub(crate) fn done(&mut self) {}

    pub(crate) fn finish(self) -> Statement {
        self.statement
    }
}
