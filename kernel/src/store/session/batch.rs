//! Several prepared statements in one round trip, up to one `Sync`.
//!
//! When one fails, the server skips the rest: a statement never runs without the role that an earlier step set. Text that
//! holds several statements is refused by the server itself.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{BufMut as _, Bytes};
use postgres_protocol::IsNull;
use postgres_protocol::message::backend::{DATA_ROW_TAG, ERROR_RESPONSE_TAG, Message};
use postgres_protocol::message::frontend;

use super::reading::{Draft, Reading, columns};
use super::{Session, lost};
use crate::error::{Error, Result, code};
use crate::store::fault::{self, Reported};
use crate::store::rows::{Column, Parameter, Values};
use crate::store::wire::Frame;

/// A statement to run, and whom it is prepared as.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) role: &'a str,
    pub(crate) sql: &'a str,
    pub(crate) parameters: &'a [Parameter],
}

/// How much a result may hold.
#[derive(Clone, Copy)]
pub(crate) struct Cap {
    pub(crate) rows: u32,
    pub(crate) bytes: u64,
}

impl Cap {
    pub(crate) const NONE: Self = Self { rows: u32::MAX, bytes: u64::MAX };
}

/// What a batch's main statement returned.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) columns: Arc<[Column]>,
    pub(crate) rows: Vec<Bytes>,
    /// `INSERT 0 1`.
    pub(crate) tag: String,
}

impl Answer {
    pub(crate) fn affected(&self) -> u64 {
        self.tag.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// Each row's values as text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = Vec<Option<String>>> {
        self.rows.iter().map(|row| {
            let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&row[range]).into_owned();
            Values::new(row).map(|value| value.map(text)).collect()
        })
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server refused a step.
    Step { at: usize, reported: Box<Reported> },
    /// There is no telling what happened: the connection is lost, or in a state that only closing it ends.
    Broken(Box<Error>),
    /// The result is over its cap; the statement may still be running.
    TooLarge,
}

impl Failure {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Step { reported, .. } => reported.error,
            Self::Broken(error) => *error,
            Self::TooLarge => Error::new(&code::SQL_TOO_LARGE, "the result is larger than its limit")
                .hint("ask for fewer rows or columns, or raise the plugin's limits"),
        }
    }

    fn broken(source: std::io::Error) -> Self {
        Self::Broken(Box::new(lost(source)))
    }
}

