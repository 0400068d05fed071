//! run: Statement → Answer, the one effect: a transaction as the caller. It deliberately does not look into the rows: the
//! body stays in the host.

use crate::plan::Plan;
use crate::query::{Parameter, Statement, cell};
use crate::refusal::{Failure, Refusal, from_postgres};
use crate::request::Intent;
use sdk_plugin::sql::{self, Access, Mode, Rows, Transaction};
use sdk_plugin::{Body, Problem};
use std::str::FromStr;

/// What the database said.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) counts: Counts,
    pub(crate) body: Option<Body>,
}

/// All but the rows themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// All that the filters leave, if that was to be counted.
    pub(crate) total: Option<u64>,
    /// The rows read or written, with the one that was looked at beyond the limit.
    pub(crate) page: u64,
    /// The written row's key, as a JSON array of text.
    pub(crate) key: Option<String>,
    /// Rows inserted by a merge, less those merged.
    pub(crate) inserted: Option<i64>,
}

/// What must hold of the result for it to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Check {
    singular: bool,
    at_most: Option<u64>,
    /// The one row that was named was among the payload's.
    matching: bool,
    /// The host may refuse the result, for its size.
    fits: bool,
}

impl Check {
    pub(crate) fn of(intent: &Intent, plan: &Plan<'_>) -> Self {
        let preferences = &intent.preferences;
        let limited = matches!(plan, Plan::Update(_) | Plan::Delete(_)) && preferences.strict();
        let at_most = preferences.max_affected.filter(|_| limited);
        Self {
            singular: intent.media.singular,
            at_most,
            matching: matches!(plan, Plan::Replace(_)),
            fits: plan.returns_many(),
        }
    }

    pub(crate) fn apply(self, rows: u64) -> Result<(), Refusal> {
        if self.matching && rows != 1 {
            return Err(Refusal::replace_mismatch());
        }
        if let Some(at_most) = self.at_most
            && rows > at_most
        {
            return Err(Refusal::too_many_affected(rows));
        }
        if self.singular && rows != 1 { Err(Refusal::not_singular(rows)) } else { Ok(()) }
    }
}

/// Runs `statement`, and keeps what it did only if `check` holds.
pub(crate) fn run(
    statement: &Statement<'_>,
    access: Access,
    check: Check,
    payload: Option<&Body>,
    authenticated: impl Fn() -> bool,
) -> Result<Answer, Failure> {
    let refused = |problem: Problem| from_postgres(problem, authenticated());
    let parameters = parameters(statement, payload);
    if access == Access::ReadOnly || check == Check::default() {
        let rows = sql::query(Mode::Caller, access, &statement.text, &parameters).map_err(refused)?;
        return checked(&rows, access, check);
    }
    let transaction = sql::begin(Mode::Caller, access).map_err(refused)?;
    let rows = transaction.query(&statement.text, &parameters).map_err(refused)?;
    // A refusal drops the transaction here, which rolls it back.
    let answer = checked(&rows, access, check)?;
    Transaction::commit(transaction).map_err(refused)?;
    Ok(answer)
}

fn parameters<'a>(statement: &Statement<'_>, payload: Option<&'a Body>) -> Vec<sql::Parameter<'a>> {
    let parameter = |parameter: &Parameter<'_>| match parameter {
        Parameter::Text(text) => sql::Parameter::Text(text.as_ref().to_owned()),
        Parameter::Payload => payload.map_or(sql::Parameter::Null, sql::Parameter::Body),
    };
    statement.parameters.iter().map(parameter).collect()
}

fn checked(rows: &Rows, access: Access, check: Check) -> Result<Answer, Failure> {
    let answer = answer(rows, access);
    check.apply(answer.counts.page)?;
    Ok(answer)
}

fn answer(rows: &Rows, access: Access) -> Answer {
    let all = [cell::TOTAL, cell::PAGE, cell::KEY, cell::INSERTED];
    let mut values = rows.values(0, if access == Access::ReadWrite { &all } else { &all[..2] }).into_iter();
    let mut next = || values.next().flatten();
    let (total, page, key, inserted) = (next(), next(), next(), next());
    let counts = Counts { total: number(total), page: number(page).unwrap_or(0), key, inserted: number(inserted) };
    Answer { counts, body: rows.value_body(0, cell::BODY) }
}

fn number<T: FromStr>(text: Option<String>) -> Option<T> {
    text?.parse().ok()
}
