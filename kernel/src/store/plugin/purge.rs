//! Forgets what a plugin keeps: its schema, its login, and what it owns or was granted elsewhere. It asks nobody.

use crate::error::{Error, Result, code};
use crate::store::login::{self, quote};
use crate::store::session::Session;
use crate::store::{Store, privilege};

use super::text;

impl Store {
    /// Drops the plugin's schema and login with all that the login owns and was granted, in one transaction. Whether there
    /// was a login. No kernel may run the plugin any more.
    ///
    /// # Errors
    /// SQLSTATE `2BP01` when the login still has something in another database.
    pub async fn drop_plugin_data(&self, plugin: &str) -> Result<bool> {
        let name = login::plugin_name(self.config(), plugin);
        let purged = purge(&mut *self.visit().await?, &name).await;
        purged.map_err(|error| privilege::explain(error, self.admin()))
    }
}

/// The objects are dropped as the login itself, so that it cannot be more than its own. (To drop runs nobody's code.) What is
/// left are grants of others to it, which those take back who gave them: the admin.
async fn purge(session: &mut Session, name: &str) -> Result<bool> {
    let known = session.ask("select 1 from pg_roles where rolname = $1", &[text(name)]).await?;
    if known.rows.is_empty() {
        return Ok(false);
    }
    let role = quote(name);
    // Somebody else's transaction may use what is dropped: the operator is told rather than kept waiting.
    session.execute("begin; set local lock_timeout = '10s'").await?;
    privilege::hold(session, name).await?;
    session.execute(&format!("alter role {role} nologin")).await?;
    // Other sessions of it would keep locks on what is dropped.
    let end = "select pg_terminate_backend(pid) from pg_stat_activity where usename = $1";
    session.ask(end, &[text(name)]).await?;
    let drop = format!(
        "set local role {role}; drop owned by {role} cascade; reset role; drop owned by {role} cascade; drop role {role}"
    );
    session.execute(&drop).await.map_err(|error| explain(error, name))?;
    session.execute("commit").await.map(|_| true)
}

fn explain(error: Error, name: &str) -> Error {
    match &*error.code {
        "2BP01" => Error { message: format!("the login {name:?} cannot be dropped: {}", error.message), ..error }
            .hint("it has something in another database of this server: `drop owned by` it there"),
        "57014" | "55P03" => {
            Error::new(&code::PLUGIN_CONFLICT, "something still uses what the plugin owns").source(error)
        }
        _ => error,
    }
}
