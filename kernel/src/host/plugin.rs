//! A loaded plugin: its code linked with exactly what it was granted, its limits, and its instances.
//!
//! Loading runs none of the plugin's code.

use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::component::{InstancePre, Linker};

use super::breaker::{Breaker, Rule};
use super::config::Limits;
use super::engine::Engine;
use super::grant::{Grant, Scopes};
use super::instance::Pool;
use super::lane::Habit;
use super::manifest::{Manifest, Route, refused};
use super::meter::{Meter, Snapshot};
use super::package::Package;
use super::trial::Tally;
use crate::auth::Auth;
use crate::capability::{self, Budget, Call, Fixed, fetch, filter, handler, identity, schema, secret, sql};
use crate::error::{Error, Result};
use crate::store::{Login, Store};

/// A plugin that is ready to be called.
pub struct Plugin {
    /// What it says of itself.
    pub manifest: Manifest,
    /// What one call may use.
    pub limits: Limits,
    /// What its calls have in common.
    pub fixed: Arc<Fixed>,
    pub(super) engine: Engine,
    pub(super) code: Code,
    pub(super) pool: Arc<Pool>,
    pub(super) meter: Meter,
    pub(super) breaker: Breaker,
    pub(super) habit: Habit,
}

/// Linked code and where in it the exports are; a plugin has those that its manifest promises.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) linked: InstancePre<Call>,
    pub(super) handler: Option<handler::GuestIndices>,
    pub(super) filter: Option<filter::GuestIndices>,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("id", &self.manifest.id).finish_non_exhaustive()
    }
}

impl Plugin {
    /// Checks, compiles and links a package under a grant; makes its login and schema when it has `own` SQL, and runs its
    /// migrations there. The login is all versions': it keeps the tables of `beside`, the one that runs meanwhile, until
    /// [`Plugin::settle`] says which of them stays.
    ///
    /// # Errors
    /// `plugin.not-granted`, `plugin.refused` or `plugin.migration`, or the store's when the login cannot be made.
    pub async fn load(
        package: Package,
        grant: &Grant,
        engine: &Engine,
        (store, auth): (&Store, &Arc<Auth>),
        beside: Option<&Self>,
    ) -> Result<Self> {
        package.check()?;
        let scopes = grant.meet(&package.manifest)?;
        let settings = grant.settings(&package.manifest)?;
        let code = compile(&package, &scopes, engine).await?;
        let login = login(&package.manifest, &scopes, store, beside).await?;
        if let Some(login) = &login {
            // After compiling: a version that cannot run changes nothing.
            store.migrate_plugin(login, &package.migrations).await?;
        }
        let fixed = Fixed {
            plugin: package.manifest.id.clone(),
            sql: sql::Fixed {
                store: store.clone(),
                grant: scopes.sql,
                login,
                max_rows: grant.limits.sql_rows,
                max_bytes: grant.limits.sql_bytes.0,
                places: Arc::new(Semaphore::new(store.share(grant.limits.sql_connections.get()))),
            },
            schema: schema::Fixed { store: store.clone(), grant: scopes.schema },
            dispatch: scopes.dispatch,
            fetch: fetch::Fixed::new(scopes.fetch, grant.limits.fetch_response.0),
            secret: secret::Fixed::new(store, scopes.secret),
            identity: identity::Fixed::new(auth, scopes.identity),
            settings,
            log_lines: grant.limits.log_lines,
            recent: Default::default(),
            budget: Budget {
                sql_time: grant.limits.sql_time.0,
                sql_statements: grant.limits.sql_statements,
                dispatches: grant.limits.dispatches,
                fetches: grant.limits.fetches,
                fetch_bytes: grant.limits.fetch_bytes.0,
            },
            memory: grant.limits.memory.bytes(),
            host_memory: grant.limits.host_memory.0,
            total: Arc::clone(&engine.memory),
        };
        warn_of_bodies(&package.manifest, &grant.limits);
        let pool = Pool::new(&package.manifest.id, &grant.limits, &engine.memory);
        let meter = Meter::new(&package.manifest.id);
        let limits = grant.limits.clone();
        let breaker = Breaker::new(Rule { failures: limits.breaker_failures, pause: limits.breaker_pause.0 });
        let (manifest, engine, habit) = (package.manifest, engine.clone(), Habit::default());
        Ok(Self { manifest, limits, fixed: Arc::new(fixed), engine, code, pool, meter, breaker, habit })
    }

