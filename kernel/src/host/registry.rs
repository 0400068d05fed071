//! Every plugin that this kernel knows, in whatever state, and which of them answers a path.
//!
//! It does not decide grants and runs no call.

use std::sync::Arc;

use super::grant::Grant;
use super::manifest::{Manifest, refused};
use super::plugin::Plugin;
use super::route::{Filters, Match, Routes};
use crate::error::{Error, Result, code};
use crate::store::plugin::Digest;

/// A plugin and how it stands.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
    /// What the operator allows it.
    pub grant: Arc<Grant>,
    /// Of its file, when it was installed; none when it came with the binary.
    pub digest: Option<Digest>,
    /// The name of the key that its file is signed with, where it is.
    pub signer: Option<String>,
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

impl Entry {
    /// A plugin of which no more is known than that it cannot run.
    pub fn broken(id: &str, digest: Option<Digest>, fault: Error) -> Self {
        let manifest = Manifest::unreadable(id);
        let grant = Grant::none(id);
        let state = State::refused(id, fault);
        Self { manifest: Arc::new(manifest), grant: Arc::new(grant), digest, signer: None, state }
    }

    /// Why it does not answer, when that is not the operator's will.
    pub fn reason(&self) -> Option<Error> {
        match &self.state {
            State::Refused(fault) => Some(fault.without_source()),
            State::Ready(_) | State::Disabled => None,
        }
    }

    /// The plugin, when it answers.
    pub fn ready(&self) -> Option<&Arc<Plugin>> {
        match &self.state {
            State::Ready(plugin) => Some(plugin),
            _ => None,
        }
    }
}

impl Registry {
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
    pub(super) fn refused(id: &str, fault: Error) -> Self {
        tracing::error!(plugin = id, %fault, "the plugin is not running");
        Self::Refused(Arc::new(fault))
    }
}
