//! run: Work → Answer, the one effect: a transaction as the caller. It deliberately does not look into the rows: the
//! body stays in the host.

use crate::config::Config;
use crate::payload::Content;
use crate::plan::Plan;
use crate::plan::media::Handler;
use crate::query::{Parameter, Statement, Work, cell};
use crate::refusal::{Failure, Refusal, from_postgres};
use crate::request::Intent;
use crate::request::prefer::Transaction as Wanted;
use sdk_plugin::sql::{self, Access, Mode, Options, Rows, Transaction};
use sdk_plugin::{Body, Problem, Request};
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
    /// What functions set for the answer.
    pub(crate) headers: Option<String>,
    pub(crate) status: Option<String>,
}

/// What must hold of the result for it to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) single: bool,
    pub(crate) at_most: Option<u64>,
    /// The one row that was named was among the payload's.
    pub(crate) matching: bool,
    /// The host may refuse the result, for its size.
    pub(crate) fits: bool,
}

impl Check {
    pub(crate) fn of(intent: &Intent, plan: &Plan) -> Self {
        let (single, matching, fits) = match plan {
            Plan::Read(read) => (read.shape.media.is_single(), false, false),
            Plan::Call(call) => (call.shape.media.is_single(), false, false),
            Plan::Write(write) => {
                let replaces = matches!(write.change, crate::plan::write::Change::Replace(_));
                (write.shape.media.is_single() && !replaces, replaces, write.returns_many())
            }
            Plan::Allow(_) | Plan::Root => (false, false, false),
        };
        let limited = match plan {
            Plan::Write(write) => !matches!(write.change, crate::plan::write::Change::Insert(_)),
            Plan::Call(_) => true,
            _ => false,
        };
        let at_most = intent.preferences.at_most().filter(|_| limited);
        Self { single, at_most, matching, fits }
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
        if self.single && rows != 1 { Err(Refusal::not_singular(rows)) } else { Ok(()) }
    }
}

/// A statement on its way.
pub(crate) struct Run<'a> {
    pub(crate) request: &'a Request,
    pub(crate) config: &'a Config,
    pub(crate) intent: &'a Intent,
    pub(crate) plan: &'a Plan,
    pub(crate) body: Option<&'a Body>,
    pub(crate) content: &'a Content,
}

