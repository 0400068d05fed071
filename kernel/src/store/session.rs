//! One logged-in connection: prepared statements, batches of them in one round trip, and scripts.
//!
//! It belongs to one user at a time and knows nothing of roles, pools or deadlines.

pub(crate) mod batch;
mod reading;
mod script;
mod statement;

use std::time::Instant;

pub(crate) use batch::{Answer, Cap, Failure, Step};
pub use script::{ResultSet, Script};

use super::fault;
use super::wire::{Address, Greeting, Wire, greet};
use crate::error::{Error, Result};
use statement::Statements;

/// Whether a transaction is open, as the server reports it after each batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Idle,
    Open,
    /// Open, and good for nothing but a rollback.
    Failed,
}

/// A logged-in connection.
pub(crate) struct Session {
    wire: Wire,
    pub(crate) greeting: Greeting,
    pub(crate) born: Instant,
    statements: Statements,
    status: Status,
    /// Between the first byte sent and the last byte received: whoever stops in between leaves a running statement.
    busy: bool,
    /// Whether a channel was notified since the last look.
    heard: bool,
}

impl Session {
    /// Logs in.
    pub(crate) async fn open(address: &Address) -> Result<Self> {
        let (wire, greeting) = greet(address).await?;
        Ok(Self {
            wire,
            greeting,
            born: Instant::now(),
            statements: Statements::default(),
            status: Status::Idle,
            busy: false,
            heard: false,
        })
    }

    pub(crate) fn status(&self) -> Status {
        self.status
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Whether the connection is lost, and with it the process on the other side.
    pub(crate) fn is_lost(&self) -> bool {
        self.wire.broken
    }

    /// Whether an idle session's server has gone.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.wire.has_ended()
    }

    /// A single statement of the kernel's own, without limits.
    pub(crate) async fn ask(&mut self, sql: &str, parameters: &[super::Parameter]) -> Result<Answer> {
        let step = Step { role: "", sql, parameters };
        self.run(&[step], 0, Cap::NONE).await.map_err(Failure::into_error)
    }

    /// Says good-bye, so that the server logs no broken connection.
    pub(crate) async fn close(mut self) {
        postgres_protocol::message::frontend::terminate(&mut self.wire.outbox);
        let _ = self.wire.flush().await;
    }

    fn ready(&mut self, status: u8) {
        self.busy = false;
        self.status = match status {
            b'I' => Status::Idle,
            b'T' => Status::Open,
            _ => Status::Failed,
        };
    }
}

fn lost(source: std::io::Error) -> Error {
    fault::unreachable(source)
}
