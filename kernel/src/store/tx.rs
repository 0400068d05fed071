//! The only way to run a statement for somebody: as whom, how far it may go, and until when.
//!
//! A caller's statement runs in a transaction in which role and claims are set locally, by a step before it that it cannot
//! run without. It does not look for `SET ROLE` in the text: that is why acting as the caller takes a trusted plugin.

mod keyword;
mod options;
mod scope;

use std::time::Instant;

use super::pool::{Lease, Overdue};
use super::session::{Answer, Cap, Failure, Status, Step};
use super::{Login, Parameter, Rows, Store};
use crate::error::{Error, Result, code};
use crate::identity::Identity;
use keyword::is_plain;
pub use options::Options;
use scope::Scope;

/// Who a statement runs as.
#[derive(Debug, Clone, Copy)]
pub enum Actor<'a> {
    /// A plugin's own login.
    Own(&'a Login),
    /// The caller of a request.
    Caller(&'a Identity),
    /// The role that row-level security does not hold back, for the caller of a request: the claims stay the caller's, so
    /// that triggers can tell who asked.
    Service(&'a Identity),
}

/// What a statement may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read. Postgres refuses the rest.
    ReadOnly,
    /// Anything that the actor may.
    ReadWrite,
}

/// How far a statement may go.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// When it is cancelled.
    pub deadline: Instant,
    /// The most rows of a result.
    pub rows: u32,
    /// The most bytes of a result.
    pub bytes: u64,
}

impl Limits {
    fn cap(&self) -> Cap {
        Cap { rows: self.rows, bytes: self.bytes }
    }
}

const BEGIN: Step<'static> = Step { role: "", sql: "begin", parameters: &[] };
const COMMIT: Step<'static> = Step { role: "", sql: "commit", parameters: &[] };
const ROLLBACK: Step<'static> = Step { role: "", sql: "rollback", parameters: &[] };

impl Store {
    /// Runs one statement in a transaction of its own, in one round trip.
    ///
    /// A result over its limit is an error, but what the statement changed may have been kept: use a transaction where
    /// that matters.
    pub async fn query(
        &self,
        actor: Actor<'_>,
        access: Access,
        sql: &str,
        parameters: &[Parameter],
        limits: Limits,
    ) -> Result<Rows> {
        self.query_with(actor, access, Options::default(), sql, parameters, limits).await
    }

    /// The same, with what holds for its transaction.
    pub async fn query_with(
        &self,
        actor: Actor<'_>,
        access: Access,
        options: Options,
        sql: &str,
        parameters: &[Parameter],
        limits: Limits,
    ) -> Result<Rows> {
        let scope = Scope::new(actor, access, self.authenticator())?.with(options)?;
        self.once(&scope, sql, parameters, limits).await
    }

    /// Runs one statement as the request login itself: no role, no claims. For benchmarks, as the floor to compare with.
    pub async fn query_bare(&self, sql: &str, parameters: &[Parameter], limits: Limits) -> Result<Rows> {
        self.once(&Scope::bare(self.authenticator()), sql, parameters, limits).await
    }

    /// Opens a transaction. The server hears of it with the first statement.
    pub async fn begin(&self, actor: Actor<'_>, access: Access, limits: Limits) -> Result<Transaction> {
        self.begin_with(actor, access, Options::default(), limits).await
    }

    /// The same, with what holds for it.
    pub async fn begin_with(
        &self,
        actor: Actor<'_>,
        access: Access,
        options: Options,
        limits: Limits,
    ) -> Result<Transaction> {
        let scope = Scope::new(actor, access, self.authenticator())?.with(options)?;
        let lease = self.pool().acquire(&scope.login, limits.deadline).await?;
        Ok(Transaction { store: self.clone(), lease, scope, limits, state: State::New, assumed: false })
    }

    async fn once(&self, scope: &Scope, sql: &str, parameters: &[Parameter], limits: Limits) -> Result<Rows> {
        let plain = is_plain(sql);
        let main = Step { role: &scope.role, sql, parameters };
        let (steps, at) = scope.batch(main, plain);
        let mut again = true;
        loop {
            let mut lease = self.pool().acquire(&scope.login, limits.deadline).await?;
            lease.tainted |= !plain;
            let failure = match lease.run(&steps, at, limits.cap(), limits.deadline).await {
                Ok(Ok(answer)) => return Ok(self.rows(answer)),
                Ok(Err(failure)) => failure,
                Err(Overdue) => return Err(overdue()),
            };
            if !(again && is_worth_another_try(&failure, &mut lease, scope)) {
                return Err(scope.blame(failure, &steps).into_error());
            }
            again = false;
        }
    }

