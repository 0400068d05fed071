//! Several statements in one text, without parameters: migrations, `basalt sql`, and the cleaning of connections.
//!
//! Never for text that a request has a part in; for a plugin's migrations there is [`Session::script_unheard`].

use postgres_protocol::message::backend::{ERROR_RESPONSE_TAG, Message};
use postgres_protocol::message::frontend;

use super::{Failure, Session, lost};
use crate::error::{Error, Result};
use crate::store::fault;
use crate::store::rows::Values;
use crate::store::wire::Frame;

/// What one statement of a script returned.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ResultSet {
    /// The names of the columns; none when the statement returns no rows.
    pub columns: Vec<String>,
    /// The rows as text.
    pub rows: Vec<Vec<Option<String>>>,
    /// `INSERT 0 1`.
    pub tag: String,
}

/// What the statements of a script returned, up to the first error.
#[derive(Debug, Default)]
pub struct Script {
    /// One for each statement that ended.
    pub results: Vec<ResultSet>,
    /// Why the rest did not run.
    pub error: Option<Error>,
    /// What the server remarked.
    pub notices: Vec<String>,
}

impl Session {
    /// Runs a script; its error is the result's.
    pub(crate) async fn execute(&mut self, sql: &str) -> Result<Vec<ResultSet>> {
        let script = self.script(sql).await?;
        match script.error {
            Some(error) => Err(error),
            None => Ok(script.results),
        }
    }

    /// Runs a script and keeps what came before an error.
    pub(crate) async fn script(&mut self, sql: &str) -> Result<Script> {
        frontend::query(sql, &mut self.wire.outbox).map_err(lost)?;
        self.busy = true;
        self.wire.flush().await.map_err(lost)?;
        let mut script = Script::default();
        let mut current = ResultSet::default();
        while self.busy {
            match self.wire.receive(u64::MAX).await.map_err(lost)? {
                Frame::Row(row) => current.rows.push(values(&row)),
                Frame::Huge(_) => {}
                Frame::Message(message) => self.note(message, &mut current, &mut script)?,
            }
        }
        Ok(script)
    }

    /// Runs a script of somebody who is not trusted: nothing of what it returns or remarks is kept but the first error.
    pub(crate) async fn script_unheard(&mut self, sql: &str) -> Result<Option<Error>> {
        frontend::query(sql, &mut self.wire.outbox).map_err(lost)?;
        self.busy = true;
        self.wire.flush().await.map_err(lost)?;
        let mut first = None;
        while self.busy {
            match self.wire.receive(0).await.map_err(lost)? {
                Frame::Message(Message::ReadyForQuery(body)) => self.ready(body.status()),
                Frame::Message(Message::ErrorResponse(body)) => {
                    first.get_or_insert(fault::reported(&body).error);
                }
                Frame::Huge(ERROR_RESPONSE_TAG) => {
                    first.get_or_insert(fault::too_long().error);
                }
                Frame::Message(Message::CopyInResponse(_)) => {
                    frontend::copy_fail("there is nothing to read here", &mut self.wire.outbox).map_err(lost)?;
                    self.wire.flush().await.map_err(lost)?;
                }
                _ => {}
            }
        }
        // It may have forgotten what was prepared.
        self.statements.clear();
        Ok(first)
    }

    fn note(&mut self, message: Message, current: &mut ResultSet, script: &mut Script) -> Result<()> {
        match message {
            Message::ReadyForQuery(body) => self.ready(body.status()),
            Message::ErrorResponse(body) => script.error = Some(fault::reported(&body).error),
            Message::RowDescription(body) => current.columns = names(&body).map_err(lost)?,
            Message::CommandComplete(body) => {
                let tag = body.tag().unwrap_or_default();
                if matches!(tag, "DISCARD ALL" | "DEALLOCATE ALL") {
                    self.statements.clear();
                }
                tag.clone_into(&mut current.tag);
                script.results.push(std::mem::take(current));
            }
            Message::NoticeResponse(body) => script.notices.push(fault::notice(&body)),
            Message::NotificationResponse(_) => self.heard = true,
            Message::CopyInResponse(_) => self.refuse_copy()?,
            _ => {}
        }
        Ok(())
    }

    /// The text of a script cannot carry `COPY`'s data; saying so ends the statement.
    fn refuse_copy(&mut self) -> Result<()> {
        Err(fault::refused("COPY FROM STDIN is not possible in a script"))
    }

    /// Waits until a channel that this session listens to is notified. Which one, and how often, makes no difference.
    pub(crate) async fn listen(&mut self) -> Result<()> {
        while !std::mem::take(&mut self.heard) {
            match self.wire.receive(0).await.map_err(lost)? {
                Frame::Message(Message::NotificationResponse(_)) => self.heard = true,
                Frame::Message(Message::ErrorResponse(body)) => return Err(fault::reported(&body).error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads what a cancelled batch still answers, up to its end.
    pub(crate) async fn settle(&mut self) -> Result<(), Failure> {
        while self.busy {
            // No row is wanted any more: each is thrown away as it arrives.
            let frame = self.wire.receive(0).await.map_err(|source| Failure::Broken(Box::new(lost(source))))?;
            if let Frame::Message(Message::ReadyForQuery(body)) = frame {
                self.ready(body.status());
            }
        }
        Ok(())
    }
}

fn names(body: &postgres_protocol::message::backend::RowDescriptionBody) -> std::io::Result<Vec<String>> {
    use fallible_iterator::FallibleIterator as _;
    body.fields().map(|field| Ok(field.name().to_owned())).collect()
}

fn values(row: &[u8]) -> Vec<Option<String>> {
    let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&row[range]).into_owned();
    Values::new(row).map(|value| value.map(text)).collect()
}
