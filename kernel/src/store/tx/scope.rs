//! Whose statement it is: the login that it uses and the step that goes before it.

use super::{Access, Actor, BEGIN, COMMIT};
use crate::error::{Error, Result, code};
use crate::identity::{Identity, Origin};
use crate::store::login::SERVICE_ROLE;
use crate::store::session::{Failure, Step};
use crate::store::{Login, Parameter};

/// Local to the transaction, in one statement. A role that the login may not take makes it fail, and with it the batch.
///
/// With the schema, because the search path may be a plugin's by now.
const ASSUME: &str = "select pg_catalog.pg_advisory_unlock_all(), \
                      pg_catalog.set_config('transaction_read_only', $1, true), \
                      pg_catalog.set_config('role', $2, true), pg_catalog.set_config('request.jwt.claims', $3, true), \
                      pg_catalog.set_config('request.headers', $4, true), \
                      pg_catalog.set_config('request.method', $5, true), \
                      pg_catalog.set_config('request.path', $6, true)";
const ASSUME_READ_ONLY: &str = "select pg_catalog.set_config('transaction_read_only', 'on', true)";

/// What a function of an earlier caller may have left on the connection: settings of the session, temporary tables. (Its
/// locks end in `ASSUME`.) In the same round trip as the statement, because nobody can tell from a statement's text
/// what the functions in it do.
const FORGET: [&str; 2] = ["reset all", "discard temp"];

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
            Actor::Caller(identity) => Self::with_role(&identity.role, identity, access, authenticator),
            Actor::Service(identity) => Self::with_role(SERVICE_ROLE, identity, access, authenticator),
        }
    }

    fn with_role(role: &str, identity: &Identity, access: Access, authenticator: &Login) -> Result<Self> {
        // To Postgres `none` is the login itself, which is no role of a request; nor is its own name.
        if role == "none" || role == authenticator.name() {
            return Err(denied(role));
        }
        let read_only = if access == Access::ReadOnly { "on" } else { "off" };
        let Origin { headers, method, path, .. } = &identity.origin;
        let values = [read_only, role, &identity.claims, headers, method, path];
        let values = values.map(|value| Parameter::Text(value.to_owned())).to_vec();
        Ok(Self { login: authenticator.clone(), role: role.to_owned(), access, assume: Some((ASSUME, values)) })
    }

    pub(super) fn bare(authenticator: &Login) -> Self {
        Self { login: authenticator.clone(), role: String::new(), access: Access::ReadOnly, assume: None }
    }

    /// The steps that forget the last caller and set role, claims and access. A login of one plugin is cleaned when it
    /// is given back.
    pub(super) fn assume(&self) -> impl Iterator<Item = Step<'_>> {
        let forget = FORGET.iter().filter(|_| self.is_shared()).map(|sql| Step { role: "", sql, parameters: &[] });
        forget.chain(self.assume.iter().map(|(sql, parameters)| Step { role: "", sql, parameters }))
    }

    fn is_shared(&self) -> bool {
        self.assume.as_ref().is_some_and(|(sql, _)| *sql == ASSUME)
    }

    /// The batch that runs one statement, and where in it the statement is.
    ///
    /// Up to its `Sync` a batch is one transaction as it is. `BEGIN` is only for statements that could end a transaction
    /// from within, as `CALL` and `DO` can: after their `COMMIT` the login itself would go on.
    pub(super) fn batch<'a>(&'a self, main: Step<'a>, plain: bool) -> (Vec<Step<'a>>, usize) {
        let begins = !plain && self.assume.is_some();
        let mut steps = Vec::with_capacity(6);
        steps.extend(begins.then_some(BEGIN));
        steps.extend(self.assume());
        steps.push(main);
        let at = steps.len() - 1;
        steps.extend(begins.then_some(COMMIT));
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
