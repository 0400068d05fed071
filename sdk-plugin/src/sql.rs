//! SQL on the instance's Postgres. It deliberately does not build statements: text is written by the plugin, and values go
//! in only as parameters.

use crate::{Body, Problem};

pub use crate::bindings::basalt::sql::sql::{
    Access, Column, Mode, Options, Parameter, Rows, Transaction, begin, begin_with, query, query_with,
};

impl Parameter<'_> {
    /// A value in its text form, or NULL.
    pub fn optional(value: Option<impl Into<String>>) -> Self {
        value.map_or(Self::Null, |value| Self::Text(value.into()))
    }
}

impl From<String> for Parameter<'_> {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&str> for Parameter<'_> {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl<'a> From<&'a Body> for Parameter<'a> {
    fn from(body: &'a Body) -> Self {
        Self::Body(body)
    }
}

impl Rows {
    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.length() == 0
    }

    /// The rows that are left, fetched `batch` at a time.
    pub fn iter(&self, batch: u32) -> impl Iterator<Item = Vec<Option<String>>> + '_ {
        std::iter::repeat_with(move || self.next(batch)).take_while(|rows| !rows.is_empty()).flatten()
    }
}

/// Runs `work` in a transaction: committed when it succeeds, rolled back when it fails. It holds a connection until then.
pub fn transaction<T>(
    mode: Mode,
    access: Access,
    work: impl FnOnce(&Transaction) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let transaction = begin(mode, access)?;
    match work(&transaction) {
        Ok(value) => Transaction::commit(transaction).map(|()| value),
        // The first problem is the one to report, whatever the rollback says.
        Err(problem) => Transaction::rollback(transaction).and(Err(problem.clone())).or(Err(problem)),
    }
}