impl Run<'_> {
    /// Runs the work, and keeps what it did only if all that must hold does, and the request or the operator did not say
    /// otherwise.
    pub(crate) fn run(&self, work: &Work) -> Result<Answer, Failure> {
        let check = Check::of(self.intent, self.plan);
        let access = self.access();
        let one =
            work.estimate.is_none() && !self.rolls_back() && (access == Access::ReadOnly || check == Check::default());
        let main = &work.main;
        if one {
            let rows = sql::query_with(Mode::Caller, access, &self.options(), &main.text, &self.parameters(main));
            return self.answer(&rows.map_err(|problem| self.refused(problem))?, work, check);
        }
        let transaction = sql::begin_with(Mode::Caller, access, &self.options());
        let transaction = transaction.map_err(|problem| self.refused(problem))?;
        // A refusal drops the transaction, which rolls it back.
        let rows = self.query(&transaction, main)?;
        let mut answer = self.answer(&rows, work, check)?;
        if let Some(estimate) = &work.estimate {
            self.estimate(&mut answer.counts, &transaction, estimate)?;
        }
        self.end(transaction)?;
        Ok(answer)
    }

    fn query(&self, transaction: &Transaction, statement: &Statement) -> Result<Rows, Failure> {
        let rows = transaction.query(&statement.text, &self.parameters(statement));
        rows.map_err(|problem| self.refused(problem))
    }

    fn refused(&self, problem: Problem) -> Failure {
        from_postgres(problem, self.request.authenticated())
    }

    fn access(&self) -> Access {
        let writes = match self.plan {
            Plan::Write(_) => true,
            Plan::Call(call) => call.writes,
            _ => false,
        };
        if writes { Access::ReadWrite } else { Access::ReadOnly }
    }

    fn rolls_back(&self) -> bool {
        match self.intent.preferences.transaction {
            Some(Wanted::Commit) => false,
            Some(Wanted::Rollback) => true,
            None => self.config.transaction_end.rollback,
        }
    }

    fn end(&self, transaction: Transaction) -> Result<(), Failure> {
        if self.rolls_back() {
            // What would have failed at the end fails all the same.
            let checked = transaction.query("SET CONSTRAINTS ALL IMMEDIATE", &[]);
            checked.map_err(|problem| self.refused(problem))?;
            return Transaction::rollback(transaction).map_err(|problem| self.refused(problem));
        }
        Transaction::commit(transaction).map_err(|problem| self.refused(problem))
    }

    /// What the transaction starts with.
    fn options(&self) -> Options {
        let mut settings = Vec::new();
        settings.extend(self.search_path().map(|path| ("search_path".to_owned(), path)));
        if let Some(timeout) = self.timeout() {
            settings.push(("statement_timeout".to_owned(), timeout.clone()));
        }
        if let Some(zone) = &self.intent.preferences.timezone {
            settings.push(("timezone".to_owned(), zone.clone()));
        }
        if let Plan::Call(call) = self.plan {
            settings.extend(call.function.settings.iter().filter(|(name, _)| is_of_transaction(name)).cloned());
        }
        settings.extend(self.config.app_settings.clone());
        Options { settings, before: self.pre_request().into_iter().collect() }
    }

    fn timeout(&self) -> Option<&String> {
        if self.config.role_timeouts.is_empty() {
            return None;
        }
        self.config.role_timeouts.get(&self.request.role())
    }

    /// None where Postgres' own is the same.
    fn search_path(&self) -> Option<String> {
        let mut schemas = vec![&self.intent.schema];
        for extra in &self.config.extra_search_path {
            if !schemas.contains(&extra) {
                schemas.push(extra);
            }
        }
        let is_default = matches!(schemas.as_slice(), [only] if *only == "public");
        let quoted: Vec<_> = schemas.into_iter().map(|name| quote(name)).collect();
        (!is_default).then(|| quoted.join(", "))
    }

    fn pre_request(&self) -> Option<String> {
        let (schema, name) = self.config.pre_request.as_ref()?;
        let schema = schema.as_ref().map(|schema| format!("{}.", quote(schema))).unwrap_or_default();
        Some(format!("SELECT {schema}{}()", quote(name)))
    }

    fn parameters(&self, statement: &Statement) -> Vec<sql::Parameter<'_>> {
        let parameter = |parameter: &Parameter| match (parameter, self.content, self.body) {
            (Parameter::Text(text), ..) => sql::Parameter::Text(text.clone()),
            (Parameter::Payload, Content::Json(json), _) => sql::Parameter::Text(json.clone()),
            (Parameter::Payload, Content::Body, Some(body)) => sql::Parameter::Body(body),
            (Parameter::Bytes, _, Some(body)) => sql::Parameter::Raw(body),
            (Parameter::Payload | Parameter::Bytes, ..) => sql::Parameter::Text(String::new()),
        };
        statement.parameters.iter().map(parameter).collect()
    }

    fn answer(&self, rows: &Rows, work: &Work, check: Check) -> Result<Answer, Failure> {
        if work.explains {
            let lines: Vec<_> = rows.iter(1000).filter_map(|row| row.into_iter().next().flatten()).collect();
            return Ok(Answer { body: Some(Body::from_text(&(lines.join("\n") + "\n"))), ..Answer::default() });
        }
        let counts = counts(rows, matches!(self.plan, Plan::Write(_)));
        check.apply(counts.page)?;
        Ok(Answer { counts, body: self.body(rows) })
    }

    /// Bytes as they are, where a handler of the catalogue's made them.
    fn body(&self, rows: &Rows) -> Option<Body> {
        let handler = match self.plan {
            Plan::Read(read) => &read.shape.handler,
            Plan::Call(call) => &call.shape.handler,
            Plan::Write(write) => &write.shape.handler,
            Plan::Allow(_) | Plan::Root => return None,
        };
        if rows.is_empty() {
            return None;
        }
        match handler {
            Handler::Aggregate { .. } | Handler::Value { .. } => rows.value_content(0, cell::BODY),
            _ => rows.value_body(0, cell::BODY),
        }
    }

    /// How many rows Postgres expects, where counting all of them was not wanted.
    fn estimate(&self, counts: &mut Counts, transaction: &Transaction, statement: &Statement) -> Result<(), Failure> {
        let enough = self.config.max_limit;
        let counted = self.intent.preferences.count == Some(crate::request::prefer::Count::Estimated);
        if counted && enough.is_some_and(|enough| counts.total.is_none_or(|total| total <= enough)) {
            return Ok(());
        }
        let rows = self.query(transaction, statement)?;
        let plan: serde_json::Value =
            rows.value(0, 0).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let expected = plan[0]["Plan"]["Plan Rows"].as_u64();
        counts.total = if counted { counts.total.max(expected) } else { expected };
        Ok(())
    }
}

/// A function's own settings that count for the statement that calls it, too.
fn is_of_transaction(name: &str) -> bool {
    matches!(name, "statement_timeout" | "plan_filter.statement_cost_limit")
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn counts(rows: &Rows, writes: bool) -> Counts {
    if rows.is_empty() {
        return Counts::default();
    }
    let all = [cell::TOTAL, cell::PAGE, cell::HEADERS, cell::STATUS, cell::KEY, cell::INSERTED];
    let mut values = rows.values(0, if writes { &all } else { &all[..4] }).into_iter();
    let mut next = || values.next().flatten();
    let (total, page, headers, status, key, inserted) = (next(), next(), next(), next(), next(), next());
    Counts { total: number(total), page: number(page).unwrap_or(0), key, inserted: number(inserted), headers, status }
}

fn number<T: FromStr>(text: Option<String>) -> Option<T> {
    text?.parse().ok()
}
