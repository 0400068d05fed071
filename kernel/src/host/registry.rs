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
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
    /// What the operator allows it.
    pub grant: Arc<Grant>,
    /// Whether it can be called.
    pub state: State,
}

/// How a plugin stands.
#[derive(Debug, Clone)]
pub enum State {
    /// It answers.
    Ready(Arc<Plugin>),
    /// The operator switched it off.
    Disabled,
    /// It cannot run, and why.
    Refused(Arc<Error>),
}

/// All plugins and their paths, as they are at one moment: it never changes. A request works with one of these from its
/// beginning to its end; a change makes another one, which shares the plugins that stay (see [`super::fleet`]).
#[derive(Debug, Default)]
pub struct Registry {
    entries: Vec<Entry>,
    routes: Routes,
}

/// What plugins are made of.
#[derive(Clone)]
pub struct Source {
    /// Compiles them.
    pub engine: Engine,
    /// Their database.
    pub store: Store,
    /// The operator's word on each, by id.
    pub grants: BTreeMap<String, Grant>,
    /// The limits of a plugin that the configuration does not mention.
    pub limits: Limits,
}

impl Source {
    fn grant(&self, manifest: &Manifest) -> Grant {
        let absent = || Grant::read(&manifest.id, Table::new(), &self.limits, &mut Vec::new());
        self.grants.get(&manifest.id).cloned().unwrap_or_else(absent)
    }

    /// A plugin as its grant lets it be: switched off, ready, or refused with the reason.
    pub async fn load(&self, package: Package) -> Entry {
        let grant = self.grant(&package.manifest);
        let manifest = Arc::new(package.manifest.clone());
        let state = match grant.enabled {
            false => State::Disabled,
            true => match Plugin::load(package, &grant, &self.engine, &self.store).await {
                Ok(plugin) => State::Ready(Arc::new(plugin)),
                Err(fault) => State::refused(&manifest.id, fault),
            },
        };
        Entry { manifest, grant: Arc::new(grant), state }
    }
}

impl Entry {
    /// The plugin, when it answers.
    pub fn ready(&self) -> Option<&Arc<Plugin>> {
        match &self.state {
            State::Ready(plugin) => Some(plugin),
            _ => None,
        }
    }
}

impl Registry {
    /// Loads every plugin. One that cannot run is kept with its reason: its paths answer with it, the others run.
    pub async fn load(files: &[(String, Bytes)], source: &Source) -> Self {
        let mut entries = Vec::new();
        for (name, wasm) in files {
            match Package::parse(wasm.clone()) {
                Ok(package) => entries.push(source.load(package).await),
                Err(fault) => tracing::error!(file = name, %fault, "a file of the bundle is no plugin"),
            }
        }
        Self::of(entries)
    }

    /// A registry of these plugins. One whose paths or id another has already is refused.
    pub fn of(entries: Vec<Entry>) -> Self {
        let filters = entries.iter().enumerate().filter(|(_, entry)| entry.grant.enabled);
        let filters = filters.filter_map(|(at, entry)| Some((entry.grant.filter(&entry.manifest)?, at)));
        let filters = Filters::new(filters.collect());
        let mut registry = Self::default();
        for mut entry in entries {
            if let Err(fault) = registry.mount(&entry, &filters) {
                entry.state = State::refused(&entry.manifest.id, fault);
            }
            registry.entries.push(entry);
        }
        registry
    }

    /// This registry with a plugin in the place of the one of its id, or added.
    pub fn with(&self, entry: Entry) -> Self {
        let mut entries = self.entries.clone();
        match entries.iter_mut().find(|other| other.manifest.id == entry.manifest.id) {
            Some(place) => *place = entry,
            None => entries.push(entry),
        }
        Self::of(entries)
    }

    /// This registry without a plugin.
    pub fn without(&self, id: &str) -> Self {
        Self::of(self.entries.iter().filter(|entry| entry.manifest.id != id).cloned().collect())
    }

    fn mount(&mut self, entry: &Entry, filters: &Filters) -> Result<()> {
        let Entry { manifest, grant, .. } = entry;
        if self.entry(&manifest.id).is_some() {
            return Err(refused(format!("another plugin has the id {:?}", manifest.id)));
        }
        self.routes.mount(self.entries.len(), manifest, &grant.mounts(manifest), filters).map_err(refused)
    }

    /// The plugin of an id.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.manifest.id == id)
    }

    /// Every plugin, in the order of loading.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The plugins that answer.
    pub fn ready(&self) -> impl Iterator<Item = &Arc<Plugin>> {
        self.entries.iter().filter_map(Entry::ready)
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
        Self::Refused(Arc::new(fault))
    }
}
