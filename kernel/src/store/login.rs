//! The logins that the kernel makes: one for requests, one for each plugin with a schema of its own.
//!
//! Who a connection logged in as is what Postgres enforces, so these are the walls between plugins. Their passwords are
//! derived from the instance key; the server only ever sees SCRAM verifiers. It does not remove logins.

mod reach;
mod right;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use postgres_protocol::password::scram_sha_256;
use tokio::sync::Semaphore;

use super::identity::TABLES;
use super::session::Session;
use super::wire::Address;
use super::{Config, InstanceKey, Parameter, Store, privilege};
use crate::error::{Error, Result, code};
use reach::Wanted;

pub use right::{Reach, TableName, Verb};

/// The roles that requests may take; migrations make them.
pub(crate) const REQUEST_ROLES: &[&str] = &["anon", "authenticated", SERVICE_ROLE];

/// The one of them that goes past row-level security, where the admin could give it that.
pub(crate) const SERVICE_ROLE: &str = "service_role";

/// Somebody who can log in. Cheap to clone.
#[derive(Clone)]
pub struct Login(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) address: Address,
    schema: Option<String>,
    is_trusted: bool,
    /// Whether the kernel chose its password.
    is_ours: bool,
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) open: Arc<AtomicUsize>,
    pub(crate) waiting: Arc<AtomicUsize>,
}

impl Login {
    fn new(address: Address, schema: Option<String>, is_ours: bool, connections: u32) -> Self {
        let gate = Arc::new(Semaphore::new(connections as usize));
        let is_trusted = schema.is_none();
        let (open, waiting) = Default::default();
        Self(Arc::new(Inner { address, schema, is_trusted, is_ours, gate, open, waiting }))
    }

    /// The name of the login role.
    pub fn name(&self) -> &str {
        self.0.address.user()
    }

    /// The schema that it owns.
    pub fn schema(&self) -> Option<&str> {
        self.0.schema.as_deref()
    }

    /// What gives it its password back, which Postgres lets every role change: a plugin could lock itself out, and one
    /// that is trusted, everybody. None when the password is the operator's.
    pub(crate) fn mending(&self) -> Option<String> {
        self.0.is_ours.then(|| set_password(self))
    }

    /// Whether its connections can go on without being cleaned.
    pub(crate) fn is_trusted(&self) -> bool {
        self.0.is_trusted
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({})", self.name())
    }
}

impl Store {
    /// The login and the schema of a plugin, made when they are missing, and exactly these tables of others.
    ///
    /// # Errors
    /// `plugin.refused` when a table does not exist, `store.privilege` when the admin may not.
    pub async fn provision(&self, plugin: &str, reach: &Reach) -> Result<Login> {
        let config = self.config();
        let name = plugin_name(config, plugin);
        let schema = format!("plugin_{plugin}");
        check_length(&name)?;
        let mut address = self.admin().login(&name, &self.key().derive(&name));
        // A default of the session, so that `RESET` and `DISCARD ALL` come back to it; `pg_temp` last, so that no
        // temporary table stands before a real one.
        address.settings = vec![("search_path".to_owned(), format!("{}, pg_temp", quote(&schema)))];
        let login = Login::new(address, Some(schema), true, config.max_plugin_connections);
        let wanted = Wanted { plugin, login: login.name(), reach };
        for last in [false, true] {
            let (known, is_reached) = examine(&login, &wanted).await;
            if known == Known::Complete && is_reached {
                break;
            }
            if known != Known::Complete {
                unless_raced(make_plugin(self.admin(), &login, known).await, last)?;
            }
            if !is_reached {
                unless_raced(reach::reach(self.admin(), &wanted).await, last)?;
            }
        }
        Ok(login)
    }
}

/// What the login of a plugin is called.
pub(crate) fn plugin_name(config: &Config, plugin: &str) -> String {
    format!("{}_plugin_{plugin}", config.role_prefix)
}

/// The login that requests use: the configured one, or one of the kernel's own.
pub(crate) async fn authenticator(admin: &Address, config: &Config, key: &InstanceKey) -> Result<Login> {
    let address = match &config.authenticator {
        Some(text) => Address::parse(text.expose(), config.tls_roots.as_ref())?,
        None => {
            let name = format!("{}_authenticator", config.role_prefix);
            admin.login(&name, &key.derive(&name))
        }
    };
    let login = Login::new(address, None, config.authenticator.is_none(), config.max_connections);
    for last in [false, true] {
        match may_take_roles(&login).await {
            Known::Complete => break,
            known => unless_raced(make_authenticator(admin, &login, known, config).await, last)?,
        }
    }
    Ok(login)
}

/// The login that keeps identities: it reads and writes the tables of the schema `auth`, and no plugin's or request's statement
/// ever runs as it.
pub(crate) async fn keeper(admin: &Address, config: &Config, key: &InstanceKey) -> Result<Login> {
    let name = format!("{}_keeper", config.role_prefix);
    let login = Login::new(admin.login(&name, &key.derive(&name)), None, true, config.max_connections);
    for last in [false, true] {
        match keeps_identities(&login).await {
            Known::Complete => break,
            known => unless_raced(make_keeper(admin, &login, known).await, last)?,
        }
    }
    Ok(login)
}

/// Of two kernels that make the same at once one fails, and finds it made when it looks again.
fn unless_raced(made: Result<()>, last: bool) -> Result<()> {
    match made {
        // A role, a schema, a membership; and what both change is "concurrently updated".
        Err(error) if !last && matches!(&*error.code, "23505" | "42710" | "42P06" | "XX000") => Ok(()),
        outcome => outcome,
    }
}

