//! The logins that the kernel makes: one for requests, one for each plugin with a schema of its own.
//!
//! Who a connection logged in as is what Postgres enforces, so these are the walls between plugins. Their passwords are
//! derived from the instance key; the server only ever sees SCRAM verifiers. It does not remove logins.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::Semaphore;

use super::session::Session;
use super::wire::Address;
use super::{Config, InstanceKey, Store, privilege};
use crate::error::{Error, Result, code};

/// The roles that requests may take; migrations make them.
pub(crate) const REQUEST_ROLES: &[&str] = &["anon", "authenticated", "service_role"];

/// Somebody who can log in. Cheap to clone.
#[derive(Clone)]
pub struct Login(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) address: Address,
    schema: Option<String>,
    is_trusted: bool,
    pub(crate) gate: Arc<Semaphore>,
    pub(crate) open: Arc<AtomicUsize>,
    pub(crate) waiting: Arc<AtomicUsize>,
}

impl Login {
    pub(crate) fn new(address: Address, schema: Option<String>, is_trusted: bool, connections: u32) -> Self {
        let gate = Arc::new(Semaphore::new(connections as usize));
        Self(Arc::new(Inner { address, schema, is_trusted, gate, open: Arc::default(), waiting: Arc::default() }))
    }

    /// The name of the login role.
    pub fn name(&self) -> &str {
        self.0.address.user()
    }

    /// The schema that it owns.
    pub fn schema(&self) -> Option<&str> {
        self.0.schema.as_deref()
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
    /// The login and the schema of a plugin, made when they are missing.
    pub async fn provision(&self, plugin: &str) -> Result<Login> {
        let config = self.config();
        let name = format!("{}_plugin_{plugin}", config.role_prefix);
        let schema = format!("plugin_{plugin}");
        check_length(&name)?;
        let mut address = self.admin().login(&name, &self.key().derive(&name));
        // A default of the session, so that `RESET` and `DISCARD ALL` come back to it; `pg_temp` last, so that no
        // temporary table stands before a real one.
        address.settings = vec![("search_path".to_owned(), format!("{}, pg_temp", quote(&schema)))];
        let login = Login::new(address, Some(schema), false, config.max_plugin_connections);
        if !owns_its_schema(&login).await {
            make_plugin(self.admin(), &login, config).await?;
        }
        Ok(login)
    }
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
    let login = Login::new(address, None, true, config.max_connections);
    if !may_take_roles(&login).await {
        make_authenticator(admin, &login, config).await?;
    }
    Ok(login)
}

/// Postgres would cut a longer name, and two plugins could share a login.
fn check_length(name: &str) -> Result<()> {
    if name.len() < 64 {
        return Ok(());
    }
    Err(Error::new(&code::PLUGIN_REFUSED, format!("the login {name:?} is longer than the 63 bytes of a Postgres name")))
}

/// What the second start asks instead of doing it all again.
async fn owns_its_schema(login: &Login) -> bool {
    let schema = login.schema().unwrap_or_default();
    let sql = "select 1 from pg_namespace where nspname = $1 and pg_get_userbyid(nspowner) = session_user";
    answers(login, sql, &[super::Parameter::Text(schema.to_owned())]).await
}

async fn may_take_roles(login: &Login) -> bool {
    let roles = super::Parameter::Text(format!("{{{}}}", REQUEST_ROLES.join(",")));
    let sql = "select 1 where (select count(*) from pg_roles where rolname = any ($1::text[]) \
               and pg_has_role(session_user, oid, 'member')) = cardinality($1::text[])";
    answers(login, sql, &[roles]).await
}

async fn answers(login: &Login, sql: &str, parameters: &[super::Parameter]) -> bool {
    let Ok(mut session) = Session::open(&login.0.address).await else { return false };
    let found = session.ask(sql, parameters).await.is_ok_and(|answer| !answer.rows.is_empty());
    session.close().await;
    found
}

async fn make_plugin(admin: &Address, login: &Login, config: &Config) -> Result<()> {
    let (role, schema) = (quote(login.name()), quote(login.schema().unwrap_or_default()));
    let mut session = Session::open(admin).await?;
    let made = async {
        make_role(&mut session, login, config.max_plugin_connections).await?;
        privilege::hold(&mut session, login.name()).await?;
        session.execute(&format!("create schema if not exists {schema} authorization {role}")).await.map(drop)
    };
    let made = made.await.map_err(|error| privilege::explain(error, admin));
    session.close().await;
    made
}

async fn make_authenticator(admin: &Address, login: &Login, config: &Config) -> Result<()> {
    let mut session = Session::open(admin).await?;
    let made = async {
        if config.authenticator.is_none() {
            make_role(&mut session, login, config.max_connections).await?;
            privilege::hold(&mut session, login.name()).await?;
        }
        let grant = format!("grant {} to {}", REQUEST_ROLES.join(", "), quote(login.name()));
        session.execute(&grant).await.map(drop)
    };
    let made = made.await.map_err(|error| privilege::explain(error, admin));
    session.close().await;
    made
}

/// Makes the role, or gives it the password of this instance.
async fn make_role(session: &mut Session, login: &Login, connections: u32) -> Result<()> {
    let password = login.0.address.password().unwrap_or_default();
    let verifier = postgres_protocol::password::scram_sha_256(password);
    let name = quote(login.name());
    let parameter = [super::Parameter::Text(login.name().to_owned())];
    let known = session.ask("select 1 from pg_roles where rolname = $1", &parameter).await?;
    if !known.rows.is_empty() {
        tracing::warn!(login = login.name(), "the login exists and does not know this instance's password: setting it");
        return session.execute(&format!("alter role {name} login password '{verifier}'")).await.map(drop);
    }
    let sql = format!("create role {name} login noinherit connection limit {connections} password '{verifier}'");
    session.execute(&sql).await.map(drop)
}

/// A name as SQL.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
