//! Every plugin that this kernel knows, in whatever state, and which of them answers a path.
//!
//! It does not decide grants and runs no call.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use toml::Table;

use super::config::Limits;
use super::engine::Engine;
use super::grant::Grant;
use super::manifest::Manifest;
use super::package::Package;
use super::plugin::Plugin;
use super::route::{Match, Routes};
use crate::error::{Error, Result, code};
use crate::store::Store;

/// A plugin and how it stands.
#[derive(Debug)]
pub struct Entry {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Whether it can be called.
    pub state: State,
}

/// How a plugin stands.
#[derive(Debug)]
pub enum State {
    /// It answers.
    Ready(Arc<Plugin>),
    /// The operator switched it off.
    Disabled,
    /// It cannot run, and why.
    Refused(Error),
}

/// All plugins and their paths.
#[derive(Debug, Default)]
pub struct Registry {
    entries: Vec<Entry>,
    routes: Routes,
}

/// What the plugins of a registry are made of.
pub struct Source<'a> {
    /// Compiles them.
    pub engine: &'a Engine,
    /// Their database.
    pub store: &'a Store,
    /// The operator's word on each, by id.
    pub grants: &'a BTreeMap<String, Grant>,
    /// The limits of a plugin that the configuration does not mention.
    pub limits: &'a Limits,
}

impl Registry {
    /// Loads every plugin. One that cannot run is kept with its reason: its paths answer with it, the others run.
    pub async fn load(files: &[(String, Bytes)], source: Source<'_>) -> Self {
        let mut registry = Self::default();
        for (name, wasm) in files {
            match Package::parse(wasm.clone()) {
                Ok(package) => registry.add(package, &source).await,
                Err(fault) => tracing::error!(file = name, %fault, "a file of the bundle is no plugin"),
            }
        }
        registry
    }

    async fn add(&mut self, package: Package, source: &Source<'_>) {
        let manifest = package.manifest.clone();
        let absent = || Grant::read(&manifest.id, Table::new(), source.limits, &mut Vec::new());
        let grant = source.grants.get(&manifest.id).cloned().unwrap_or_else(absent);
        let index = self.entries.len();
        let mounted = self.mount(index, &manifest, &grant);
        let state = match mounted {
            Err(fault) => State::Refused(fault),
            Ok(()) if !grant.enabled => State::Disabled,
            Ok(()) => load(package, &grant, source).await,
        };
        self.entries.push(Entry { manifest, state });
    }

    fn mount(&mut self, index: usize, manifest: &Manifest, grant: &Grant) -> Result<()> {
        if self.entries.iter().any(|entry| entry.manifest.id == manifest.id) {
            return Err(super::manifest::refused(format!("another plugin has the id {:?}", manifest.id)));
        }
        self.routes.mount(index, manifest, &grant.mounts).map_err(super::manifest::refused)
    }

    /// Every plugin, in the order of loading.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The plugins that answer.
    pub fn ready(&self) -> impl Iterator<Item = &Arc<Plugin>> {
        self.entries.iter().filter_map(|entry| match &entry.state {
            State::Ready(plugin) => Some(plugin),
            _ => None,
        })
    }

    /// What hangs at a path.
    pub fn find(&self, path: &str) -> Option<Match<'_>> {
        self.routes.find(path)
    }

    /// The plugin that answers at a match.
    ///
    /// # Errors
    /// `http.not-found` with a hint when it is switched off, its own refusal when it cannot run.
    pub fn plugin(&self, found: &Match<'_>) -> Result<&Arc<Plugin>> {
        let entry = &self.entries[found.target.plugin];
        match &entry.state {
            State::Ready(plugin) => Ok(plugin),
            State::Disabled => {
                let id = &entry.manifest.id;
                Err(Error::new(&code::HTTP_NOT_FOUND, "the feature that answers here is switched off")
                    .hint(format!("an operator can switch it on: [plugins.{id}] enabled = true")))
            }
            State::Refused(_) => {
                Err(Error::new(&code::PLUGIN_UNAVAILABLE, "the plugin that answers here could not be loaded")
                    .hint("`basalt plugin list` says why"))
            }
        }
    }
}

async fn load(package: Package, grant: &Grant, source: &Source<'_>) -> State {
    let id = package.manifest.id.clone();
    match Plugin::load(package, grant, source.engine, source.store).await {
        Ok(plugin) => State::Ready(Arc::new(plugin)),
        Err(fault) => {
            tracing::error!(plugin = id, %fault, "the plugin is not running");
            State::Refused(fault)
        }
    }
}