    fn rows(&self, answer: Answer) -> Rows {
        let affected = answer.affected();
        Rows { columns: answer.columns, rows: answer.rows, affected, catalogue: self.catalogue() }
    }
}

/// After DDL a prepared statement may have to be prepared anew: nothing has happened yet. And a server that restarted may
/// be noticed only now; a statement that could write may have been its last.
fn is_worth_another_try(failure: &Failure, lease: &mut Lease, scope: &Scope) -> bool {
    match failure {
        Failure::Step { reported, .. } => reported.stale && lease.session().status() == Status::Idle,
        Failure::Broken(_) => lease.reused && lease.session().is_lost() && scope.access == Access::ReadOnly,
        Failure::TooLarge => false,
    }
}

fn overdue() -> Error {
    Error::new(&code::SQL_TIMEOUT, "the statement did not end before the deadline and was cancelled")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Ended,
}

/// An open transaction. Dropping it rolls it back, and cancels the statement that runs in it.
pub struct Transaction {
    store: Store,
    lease: Lease,
    scope: Scope,
    limits: Limits,
    state: State,
    /// Whether role and claims are set.
    assumed: bool,
}

impl Transaction {
    /// Runs a statement.
    pub async fn query(&mut self, sql: &str, parameters: &[Parameter]) -> Result<Rows> {
        self.lease.tainted |= !is_plain(sql);
        let first = self.state == State::New;
        match self.attempt(sql, parameters).await {
            Err(Failure::Step { reported, .. }) if first && reported.stale && self.restart().await => {
                self.attempt(sql, parameters).await
            }
            outcome => outcome,
        }
        .map(|answer| self.store.rows(answer))
        .map_err(Failure::into_error)
    }

    /// Keeps what was done. An error when the transaction had failed before: then nothing was kept.
    pub async fn commit(mut self) -> Result<()> {
        match self.end(COMMIT).await?.as_str() {
            "ROLLBACK" => Err(failed()),
            _ => Ok(()),
        }
    }

    /// Undoes what was done.
    pub async fn rollback(mut self) -> Result<()> {
        self.end(ROLLBACK).await.map(drop)
    }

    async fn attempt(&mut self, sql: &str, parameters: &[Parameter]) -> Result<Answer, Failure> {
        let mut steps = Vec::with_capacity(4);
        match self.state {
            State::New => steps.push(BEGIN),
            State::Open => {}
            State::Ended => return Err(Failure::Broken(Box::new(closed()))),
        }
        if !self.assumed {
            steps.extend(self.scope.assume());
        }
        steps.push(Step { role: &self.scope.role, sql, parameters });
        let ran = self.lease.run(&steps, steps.len() - 1, self.limits.cap(), self.limits.deadline).await;
        let outcome = ran.unwrap_or_else(|Overdue| Err(Failure::Broken(Box::new(overdue()))));
        let outcome = outcome.map_err(|failure| self.scope.blame(failure, &steps));
        self.note(&outcome);
        outcome
    }

    /// Where the transaction stands by the server's own word, whatever the statement's text was.
    fn note(&mut self, outcome: &Result<Answer, Failure>) {
        let session = self.lease.session();
        let is_over = session.is_busy() || session.is_lost() || session.status() == Status::Idle;
        self.state = if is_over { State::Ended } else { State::Open };
        // `COMMIT AND CHAIN` opens the next transaction, in which nothing is set; a failed step may not have set it.
        self.assumed = matches!(outcome, Ok(answer) if !matches!(answer.tag.as_str(), "COMMIT" | "ROLLBACK"))
            || (self.assumed && outcome.is_err());
    }

    /// Goes back to before the first statement.
    async fn restart(&mut self) -> bool {
        let is_clean = self.lease.session().execute("rollback").await.is_ok();
        self.state = State::New;
        self.assumed = false;
        is_clean
    }

    async fn end(&mut self, how: Step<'_>) -> Result<String> {
        match self.state {
            State::New => return Ok(String::new()),
            State::Open => self.state = State::Ended,
            State::Ended => return Err(closed()),
        }
        let ran = self.lease.run(&[how], 0, Cap::NONE, self.limits.deadline).await;
        let answer = ran.map_err(|Overdue| overdue())?.map_err(Failure::into_error)?;
        Ok(answer.tag)
    }
}

fn closed() -> Error {
    Error::new(&code::SQL_CLOSED, "the transaction has ended")
}

fn failed() -> Error {
    let error = Error::new(&code::SQL_CLOSED, "the transaction had failed and was rolled back");
    Error { code: "25P02".into(), kind: crate::error::Kind::Conflict, ..error }
}