/// Postgres would cut a longer name, and two plugins could share a login.
fn check_length(name: &str) -> Result<()> {
    if name.len() < 64 {
        return Ok(());
    }
    Err(Error::new(&code::PLUGIN_REFUSED, format!("the login {name:?} is longer than the 63 bytes of a Postgres name")))
}

/// How far a login is made, by trying it: all that a second start has to ask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Complete,
    /// It logs in, and lacks something.
    Incomplete,
    /// It does not log in: it does not exist, or has another password.
    Stranger,
}

/// How far the login is made, and whether its reach is as wanted, in one session of its own.
async fn examine(login: &Login, wanted: &Wanted<'_>) -> (Known, bool) {
    let Ok(mut session) = Session::open(&login.0.address).await else {
        return (Known::Stranger, false);
    };
    let known = owns_its_schema(&mut session, login).await;
    // Whatever keeps it from looking, the admin looks again.
    let is_reached = reach::look(&mut session, wanted).await.is_ok_and(|change| change.is_empty());
    session.close().await;
    (known, is_reached)
}

async fn owns_its_schema(session: &mut Session, login: &Login) -> Known {
    let schema = login.schema().unwrap_or_default();
    let sql = "select 1 from pg_namespace where nspname = $1 and pg_get_userbyid(nspowner) = session_user";
    is_complete(session, sql, schema.to_owned()).await
}

async fn may_take_roles(login: &Login) -> Known {
    let sql = "select 1 where (select count(*) from pg_roles where rolname = any ($1::text[]) \
               and pg_has_role(session_user, oid, 'member')) = cardinality($1::text[])";
    ask(login, sql, format!("{{{}}}", REQUEST_ROLES.join(","))).await
}

async fn keeps_identities(login: &Login) -> Known {
    let sql = "select 1 where (select count(*) from pg_class where relnamespace = to_regnamespace('auth') \
               and relname = any ($1::text[]) and has_table_privilege(oid, 'delete')) = cardinality($1::text[])";
    ask(login, sql, format!("{{{}}}", TABLES.join(","))).await
}

async fn make_keeper(admin: &Address, login: &Login, known: Known) -> Result<()> {
    let mut session = Session::open(admin).await?;
    let made = async {
        session.execute("begin").await?;
        make_role(&mut session, login, known).await?;
        let (role, tables) = (quote(login.name()), TABLES.map(|table| format!("auth.{table}")).join(", "));
        let grant = format!(
            "grant usage on schema auth to {role}; grant select, insert, update, delete on {tables} to {role}; commit"
        );
        session.execute(&grant).await.map(drop)
    };
    let made = made.await.map_err(|error| privilege::explain(error, admin));
    session.close().await;
    made
}

async fn ask(login: &Login, sql: &str, parameter: String) -> Known {
    let Ok(mut session) = Session::open(&login.0.address).await else { return Known::Stranger };
    let known = is_complete(&mut session, sql, parameter).await;
    session.close().await;
    known
}

async fn is_complete(session: &mut Session, sql: &str, parameter: String) -> Known {
    let answer = session.ask(sql, &[Parameter::Text(parameter)]).await;
    if answer.is_ok_and(|answer| !answer.rows.is_empty()) { Known::Complete } else { Known::Incomplete }
}

async fn make_plugin(admin: &Address, login: &Login, known: Known) -> Result<()> {
    let (role, schema) = (quote(login.name()), quote(login.schema().unwrap_or_default()));
    let mut session = Session::open(admin).await?;
    let made = async {
        session.execute("begin").await?;
        make_role(&mut session, login, known).await?;
        privilege::hold(&mut session, login.name()).await?;
        session.execute(&format!("create schema if not exists {schema} authorization {role}; commit")).await.map(drop)
    };
    let made = made.await.map_err(|error| privilege::explain(error, admin));
    session.close().await;
    made
}

/// The configured one is the operator's, who chose its password; it only gets the roles.
async fn make_authenticator(admin: &Address, login: &Login, known: Known, config: &Config) -> Result<()> {
    let mut session = Session::open(admin).await?;
    let made = async {
        session.execute("begin").await?;
        if config.authenticator.is_none() {
            make_role(&mut session, login, known).await?;
            privilege::hold(&mut session, login.name()).await?;
        }
        let grant = format!("grant {} to {}; commit", REQUEST_ROLES.join(", "), quote(login.name()));
        session.execute(&grant).await.map(drop)
    };
    let made = made.await.map_err(|error| privilege::explain(error, admin));
    session.close().await;
    made
}

/// Makes the role, or gives it the password of this instance.
async fn make_role(session: &mut Session, login: &Login, known: Known) -> Result<()> {
    if known != Known::Stranger {
        return Ok(());
    }
    let role = [Parameter::Text(login.name().to_owned())];
    let exists = !session.ask("select 1 from pg_roles where rolname = $1", &role).await?.rows.is_empty();
    if exists {
        tracing::warn!(login = login.name(), "the login has another password than this instance's: setting it");
        return session.execute(&set_password(login)).await.map(drop);
    }
    let name = quote(login.name());
    let sql = format!("create role {name} noinherit; {}", set_password(login));
    session.execute(&sql).await.map(drop)
}

fn set_password(login: &Login) -> String {
    let verifier = scram_sha_256(login.0.address.password().unwrap_or_default());
    format!("alter role {} login password '{verifier}'", quote(login.name()))
}

/// A name as SQL.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
