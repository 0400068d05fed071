//! Parameters and results, both in Postgres' text form. It converts nothing.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio_postgres::types::Type;

use super::catalogue::Catalogue;

/// A value for a statement; its type is the one that Postgres infers.
#[derive(Debug, Clone)]
pub enum Parameter {
    /// NULL.
    Null,
    /// The text form.
    Text(String),
    /// The text form, as bytes.
    Bytes(Bytes),
    /// The type's binary form: the content of a `bytea` as it is.
    Raw(Bytes),
}

impl Parameter {
    /// Its bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Null => 0,
            Self::Text(text) => text.len() as u64,
            Self::Bytes(bytes) | Self::Raw(bytes) => bytes.len() as u64,
        }
    }
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// As the statement names it.
    pub name: String,
    /// `pg_type.oid`.
    pub type_oid: u32,
}

/// A finished result: the values lie in the buffer that they arrived in.
#[derive(Debug, Clone)]
pub struct Rows {
    pub(crate) columns: Arc<[Column]>,
    pub(crate) rows: Vec<Bytes>,
    pub(crate) affected: u64,
    pub(crate) catalogue: Arc<Catalogue>,
}

impl Rows {
    /// The columns, in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// `pg_type.typname`, or the type's number when it was made after the catalogue was read.
    pub fn type_name(&self, column: &Column) -> Cow<'_, str> {
        if let Some(known) = Type::from_oid(column.type_oid) {
            return known.name().to_owned().into();
        }
        match self.catalogue.type_name(column.type_oid) {
            Some(name) => name.into(),
            None => column.type_oid.to_string().into(),
        }
    }

    /// The number of rows returned.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row was returned.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of memory, about.
    pub fn size(&self) -> u64 {
        self.rows.iter().map(|row| (row.len() + size_of::<Bytes>()) as u64).sum()
    }

    /// The number of rows that the command reports.
    pub fn affected(&self) -> u64 {
        self.affected
    }

    /// One value; `None` for NULL. Panics when there is no such row or column.
    pub fn value(&self, row: usize, column: usize) -> Option<&str> {
        let body = &self.rows[row];
        self.range(row, column).map(|range| text(&body[range]))
    }

    /// One value without copying it; `None` for NULL. Panics when there is no such row or column.
    pub fn value_bytes(&self, row: usize, column: usize) -> Option<Bytes> {
        self.range(row, column).map(|range| self.rows[row].slice(range))
    }

    /// The same, with the bytes that a `bytea` stands for in place of its text form.
    pub fn value_content(&self, row: usize, column: usize) -> Option<Bytes> {
        let text = self.value_bytes(row, column)?;
        let is_bytes = self.columns[column].type_oid == Type::BYTEA.oid();
        Some(is_bytes.then(|| decode(&text)).flatten().unwrap_or(text))
    }

    /// A row's values. Panics when there is no such row.
    pub fn row(&self, row: usize) -> impl Iterator<Item = Option<&str>> {
        let body = &self.rows[row];
        Values::new(body).map(|range| range.map(|range| text(&body[range])))
    }

    fn range(&self, row: usize, column: usize) -> Option<Range<usize>> {
        Values::new(&self.rows[row]).nth(column).expect("a column of this result")
    }
}

/// `\x00ff`; the older escaped form is left as it is.
fn decode(text: &[u8]) -> Option<Bytes> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? * 16 + digit(*pair.get(1)?)?).ok();
    text.strip_prefix(b"\\x")?.chunks(2).map(byte).collect()
}

/// All rows were checked on arrival.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("checked on arrival")
}

/// Whether all values are UTF-8. A database in `SQL_ASCII` holds whatever was written to it.
pub(crate) fn is_text(row: &[u8]) -> bool {
    Values::new(row).flatten().all(|range| std::str::from_utf8(&row[range]).is_ok())
}

/// Where the values of a row lie: after a count, each has its length, or −1 for NULL.
pub(crate) struct Values<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Values<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { body, at: 2 }
    }
}

impl Iterator for Values<'_> {
    type Item = Option<Range<usize>>;

    fn next(&mut self) -> Option<Self::Item> {
        let length = self.body.get(self.at..self.at + 4)?;
        let length = i32::from_be_bytes(length.try_into().ok()?);
        let start = self.at + 4;
        let end = start + usize::try_from(length).unwrap_or(0);
        self.at = end;
        // A length beyond the message would be a server's lie: the row ends before it.
        (end <= self.body.len()).then(|| (length >= 0).then_some(start..end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(values: &[Option<&str>]) -> Vec<u8> {
        let mut body = (values.len() as u16).to_be_bytes().to_vec();
        for value in values {
            body.extend(value.map_or(-1, |text| text.len() as i32).to_be_bytes());
            body.extend(value.unwrap_or_default().as_bytes());
        }
        body
    }

    #[test]
    fn null_and_the_empty_text_differ() {
        let rows = Rows {
            columns: [].into(),
            rows: vec![body(&[None, Some(""), Some("x")]).into()],
            affected: 1,
            catalogue: Arc::default(),
        };
        assert_eq!(rows.row(0).collect::<Vec<_>>(), [None, Some(""), Some("x")]);
        assert_eq!(rows.value(0, 2), Some("x"));
        assert_eq!(rows.value_bytes(0, 1), Some(Bytes::new()));
    }

    #[test]
    fn a_length_beyond_the_message_ends_the_row() {
        let mut lie = body(&[Some("x")]);
        lie[5] = 200;
        assert_eq!(Values::new(&lie).count(), 0);
    }
}