impl Session {
    /// Runs the steps in order; the answer is that of step `main`.
    pub(crate) async fn run(&mut self, steps: &[Step<'_>], main: usize, cap: Cap) -> Result<Answer, Failure> {
        let drafts = self.write(steps).inspect_err(|_| self.wire.outbox.clear())?;
        let mut reading = Reading::new(drafts, main, cap);
        self.exchange(&mut reading).await?;
        self.finish(reading, steps)
    }

    async fn exchange(&mut self, reading: &mut Reading<'_>) -> Result<(), Failure> {
        self.busy = true;
        self.wire.flush().await.map_err(Failure::broken)?;
        while self.busy {
            match self.wire.receive(reading.left.bytes).await.map_err(Failure::broken)? {
                Frame::Row(row) => reading.row(row)?,
                Frame::Huge(DATA_ROW_TAG) => return Err(Failure::TooLarge),
                Frame::Huge(ERROR_RESPONSE_TAG) => reading.fail(fault::too_long()),
                Frame::Huge(_) => {}
                Frame::Message(message) => self.hear(message, reading)?,
            }
        }
        Ok(())
    }

    fn write<'a>(&mut self, steps: &[Step<'a>]) -> Result<VecDeque<Draft<'a>>, Failure> {
        let mut drafts = VecDeque::new();
        for name in self.statements.take_evicted() {
            frontend::close(b'S', &name, &mut self.wire.outbox).map_err(Failure::broken)?;
        }
        for step in steps {
            if let Some(draft) = self.write_step(step).map_err(unsendable)? {
                drafts.push_back(draft);
            }
        }
        frontend::sync(&mut self.wire.outbox);
        Ok(drafts)
    }

    fn write_step<'a>(&mut self, step: &Step<'a>) -> std::io::Result<Option<Draft<'a>>> {
        let known = self.statements.find(step.role, step.sql).map(|known| known.name.clone());
        let draft = if known.is_none() { Some(self.parse(*step)?) } else { None };
        let name = known.or_else(|| draft.as_ref().map(|draft| draft.name.clone())).unwrap_or_default();
        bind(&name, step.parameters, &mut self.wire.outbox)?;
        frontend::execute("", 0, &mut self.wire.outbox)?;
        Ok(draft)
    }

    fn parse<'a>(&mut self, step: Step<'a>) -> std::io::Result<Draft<'a>> {
        let name = self.statements.name();
        frontend::parse(&name, step.sql, [], &mut self.wire.outbox)?;
        frontend::describe(b'S', &name, &mut self.wire.outbox)?;
        Ok(Draft { step, name })
    }

    fn hear(&mut self, message: Message, reading: &mut Reading<'_>) -> Result<(), Failure> {
        match message {
            Message::ReadyForQuery(body) => self.ready(body.status()),
            Message::ErrorResponse(body) => reading.fail(fault::reported(&body)),
            Message::RowDescription(body) => self.described(reading, columns(&body).map_err(Failure::broken)?),
            Message::NoData => self.described(reading, [].into()),
            Message::CommandComplete(body) => self.completed(reading, body.tag().unwrap_or_default()),
            Message::EmptyQueryResponse => self.completed(reading, ""),
            Message::NotificationResponse(_) => self.heard = true,
            Message::NoticeResponse(body) => tracing::debug!(target: "basalt::store", "{}", fault::notice(&body)),
            // The server now waits for data that nobody will send.
            Message::CopyInResponse(_) => return Err(no_copy()),
            Message::CopyOutResponse(_) => return Err(no_copy()),
            _ => {}
        }
        Ok(())
    }

    fn described(&mut self, reading: &mut Reading<'_>, columns: Arc<[Column]>) {
        if let Some(Draft { step, name }) = reading.drafts.pop_front() {
            self.statements.insert(step.role, step.sql, name, columns);
        }
    }

    fn completed(&mut self, reading: &mut Reading<'_>, tag: &str) {
        if reading.at == reading.main {
            reading.tag = tag.to_owned();
        }
        reading.at += 1;
        if matches!(tag, "DISCARD ALL" | "DEALLOCATE ALL") {
            self.statements.clear();
        }
    }

    fn finish(&mut self, reading: Reading<'_>, steps: &[Step<'_>]) -> Result<Answer, Failure> {
        if let Some(failure) = reading.failure {
            self.forget_stale(&failure, steps);
            return Err(failure);
        }
        let main = &steps[reading.main];
        let columns = self.statements.find(main.role, main.sql).map(|known| known.columns.clone()).unwrap_or_default();
        Ok(Answer { columns, rows: reading.rows, tag: reading.tag })
    }

    fn forget_stale(&mut self, failure: &Failure, steps: &[Step<'_>]) {
        if let Failure::Step { at, reported } = failure
            && reported.stale
            && let Some(step) = steps.get(*at)
        {
            self.statements.remove(step.role, step.sql);
        }
    }
}

fn bind(name: &str, parameters: &[Parameter], out: &mut bytes::BytesMut) -> std::io::Result<()> {
    let formats = parameters.iter().map(|parameter| i16::from(matches!(parameter, Parameter::Raw(_))));
    let write = |parameter: &Parameter, out: &mut bytes::BytesMut| {
        match parameter {
            Parameter::Null => return Ok(IsNull::Yes),
            Parameter::Text(text) => out.put_slice(text.as_bytes()),
            Parameter::Bytes(bytes) | Parameter::Raw(bytes) => out.put_slice(bytes),
        }
        Ok(IsNull::No)
    };
    // No formats for the results: all of them as text.
    frontend::bind("", name, formats, parameters, write, [], out).map_err(|fault| match fault {
        frontend::BindError::Conversion(source) => std::io::Error::other(source),
        frontend::BindError::Serialization(source) => source,
    })
}

/// A text with a NUL in it, or more parameters than the protocol can count.
fn unsendable(source: std::io::Error) -> Failure {
    let error = Error { code: "22023".into(), ..Error::new(&code::SQL_TOO_LARGE, "the statement cannot be sent") };
    let error = Error { kind: code::kind("22023"), ..error }.source(source);
    Failure::Step { at: usize::MAX, reported: Box::new(Reported { error, stale: false }) }
}

fn no_copy() -> Failure {
    let error = Error {
        code: "0A000".into(),
        ..Error::new(&code::SQL_NOT_GRANTED, "COPY from or to the client is not supported")
    };
    Failure::Broken(Box::new(error))
}
