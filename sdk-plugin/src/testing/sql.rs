//! SQL as a test scripts it: each statement is noted and answered by the rule that fits. It deliberately understands no SQL; what a
//! statement does is for a test against a kernel.

use std::cell::Cell;

use super::state::{self, State};
use crate::{Body, Problem};

/// Who a statement runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// The plugin's own login.
    Own,
    /// The caller of this request, under row-level security.
    Caller,
    /// As `service_role`, past row-level security.
    Service,
}

/// What a statement may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Read.
    ReadOnly,
    /// Read and write.
    ReadWrite,
}

/// A value for `$1`, `$2` …
#[derive(Debug)]
pub enum Parameter<'a> {
    /// NULL.
    Null,
    /// The value's text form.
    Text(String),
    /// The body's bytes as the text form.
    Body(&'a Body),
    /// The body's bytes as the type's binary form.
    Raw(&'a Body),
}

/// What holds for a transaction.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Settings for the transaction alone, by name and value.
    pub settings: Vec<(String, String)>,
    /// Statements that run before.
    pub before: Vec<String>,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// As the statement names it.
    pub name: String,
    /// As in `pg_type.typname`; of scripted results always `text`.
    pub type_name: String,
}

/// A statement that the plugin ran, or `begin`, `commit` and `rollback`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Who it ran as.
    pub mode: Mode,
    /// What it might do.
    pub access: Access,
    /// Its text.
    pub text: String,
    /// Its parameters; bodies as text.
    pub parameters: Vec<Option<String>>,
}

/// A result, as a test gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<Option<String>>>,
    affected: Option<u64>,
}

impl Table {
    /// One without rows, of these columns.
    pub fn new<const N: usize>(columns: [&str; N]) -> Self {
        Self { columns: columns.map(str::to_owned).into(), ..Self::default() }
    }

    /// What a statement without `returning` gives that changed so many rows.
    pub fn affected(count: u64) -> Self {
        Self { affected: Some(count), ..Self::default() }
    }

    /// Adds a row of values in their text form.
    #[must_use]
    pub fn row<const N: usize>(self, values: [&str; N]) -> Self {
        self.row_with_nulls(values.map(Some))
    }

    /// The same, with `None` for NULL.
    #[must_use]
    pub fn row_with_nulls<const N: usize>(mut self, values: [Option<&str>; N]) -> Self {
        assert_eq!(values.len(), self.columns.len(), "a row has a value for each of {:?}", self.columns);
        self.rows.push(values.map(|value| value.map(str::to_owned)).into());
        self
    }
}

/// A finished result.
#[derive(Debug)]
pub struct Rows {
    table: Table,
    cursor: Cell<usize>,
}

impl Rows {
    /// The columns, in the statement's order.
    pub fn columns(&self) -> Vec<Column> {
        let column = |name: &String| Column { name: name.clone(), type_name: "text".to_owned() };
        self.table.columns.iter().map(column).collect()
    }

    /// The number of rows returned.
    pub fn length(&self) -> u32 {
        self.table.rows.len() as u32
    }

    /// The number of rows that the command reports as affected.
    pub fn affected(&self) -> u64 {
        self.table.affected.unwrap_or(self.table.rows.len() as u64)
    }

    /// Up to `max` rows from the cursor on, which moves behind them.
    pub fn next(&self, max: u32) -> Vec<Vec<Option<String>>> {
        let start = self.cursor.get();
        let end = self.table.rows.len().min(start + max as usize);
        self.cursor.set(end);
        self.table.rows[start..end].to_vec()
    }

    /// One value in its text form, by row and column from 0. Panics when there is no such row or column.
    pub fn value(&self, row: u32, column: u32) -> Option<String> {
        self.table.rows[row as usize][column as usize].clone()
    }

    /// Some values of one row.
    pub fn values(&self, row: u32, columns: &[u32]) -> Vec<Option<String>> {
        columns.iter().map(|column| self.value(row, *column)).collect()
    }

