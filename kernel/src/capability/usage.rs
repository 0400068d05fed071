//! What one call has used of what is counted by number, time and size: statements, dispatches, fetches, log lines.
//!
//! Computation and memory are counted by the engine.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result, code};

/// What one call may use.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Time in SQL, all statements together.
    pub sql_time: Duration,
    /// Statements.
    pub sql_statements: u32,
    /// Calls of other plugins.
    pub dispatches: u32,
    /// Requests to servers outside.
    pub fetches: u32,
    /// Bytes of their bodies and of those of the answers, all together.
    pub fetch_bytes: u64,
}

/// What it has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Statements.
    pub sql_statements: u32,
    /// Time in SQL; waiting for a connection is part of it.
    pub sql_time: Duration,
    /// Rows of all results.
    pub sql_rows: u64,
    /// Calls of other plugins.
    pub dispatches: u32,
    /// Requests to servers outside.
    pub fetches: u32,
    /// Bytes of their bodies and of those of the answers.
    pub fetch_bytes: u64,
    /// Lines written to the log, those dropped not counted.
    pub log_lines: u32,
}

impl Usage {
    /// Counts a statement that is about to run. Until when it may.
    ///
    /// # Errors
    /// `sql.too-many-statements` or `sql.time-spent`.
    pub(super) fn statement(&mut self, budget: &Budget, now: Instant) -> Result<Instant> {
        if self.sql_statements >= budget.sql_statements {
            let message = format!("one call of the plugin may run {} statements", budget.sql_statements);
            return Err(Error::new(&code::SQL_TOO_MANY, message));
        }
        let left = budget.sql_time.saturating_sub(self.sql_time);
        if left.is_zero() {
            return Err(spent(budget));
        }
        self.sql_statements += 1;
        Ok(now + left)
    }

    /// Counts what a statement took. A statement that was stopped says why: the call's deadline, or its time in SQL.
    pub(super) fn took<T>(&mut self, budget: &Budget, time: Duration, outcome: Result<T>) -> Result<T> {
        self.sql_time = self.sql_time.saturating_add(time);
        match outcome {
            Err(fault) if fault.code == code::SQL_TIMEOUT.name && self.sql_time >= budget.sql_time => {
                Err(spent(budget).source(fault))
            }
            outcome => outcome,
        }
    }

    /// Counts a call of another plugin.
    ///
    /// # Errors
    /// `dispatch.too-many`.
    pub fn dispatch(&mut self, budget: &Budget) -> Result<()> {
        if self.dispatches >= budget.dispatches {
            let message = format!("one call of the plugin may ask {} routes", budget.dispatches);
            return Err(Error::new(&code::DISPATCH_TOO_MANY, message)
                .hint("an operator can raise the plugin's limit `dispatches`"));
        }
        self.dispatches += 1;
        Ok(())
    }
}

/// Requests to servers outside, of which several can be under way at once, and the bytes of their bodies and answers.
#[derive(Debug, Default)]
pub struct Traffic {
    fetches: AtomicU32,
    bytes: AtomicU64,
}

impl Traffic {
    /// Counts a request to a server outside.
    ///
    /// # Errors
    /// `fetch.too-many`.
    pub(super) fn fetch(&self, budget: &Budget) -> Result<()> {
        if self.fetches.fetch_add(1, Ordering::Relaxed) < budget.fetches {
            return Ok(());
        }
        self.fetches.fetch_sub(1, Ordering::Relaxed);
        let message = format!("one call of the plugin may fetch {} times", budget.fetches);
        Err(Error::new(&code::FETCH_TOO_MANY, message).hint("an operator can raise the plugin's limit `fetches`"))
    }

    /// Counts bytes that were sent or came back.
    ///
    /// # Errors
    /// `fetch.too-many`.
    pub(super) fn fetched(&self, budget: &Budget, bytes: u64) -> Result<()> {
        let all = self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if all <= budget.fetch_bytes {
            return Ok(());
        }
        let message = format!("one call of the plugin may send and get {} bytes", budget.fetch_bytes);
        Err(Error::new(&code::FETCH_TOO_MANY, message).hint("an operator can raise the plugin's limit `fetch_bytes`"))
    }

    /// What there was so far.
    pub(super) fn add_to(&self, usage: Usage) -> Usage {
        let fetches = self.fetches.load(Ordering::Relaxed);
        Usage { fetches, fetch_bytes: self.bytes.load(Ordering::Relaxed), ..usage }
    }
}

fn spent(budget: &Budget) -> Error {
    let message = format!("one call of the plugin may spend {:?} in SQL", budget.sql_time);
    Error::new(&code::SQL_TIME_SPENT, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget =
        Budget { sql_time: Duration::from_secs(2), sql_statements: 2, dispatches: 1, fetches: 1, fetch_bytes: 10 };

    #[test]
    fn statements_share_the_time_and_are_numbered() {
        let (mut usage, now) = (Usage::default(), Instant::now());
        let second = Duration::from_secs(1);
        assert_eq!(usage.statement(&BUDGET, now).expect("the first"), now + second * 2);
        usage.took(&BUDGET, second, Ok(())).expect("no fault");
        assert_eq!(usage.statement(&BUDGET, now).expect("the second"), now + second);
        assert_eq!(usage.statement(&BUDGET, now).expect_err("the third").code, "sql.too-many-statements");
        let late = || Err::<(), _>(Error::new(&code::SQL_TIMEOUT, ""));
        assert_eq!(usage.took(&BUDGET, Duration::ZERO, late()).expect_err("late").code, "sql.timeout");
        assert_eq!(usage.took(&BUDGET, second, late()).expect_err("late").code, "sql.time-spent");
        usage.sql_statements = 0;
        assert_eq!(usage.statement(&BUDGET, now).expect_err("no time is left").code, "sql.time-spent");
    }

    #[test]
    fn dispatches_are_numbered() {
        let mut usage = Usage::default();
        usage.dispatch(&BUDGET).expect("the first");
        assert_eq!(usage.dispatch(&BUDGET).expect_err("the second").code, "dispatch.too-many");
    }

    #[test]
    fn fetches_are_numbered_and_their_bytes_added_up() {
        let traffic = Traffic::default();
        traffic.fetch(&BUDGET).expect("the first");
        assert_eq!(traffic.fetch(&BUDGET).expect_err("the second").code, "fetch.too-many");
        traffic.fetched(&BUDGET, 6).expect("some bytes");
        traffic.fetched(&BUDGET, 4).expect("all bytes");
        assert_eq!(traffic.add_to(Usage::default()), Usage { fetches: 1, fetch_bytes: 10, ..Usage::default() });
        assert_eq!(traffic.fetched(&BUDGET, 1).expect_err("one more").code, "fetch.too-many");
    }
}
