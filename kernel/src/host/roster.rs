//! Which plugins there are, in which version and under which grant: those that came with the binary, and over them those that
//! an operator installed. Every act on a plugin goes through here.
//!
//! What is installed is recorded by the store, what is live is the fleet's; this is the order in which the two change.

mod act;
mod follow;

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Table;

use super::engine::Engine;
use super::fleet::Fleet;
use super::grant::Grant;
use super::manifest::refused;
use super::package::Package;
use super::plugin::Plugin;
use super::registry::{Entry, Registry, State};
use super::trial::PROBATION;
use crate::error::{Error, Result, code};
use crate::store::Store;
use crate::store::plugin::{Digest, Installed};

pub use act::{Answer, Install, Who};

/// Where a version of a plugin comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From the bundle, which says in its preset what its plugins are granted.
    Binary,
    /// From a file that an operator installed, which has what he approved.
    File,
}

/// The operator's word on a plugin, given what is recorded of his answers: see `app::Config::grant`.
pub type Grants = Arc<dyn Fn(&str, &Table, Origin) -> Result<Grant> + Send + Sync>;

/// All plugins of this node.
pub struct Roster {
    /// What is live.
    pub fleet: Fleet,
    store: Store,
    engine: Engine,
    grants: Grants,
    bundle: BTreeMap<String, Package>,
    /// What this node has made live of what is installed, by id. Held during an act: one comes after the other.
    seen: tokio::sync::Mutex<BTreeMap<String, Installed>>,
}

/// A plugin that is about to be live.
struct Candidate {
    package: Package,
    /// None for the version that came with the binary.
    digest: Option<Digest>,
}

impl Origin {
    fn of(digest: Option<&Digest>) -> Self {
        if digest.is_some() { Self::File } else { Self::Binary }
    }
}

impl Roster {
    /// Loads every plugin, in the versions that are installed. One that cannot run is kept with its reason.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open(files: &[(String, bytes::Bytes)], store: &Store, engine: Engine, grants: Grants) -> Result<Self> {
        let bundle = bundle(files);
        let fleet = Fleet::new(Registry::default());
        let roster = Self { fleet, store: store.clone(), engine, grants, bundle, seen: Default::default() };
        let mut seen = roster.seen.lock().await;
        *seen = by_id(store.plugins().await?);
        let mut entries = Vec::new();
        for id in roster.bundle.keys().chain(seen.keys().filter(|id| !roster.bundle.contains_key(*id))) {
            entries.push(roster.entry(id, seen.get(id)).await);
        }
        roster.fleet.start(Registry::of(entries));
        for installed in seen.values().filter(|installed| installed.canary.is_some()) {
            if let Err(fault) = roster.try_canary(installed).await {
                tracing::error!(plugin = installed.id, %fault, "the canary is not running");
            }
        }
        drop(seen);
        Ok(roster)
    }

    /// Ids that the operator configured and nobody has.
    pub fn unknown<'a>(&self, ids: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
        let registry = self.fleet.registry();
        ids.filter(|id| registry.entry(id).is_none()).collect()
    }

    /// What is installed of a plugin, as this node has it; nothing for one that came with the binary and was never touched.
    pub async fn installed(&self, id: &str) -> Option<Installed> {
        self.seen.lock().await.get(id).cloned()
    }

    /// The plugin of an id, as it is installed or as it came.
    async fn entry(&self, id: &str, installed: Option<&Installed>) -> Entry {
        let candidate = match installed.and_then(|installed| installed.current.clone()) {
            Some(digest) => self.fetch(digest).await,
            None => self.bundled(id),
        };
        match candidate {
            Ok(candidate) => self.load(candidate, installed).await.unwrap_or_else(|entry| entry),
            Err(fault) => Entry::broken(id, fault),
        }
    }

    fn bundled(&self, id: &str) -> Result<Candidate> {
        let package = self.bundle.get(id).cloned();
        let package = package.ok_or_else(|| refused(format!("this kernel was built without the plugin {id}")))?;
        Ok(Candidate { package, digest: None })
    }

    async fn fetch(&self, digest: Digest) -> Result<Candidate> {
        let package = Package::parse(self.store.plugin_file(&digest).await?)?;
        Ok(Candidate { package, digest: Some(digest) })
    }

    /// Makes a plugin ready, or says as an entry why it is not.
    async fn load(&self, candidate: Candidate, installed: Option<&Installed>) -> Result<Entry, Entry> {
        let Candidate { package, digest } = candidate;
        let id = package.manifest.id.clone();
        let grant = match self.grant(&id, installed, Origin::of(digest.as_ref())) {
            Ok(grant) => Arc::new(grant),
            Err(fault) => return Err(Entry::broken(&id, fault)),
        };
        let manifest = Arc::new(package.manifest.clone());
        let entry = |state| Entry { manifest, grant: Arc::clone(&grant), digest, state };
        if !grant.enabled {
            return Ok(entry(State::Disabled));
        }
        match Plugin::load(package, &grant, &self.engine, &self.store).await {
            Ok(plugin) => Ok(entry(State::Ready(Arc::new(plugin)))),
            Err(fault) => Err(entry(State::refused(&id, fault))),
        }
    }

    /// The grant in effect. What an operator switched off by command stays off; the file's word is the stronger one.
    fn grant(&self, id: &str, installed: Option<&Installed>, origin: Origin) -> Result<Grant> {
        (self.grants)(id, &recorded(installed)?, origin)
    }

    async fn try_canary(&self, installed: &Installed) -> Result<()> {
        let Some(canary) = &installed.canary else { return Ok(()) };
        let candidate = self.fetch(canary.digest.clone()).await?;
        let entry = self.load(candidate, Some(installed)).await.map_err(|entry| entry.fault())?;
        self.fleet.put(entry, percent(canary.share), PROBATION).await
    }
}

/// Of a share between 0 and 1; at least one, at most 99, so that it stays a canary.
fn percent(share: f64) -> u32 {
    ((share * 100.0).round() as u32).clamp(1, 99)
}

fn recorded(installed: Option<&Installed>) -> Result<Table> {
    let Some(installed) = installed else { return Ok(Table::new()) };
    let mut table: Table = installed.recorded.parse().map_err(|fault| {
        Error::new(&code::CONFIG_INVALID, format!("the recorded grant of {} is damaged", installed.id))
            .source(anyhow::Error::new::<toml::de::Error>(fault))
    })?;
    if !installed.enabled {
        table.insert("enabled".to_owned(), false.into());
    }
    Ok(table)
}

fn by_id(installed: Vec<Installed>) -> BTreeMap<String, Installed> {
    installed.into_iter().map(|installed| (installed.id.clone(), installed)).collect()
}

fn bundle(files: &[(String, bytes::Bytes)]) -> BTreeMap<String, Package> {
    let mut bundle = BTreeMap::new();
    for (name, wasm) in files {
        match Package::parse(wasm.clone()) {
            Ok(package) if bundle.contains_key(&package.manifest.id) => {
                tracing::error!(file = name, id = package.manifest.id, "another file of the bundle has this id");
            }
            Ok(package) => {
                bundle.insert(package.manifest.id.clone(), package);
            }
            Err(fault) => tracing::error!(file = name, %fault, "a file of the bundle is no plugin"),
        }
    }
    bundle
}
