//! What the admin login must be allowed to do, and what to tell the operator when it is not. It asks for no superuser.

use super::Parameter;
use super::login::{REQUEST_ROLES, quote};
use super::rows::Values;
use super::session::Session;
use super::wire::Address;
use crate::error::{Error, Result, code};

/// The oldest server that the kernel works with: `14`.
pub(super) const OLDEST: u32 = 140_000;

/// The version from which on who makes a role does not hold it, and memberships have options.
const OPTIONS: u32 = 160_000;

/// Refuses a server that is too old.
pub(crate) fn check_version(session: &Session) -> Result<()> {
    let version = session.greeting.version;
    if version >= OLDEST {
        return Ok(());
    }
    Err(Error::new(
        &code::STORE_VERSION,
        format!("the server is Postgres {}; the oldest supported is 14", version / 10_000),
    ))
}

/// Makes the admin a holder of a role that it made, which it needs to give it a schema and to cancel its statements. A
/// superuser does not need to be.
pub(crate) async fn hold(session: &mut Session, role: &str) -> Result<()> {
    let is_super = session.ask("select 1 from pg_roles where rolname = current_user and rolsuper", &[]).await?;
    if !is_super.rows.is_empty() {
        return Ok(());
    }
    let options = if session.greeting.version >= OPTIONS { "with inherit true, set true" } else { "" };
    session.execute(&format!("grant {} to current_user {options}", quote(role))).await.map(drop)
}

/// A refusal of Postgres, with the SQL that a DBA has to run.
pub(crate) fn explain(error: Error, admin: &Address) -> Error {
    if error.code != "42501" {
        return error;
    }
    let message = format!("the admin login {:?} may not do this: {}", admin.user(), error.message);
    Error::new(&code::STORE_PRIVILEGE, message).hint(remedy(admin.user(), admin.database())).source(error)
}

/// The SQL that gives the admin what it lacks of what the kernel needs, a statement each; for a superuser to run.
pub(super) async fn lacking(session: &mut Session, address: &Address) -> Result<Vec<String>> {
    let (admin, database) = (quote(address.user()), quote(address.database()));
    let roles = [Parameter::Text(format!("{{{}}}", REQUEST_ROLES.join(",")))];
    let rows = session.ask(LACKING, &roles).await?.rows;
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    let is_true = |column| text(row, column).as_deref() == Some("t");
    let held_by_others = text(row, 2).filter(|_| session.greeting.version >= OPTIONS);
    let statements = [
        is_true(0).then(|| format!("alter role {admin} createrole;")),
        is_true(1).then(|| format!("grant create on database {database} to {admin};")),
        held_by_others.map(|roles| format!("grant {roles} to {admin} with admin option;")),
    ];
    Ok(statements.into_iter().flatten().collect())
}

/// No CREATEROLE, no CREATE on the database, and the request roles that it may not give away.
const LACKING: &str = "select not rolsuper and not rolcreaterole, \
  not has_database_privilege(current_database(), 'create'), \
  case when not rolsuper then (select string_agg(quote_ident(rolname), ', ' order by rolname) from pg_roles \
    where rolname = any ($1::text[]) and not pg_has_role(current_user, oid, 'member with admin option')) end \
  from pg_roles where rolname = current_user";

fn text(row: &[u8], column: usize) -> Option<String> {
    let range = Values::new(row).nth(column)??;
    Some(String::from_utf8_lossy(&row[range]).into_owned())
}

/// What makes request roles as the first migration would.
pub(super) fn make_roles(missing: &[String]) -> String {
    let make = |role: &String| {
        let role = quote(role);
        format!("create role {role} nologin noinherit; grant usage on schema public to {role};")
    };
    missing.iter().map(make).collect::<Vec<_>>().join(" ")
}

/// What `explain` hints at.
pub(crate) fn remedy(admin: &str, database: &str) -> String {
    let (admin, database) = (quote(admin), quote(database));
    format!(
        "as a superuser, in the database: alter role {admin} createrole; grant create on database {database} to {admin}; \
         grant usage, create on schema public to {admin} with grant option; and if the roles exist already: \
         grant anon, authenticated, service_role to {admin} with admin option;"
    )
}
