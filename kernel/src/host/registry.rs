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
use super::manifest::{Manifest, refused};
use super::package::Package;
use super::plugin::Plugin;
use super::route::{Filters, Match, Routes};
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

impl Source<'_> {
    fn grant(&self, manifest: &Manifest) -> Grant {
        let absent = || Grant::read(&manifest.id, Table::new(), self.limits, &mut Vec::new());
        self.grants.get(&manifest.id).cloned().unwrap_or_else(absent)
    }
}

impl Registry {
    /// Loads every plugin. One that cannot run is kept with its reason: its paths answer with it, the others run.
    pub async fn load(files: &[(String, Bytes)], source: Source<'_>) -> Self {
        let parse = |(name, wasm): &(String, Bytes)| match Package::parse(wasm.clone()) {
            Ok(package) => Some(package),
            Err(fault) => {
                tracing::error!(file = name, %fault, "a file of the bundle is no plugin");
                None
            }
        };
        let packages = files.iter().filter_map(parse);
        let plugins: Vec<_> = packages.map(|package| (source.grant(&package.manifest), package)).collect();
        let filters = plugins.iter().enumerate().filter(|(_, (grant, _))| grant.enabled);
        let filters = filters.filter_map(|(at, (grant, package))| Some((grant.filter(&package.manifest)?, at)));
        let filters = Filters::new(filters.collect());
        let mut registry = Self::default();
        for (grant, package) in plugins {
            registry.add(package, &grant, &source, &filters).await;
        }
        registry
    }

    async fn add(&mut self, package: Package, grant: &Grant, source: &Source<'_>, filters: &Filters) {
        let manifest = package.manifest.clone();
        let state = match self.mount(&manifest, grant, filters) {
            Err(fault) => State::refused(&manifest.id, fault),
            Ok(()) if !grant.enabled => State::Disabled,
            Ok(()) => load(package, grant, source).await,
        };
        self.entries.push(Entry { manifest, state });
    }

    fn mount(&mut self, manifest: &Manifest, grant: &Grant, filters: &Filters) -> Result<()> {
        if self.entries.iter().any(|entry| entry.manifest.id == manifest.id) {
            return Err(refused(format!("another plugin has the id {:?}", manifest.id)));
        }
        self.routes.mount(self.entries.len(), manifest, &grant.mounts(manifest), filters).map_err(refused)
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

    /// Those of these ids that no plugin has.
    pub fn unknown<'a>(&self, ids: impl Iterator<Item = &'a String>) -> impl Iterator<Item = &'a String> {
        ids.filter(|id| self.entries.iter().all(|entry| entry.manifest.id != **id))
    }

    /// What hangs at a path.
    pub fn find(&self, path: &str) -> Option<Match<'_>> {
        self.routes.find(path)
    }

    /// The plugin that a route or a chain names.
    ///
    /// # Errors
    /// `http.not-found` with a hint when it is switched off, its own refusal when it cannot run.
    pub fn plugin(&self, index: usize) -> Result<&Arc<Plugin>> {
        let entry = &self.entries[index];
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

impl State {
    fn refused(id: &str, fault: Error) -> Self {
        tracing::error!(plugin = id, %fault, "the plugin is not running");
        Self::Refused(fault)
    }
}

async fn load(package: Package, grant: &Grant, source: &Source<'_>) -> State {
    let id = package.manifest.id.clone();
    match Plugin::load(package, grant, source.engine, source.store).await {
        Ok(plugin) => State::Ready(Arc::new(plugin)),
        Err(fault) => State::refused(&id, fault),
    }
}
