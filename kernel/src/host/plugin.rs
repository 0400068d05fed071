//! A loaded plugin: its code linked with exactly what it was granted, its limits, and its instances.
//!
//! Loading runs none of the plugin's code.

use std::sync::Arc;

use wasmtime::component::Linker;
use wasmtime::component::types::ComponentItem;

use super::config::Limits;
use super::engine::{Engine, MAX_MEMORY};
use super::grant::{Grant, Scopes};
use super::instance::Pool;
use super::manifest::{Manifest, refused};
use super::package::Package;
use crate::capability::{self, Call, Fixed, HttpPluginPre, schema, sql};
use crate::error::{Error, Result, code};
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
    pub(super) code: HttpPluginPre<Call>,
    pub(super) pool: Pool,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("id", &self.manifest.id).finish_non_exhaustive()
    }
}

impl Plugin {
    /// Checks, compiles and links a package under a grant; makes its login and schema when it has `own` SQL.
    ///
    /// # Errors
    /// `plugin.not-granted` or `plugin.refused`, or the store's when the login cannot be made.
    pub async fn load(package: Package, grant: &Grant, engine: &Engine, store: &Store) -> Result<Self> {
        let scopes = grant.meet(&package.manifest)?;
        check_limits(&package.manifest, &grant.limits)?;
        let settings = grant.settings(&package.manifest)?;
        let code = compile(&package, &scopes, engine).await?;
        let login = login(&package.manifest, &scopes, store).await?;
        let fixed = Fixed {
            plugin: package.manifest.id.clone(),
            sql: sql::Fixed {
                store: store.clone(),
                grant: scopes.sql,
                login,
                max_rows: grant.limits.sql_rows,
                max_bytes: grant.limits.sql_bytes.0,
            },
            schema: schema::Fixed { store: store.clone(), grant: scopes.schema },
            settings,
            log_lines: grant.limits.log_lines,
        };
        let pool = Pool::new(&package.manifest.id, &grant.limits);
        let (manifest, limits, engine) = (package.manifest, grant.limits.clone(), engine.clone());
        Ok(Self { manifest, limits, fixed: Arc::new(fixed), engine, code, pool })
    }

    /// How many instances wait for a call.
    pub fn idle_instances(&self) -> usize {
        self.pool.idle()
    }

    /// Drops instances that were idle for long.
    pub fn sweep(&self) {
        self.pool.sweep();
    }
}

fn check_limits(manifest: &Manifest, limits: &Limits) -> Result<()> {
    if limits.memory.bytes() > MAX_MEMORY {
        return Err(refused(format!("plugins.{}.limits.memory is over {} MiB", manifest.id, MAX_MEMORY >> 20)));
    }
    Ok(())
}

/// The plugin's own login, when it has `own` SQL.
async fn login(manifest: &Manifest, scopes: &Scopes, store: &Store) -> Result<Option<Login>> {
    if !scopes.sql.modes.contains(&sql::GrantedMode::Own) {
        return Ok(None);
    }
    store.provision(&manifest.id).await.map(Some)
}

async fn compile(package: &Package, scopes: &Scopes, engine: &Engine) -> Result<HttpPluginPre<Call>> {
    let (wasm, scopes, engine) = (package.wasm.clone(), scopes.clone(), engine.clone());
    let manifest = package.manifest.clone();
    let work = move || {
        let component = engine.component(&wasm).map_err(|fault| refused(format!("{fault:#}")))?;
        check_imports(&manifest, &component, &engine)?;
        link(&scopes, &engine, &component).map_err(|fault| refused(format!("{fault:#}")))
    };
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
}

fn link(
    scopes: &Scopes,
    engine: &Engine,
    component: &wasmtime::component::Component,
) -> wasmtime::Result<HttpPluginPre<Call>> {
    let mut linker = Linker::new(engine.inner());
    capability::link_types(&mut linker)?;
    for capability in &scopes.linked {
        (capability.link)(&mut linker)?;
    }
    HttpPluginPre::new(linker.instantiate_pre(component)?)
}

/// A component's type is the exact list of what its code can call: it must not be more than the manifest says.
fn check_imports(manifest: &Manifest, component: &wasmtime::component::Component, engine: &Engine) -> Result<()> {
    for (import, item) in component.component_type().imports(engine.inner()) {
        let package = import.strip_prefix("basalt:").and_then(|name| name.split('/').next());
        let resources_only = matches!(item.ty, ComponentItem::Type(_));
        match package {
            Some("types") => {}
            Some(name) if manifest.want.contains_key(name) || resources_only => {}
            Some(name) if capability::find(name).is_some() => return Err(undeclared(manifest, name)),
            _ => return Err(refused(format!("its code imports {import}, which this kernel does not offer"))),
        }
    }
    Ok(())
}

fn undeclared(manifest: &Manifest, name: &str) -> Error {
    let id = &manifest.id;
    let message = format!("the plugin {id} imports the capability {name:?}, which its manifest does not ask for");
    Error::new(&code::PLUGIN_REFUSED, message).hint(format!("its author adds [want.{name}] to plugin.toml"))
}
