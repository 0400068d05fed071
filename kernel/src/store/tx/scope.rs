//! Whose statement it is: the login that it uses and the step that goes before it.

use super::{Access, Actor, BEGIN, COMMIT};
use crate::error::{Error, Result, code};
use crate::store::session::{Failure, Step};
use crate::store::{Login, Parameter};

/// Callers share connections, and functions can set what outlives a transaction: each use starts from the defaults.
const RESET: Step<'static> = Step { role: "", sql: "reset all", parameters: &[] };

/// Local to the transaction, in one statement. A role that the login may not take makes it fail, and with it the batch.
///
/// With the schema, because the search path may be a plugin's by now. A lock that an earlier caller's function kept is
/// released: it is nobody's any more.
const ASSUME: &str = "select pg_catalog.set_config('transaction_read_only', $1, true), \
                      pg_catalog.set_config('role', $2, true), pg_catalog.set_config('request.jwt.claims', $3, true), \
                      pg_catalog.pg_advisory_unlock_all()";
const ASSUME_READ_ONLY: &str = "select pg_catalog.set_config('transaction_read_only', 'on', true)";

/// An actor, ready to run.
pub(super) struct Scope {
    pub(super) login: Login,
    /// Whom statements are prepared as.
    pub(super) role: String,
    pub(super) access: Access,
    assume: Option<(&'static str, Vec<Parameter>)>,
}

impl Scope {
    pub(super) fn new(actor: Actor<'_>, access: Access, authenticator: &Login) -> Result<Self> {
        match actor {
            Actor::Own(login) => {
                let assume = (access == Access::ReadOnly).then(|| (ASSUME_READ_ONLY, Vec::new()));
                Ok(Self { login: login.clone(), role: String::new(), access, assume })
            }
            Actor::Caller(identity) => {
                // To Postgres `none` is the login itself, which is no role of a request; nor is its own name.
                if identity.role == "none" || identity.role == authenticator.name() {
                    return Err(denied(&identity.role));
                }
                let read_only = if access == Access::ReadOnly { "on" } else { "off" };
                let values = [read_only, &identity.role, &identity.claims];
                let values = values.map(|value| Parameter::Text(value.to_owned())).to_vec();
                Ok(Self {
                    login: authenticator.clone(),
                    role: identity.role.clone(),
                    access,
                    assume: Some((ASSUME, values)),
                })
            }
        }
    }

    pub(super) fn bare(authenticator: &Login) -> Self {
        Self { login: authenticator.clone(), role: String::new(), access: Access::ReadOnly, assume: None }
    }

    /// The steps that set role, claims and access.
    pub(super) fn assume(&self) -> impl Iterator<Item = Step<'_>> {
        let assume = self.assume.as_ref().map(|(sql, parameters)| Step { role: "", sql, parameters });
        let reset = assume.filter(|step| step.sql == ASSUME).map(|_| RESET);
        reset.into_iter().chain(assume)
    }

    /// The batch that runs one statement, and where in it the statement is.
    ///
    /// Up to its `Sync` a batch is one transaction as it is. `BEGIN` is only for statements that could end a transaction
    /// from within, as `CALL` and `DO` can: after their `COMMIT` the login itself would go on.
    pub(super) fn batch<'a>(&'a self, main: Step<'a>, plain: bool) -> (Vec<Step<'a>>, usize) {
        let is_bare = plain || self.assume.is_none();
        let mut steps = Vec::with_capacity(5);
        steps.extend((!is_bare).then_some(BEGIN));
        steps.extend(self.assume());
        steps.push(main);
        let at = steps.len() - 1;
        steps.extend((!is_bare).then_some(COMMIT));
        (steps, at)
    }

    /// A role that was refused is the caller's, not a statement's error.
    pub(super) fn blame(&self, failure: Failure, steps: &[Step<'_>]) -> Failure {
        let Failure::Step { at, mut reported } = failure else { return failure };
        let is_assume = steps.get(at).is_some_and(|step| step.sql == ASSUME);
        if is_assume && matches!(&*reported.error.code, "22023" | "42501" | "42704") {
            let source = std::mem::replace(&mut reported.error, denied(&self.role));
            reported.error.source = Some(source.into());
        }
        Failure::Step { at, reported }
    }
}

fn denied(role: &str) -> Error {
    Error::new(&code::AUTH_DENIED_ROLE, format!("the role {role:?} is not one that requests may take"))
}