    /// The same as `value`, as a body.
    pub fn value_body(&self, row: u32, column: u32) -> Option<Body> {
        self.value(row, column).map(|text| Body::from_text(&text))
    }

    /// The same, with the bytes that `\x00ff` stands for.
    pub fn value_content(&self, row: u32, column: u32) -> Option<Body> {
        let text = self.value(row, column)?;
        Some(bytes(&text).map_or_else(|| Body::from_text(&text), |bytes| Body::new(&bytes)))
    }
}

/// An open transaction. Dropping it rolls it back.
#[derive(Debug)]
pub struct Transaction {
    mode: Mode,
    access: Access,
    is_open: Cell<bool>,
}

impl Transaction {
    /// One statement in it.
    pub fn query(&self, text: &str, parameters: &[Parameter<'_>]) -> Result<Rows, Problem> {
        query(self.mode, self.access, text, parameters)
    }

    /// Keeps what was done.
    pub fn commit(this: Transaction) -> Result<(), Problem> {
        this.end("commit");
        Ok(())
    }

    /// Undoes what was done.
    pub fn rollback(this: Transaction) -> Result<(), Problem> {
        this.end("rollback");
        Ok(())
    }

    fn end(&self, text: &str) {
        if self.is_open.replace(false) {
            note(self.mode, self.access, text, &[]);
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.end("rollback");
    }
}

/// One statement in a transaction of its own.
pub fn query(mode: Mode, access: Access, text: &str, parameters: &[Parameter<'_>]) -> Result<Rows, Problem> {
    state::wanted("sql");
    let statement = note(mode, access, text, parameters);
    let rule = state::with(|state| State::rule(&state.sql, text));
    let rule = rule.unwrap_or_else(|| panic!("nothing answers the statement {text:?}: script it with `host.on_sql`"));
    // Outside of `with`: a rule may look at the host.
    rule(&statement).map(|table| Rows { table, cursor: Cell::new(0) })
}

/// The same, with what holds for its transaction: statements of the test's like any others, `set …` for settings.
pub fn query_with(
    mode: Mode,
    access: Access,
    options: &Options,
    text: &str,
    parameters: &[Parameter<'_>],
) -> Result<Rows, Problem> {
    prepare(mode, access, options)?;
    query(mode, access, text, parameters)
}

/// A transaction of several statements, with what holds for it.
pub fn begin_with(mode: Mode, access: Access, options: &Options) -> Result<Transaction, Problem> {
    let transaction = begin(mode, access)?;
    prepare(mode, access, options)?;
    Ok(transaction)
}

fn prepare(mode: Mode, access: Access, options: &Options) -> Result<(), Problem> {
    for (name, value) in &options.settings {
        note(mode, access, &format!("set {name} = {value}"), &[]);
    }
    options.before.iter().try_for_each(|text| query(mode, access, text, &[]).map(drop))
}

/// What Postgres' text form of a `bytea` stands for; none of any other text.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x").filter(|digits| digits.len() % 2 == 0 && digits.is_ascii())?;
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok()).collect()
}

/// A transaction of several statements.
pub fn begin(mode: Mode, access: Access) -> Result<Transaction, Problem> {
    state::wanted("sql");
    note(mode, access, "begin", &[]);
    Ok(Transaction { mode, access, is_open: Cell::new(true) })
}

fn note(mode: Mode, access: Access, text: &str, parameters: &[Parameter<'_>]) -> Statement {
    let value = |parameter: &Parameter<'_>| match parameter {
        Parameter::Null => None,
        Parameter::Text(text) => Some(text.clone()),
        Parameter::Body(body) | Parameter::Raw(body) => Some(String::from_utf8_lossy(body.bytes()).into_owned()),
    };
    let parameters = parameters.iter().map(value).collect();
    let statement = Statement { mode, access, text: text.to_owned(), parameters };
    state::with(|state| state.statements.push(statement.clone()));
    statement
}
