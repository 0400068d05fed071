//! The answers to a batch while they arrive: which step they belong to, what is kept of them, what went wrong first.
//!
//! It reads no socket and knows no statement's name.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::RowDescriptionBody;

use super::batch::{Cap, Failure, Step};
use crate::error::{Error, Result, code};
use crate::store::fault::Reported;
use crate::store::rows::{Column, is_text};

/// A statement whose description is on its way.
pub(super) struct Draft<'a> {
    pub(super) step: Step<'a>,
    pub(super) name: Arc<str>,
}

/// The state of reading a batch's answers.
pub(super) struct Reading<'a> {
    pub(super) drafts: VecDeque<Draft<'a>>,
    pub(super) main: usize,
    /// The step whose answer is being read.
    pub(super) at: usize,
    pub(super) rows: Vec<Bytes>,
    pub(super) tag: String,
    pub(super) left: Cap,
    pub(super) failure: Option<Failure>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(drafts: VecDeque<Draft<'a>>, main: usize, cap: Cap) -> Self {
        Self { drafts, main, at: 0, rows: Vec::new(), tag: String::new(), left: cap, failure: None }
    }

    pub(super) fn row(&mut self, row: Bytes) -> Result<(), Failure> {
        if self.at != self.main || self.failure.is_some() {
            return Ok(());
        }
        let size = row.len() as u64;
        if self.left.rows == 0 || self.left.bytes < size {
            return Err(Failure::TooLarge);
        }
        if !is_text(&row) {
            self.failure = Some(not_text(self.at));
            return Ok(());
        }
        self.left.rows -= 1;
        self.left.bytes -= size;
        self.rows.push(row);
        Ok(())
    }

    /// The first error counts. One that comes after all steps is the commit's, and so the main statement's.
    pub(super) fn fail(&mut self, reported: Reported) {
        let at = self.at;
        self.failure.get_or_insert(Failure::Step { at, reported: Box::new(reported) });
    }
}

pub(super) fn columns(body: &RowDescriptionBody) -> std::io::Result<Arc<[Column]>> {
    let columns = body.fields().map(|field| Ok(Column { name: field.name().to_owned(), type_oid: field.type_oid() }));
    Ok(columns.collect::<Vec<_>>()?.into())
}

fn not_text(at: usize) -> Failure {
    let error = Error { code: "22021".into(), ..Error::new(&code::SQL_TOO_LARGE, "a value is not valid UTF-8") };
    let error = Error { kind: code::kind("22021"), ..error }.hint("the database's encoding should be UTF8");
    Failure::Step { at, reported: Box::new(Reported { error, stale: false }) }
}