    /// Takes from the login what other versions had and this one has not: when it is the one that stays.
    ///
    /// # Errors
    /// The store's.
    pub async fn settle(&self) -> Result<()> {
        let sql = &self.fixed.sql;
        match &sql.login {
            Some(_) => sql.store.provision(&self.manifest.id, &sql.grant.tables).await.map(drop),
            None => Ok(()),
        }
    }

    /// How many calls it answered, and how they ended.
    pub fn tally(&self) -> Tally {
        self.meter.tally()
    }

    /// Whether a call is running.
    pub fn is_busy(&self) -> bool {
        self.pool.is_busy()
    }

    /// How many instances wait for a call.
    pub fn idle_instances(&self) -> usize {
        self.pool.idle()
    }

    /// What this version has used so far and how its calls ended.
    pub fn usage(&self) -> Snapshot {
        self.meter.snapshot(self.pool.live(), self.pool.idle(), self.breaker.stage())
    }

    /// Brings the metrics up to date.
    pub fn export(&self) {
        self.meter.export();
    }

    /// Drops instances that were idle for long.
    pub fn sweep(&self) {
        self.engine.lanes.discard(self.pool.sweep());
    }
}

impl Code {
    fn find(linked: InstancePre<Call>, manifest: &Manifest) -> Result<Self> {
        let handler = handler::GuestIndices::new(&linked).ok();
        let filter = filter::GuestIndices::new(&linked).ok();
        if handler.is_none() && !manifest.routes.is_empty() {
            return Err(refused("it has routes, but does not export basalt:http/handler"));
        }
        if filter.is_none() && manifest.filter.is_some() {
            return Err(refused("it has a filter, but does not export basalt:http/filter"));
        }
        Ok(Self { linked, handler, filter })
    }
}

/// Says which routes cannot have the bodies that they were made for: their callers would be the first to notice.
fn warn_of_bodies(manifest: &Manifest, limits: &Limits) {
    let wants_more = |route: &&Route| route.max_body.is_some_and(|wanted| wanted > limits.request);
    for route in manifest.routes.iter().filter(wants_more) {
        let (plugin, route) = (&manifest.id, &route.name);
        tracing::warn!(plugin, route, "the route takes larger bodies than the plugin's limit `request` lets through");
    }
}

/// The plugin's own login, when it has `own` SQL.
async fn login(manifest: &Manifest, scopes: &Scopes, store: &Store, beside: Option<&Plugin>) -> Result<Option<Login>> {
    if !scopes.sql.modes.contains(&sql::GrantedMode::Own) {
        return Ok(None);
    }
    let mut reach = scopes.sql.tables.clone();
    for (table, verbs) in beside.iter().flat_map(|other| &other.fixed.sql.grant.tables) {
        reach.entry(table.clone()).or_default().extend(verbs.iter().copied());
    }
    store.provision(&manifest.id, &reach).await.map(Some)
}

async fn compile(package: &Package, scopes: &Scopes, engine: &Engine) -> Result<Code> {
    let component = engine.component(&package.wasm).await?;
    let (manifest, scopes, engine) = (package.manifest.clone(), scopes.clone(), engine.clone());
    let work = move || {
        let linked = link(&scopes, &engine, &component).map_err(|fault| refused(format!("{fault:#}")))?;
        Code::find(linked, &manifest)
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

fn link(
    scopes: &Scopes,
    engine: &Engine,
    component: &wasmtime::component::Component,
) -> wasmtime::Result<InstancePre<Call>> {
    let mut linker = Linker::new(engine.inner());
    capability::link_types(&mut linker)?;
    for capability in &scopes.linked {
        (capability.link)(&mut linker)?;
    }
    linker.instantiate_pre(component)
}
