//! Which plugins there are, in which version and under which grant: those that came with the binary, and over them those that
//! an operator installed. Every act on a plugin goes through here.
//!
//! What is installed is recorded by the store, what is live is the fleet's; this is the order in which the two change.

mod act;
mod follow;

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use toml::Table;

use super::engine::Engine;
use super::fleet::{Fleet, Outcome};
use super::grant::Grant;
use super::manifest::refused;
use super::package::Package;
use super::plugin::Plugin;
use super::registry::{Entry, Registry, State};
use crate::auth::Auth;
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
    auth: Arc<Auth>,
    engine: Engine,
    grants: Grants,
    bundle: BTreeMap<String, Package>,
    /// What this node has made live of what is installed, by id. Written by whoever has the turn.
    known: ArcSwap<BTreeMap<String, Installed>>,
    /// One act comes after the other.
    turn: tokio::sync::Mutex<()>,
    /// Ends of trials that could not be recorded yet.
    unrecorded: parking_lot::Mutex<Vec<Outcome>>,
}

/// A version that is about to be live.
struct Candidate {
    package: Package,
    /// None for the version that came with the binary.
    digest: Option<Digest>,
    /// What the operator approved for it.
    recorded: Table,
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
    pub async fn open(
        files: &[(String, bytes::Bytes)],
        store: &Store,
        auth: &Arc<Auth>,
        engine: Engine,
        grants: Grants,
    ) -> Result<Self> {
        let known = by_id(store.plugins().await?);
        let roster = Self {
            fleet: Fleet::new(Registry::default()),
            store: store.clone(),
            auth: Arc::clone(auth),
            engine,
            grants,
            bundle: bundle(files),
            known: ArcSwap::from_pointee(known.clone()),
            turn: Default::default(),
            unrecorded: Default::default(),
        };
        let mut entries = Vec::new();
        for id in roster.bundle.keys().chain(known.keys().filter(|id| !roster.bundle.contains_key(*id))) {
            entries.push(roster.entry(id, known.get(id)).await);
        }
        let Self { fleet, .. } = &roster;
        fleet.start(Registry::of(entries));
        for installed in known.values() {
            roster.try_canary(installed).await;
        }
        Ok(roster)
    }

    /// Ids that the operator configured and nobody has.
    pub fn unknown<'a>(&self, ids: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
        let registry = self.fleet.registry();
        ids.filter(|id| registry.entry(id).is_none()).collect()
    }

    /// What is installed of a plugin, as this node has it; nothing for one that came with the binary and was never touched.
    pub fn installed(&self, id: &str) -> Option<Installed> {
        self.known.load().get(id).cloned()
    }

    /// The plugin of an id, as it is installed or as it came.
    async fn entry(&self, id: &str, installed: Option<&Installed>) -> Entry {
        let current = installed.and_then(|installed| installed.current.clone());
        let enabled = installed.is_none_or(|installed| installed.enabled);
        let candidate = match &current {
            Some(digest) => self.fetch(digest.clone()).await,
            None => self.bundled(id),
        };
        match candidate {
            Ok(candidate) => self.load(candidate, enabled, None).await,
            Err(fault) => Entry::broken(id, current, fault),
        }
    }

    fn bundled(&self, id: &str) -> Result<Candidate> {
        let package = self.bundle.get(id).cloned();
        let package = package.ok_or_else(|| refused(format!("this kernel was built without the plugin {id}")))?;
        Ok(Candidate { package, digest: None, recorded: Table::new() })
    }

    async fn fetch(&self, digest: Digest) -> Result<Candidate> {
        let (file, recorded) = self.store.plugin_file(&digest).await?;
        Ok(Candidate { package: Package::parse(file)?, digest: Some(digest), recorded: table(&recorded)? })
    }

    /// Makes a version ready, or says why it is not. What runs beside it until it takes over keeps what it has.
    async fn load(&self, candidate: Candidate, enabled: bool, beside: Option<&Arc<Plugin>>) -> Entry {
        let Candidate { package, digest, mut recorded } = candidate;
        let id = package.manifest.id.clone();
        if !enabled {
            recorded.insert("enabled".to_owned(), false.into());
        }
        let grant = match (self.grants)(&id, &recorded, Origin::of(digest.as_ref())) {
            Ok(grant) => Arc::new(grant),
            Err(fault) => return Entry::broken(&id, digest, fault),
        };
        let manifest = Arc::new(package.manifest.clone());
        // What came with the binary is as trusted as the binary; the others are strangers'.
        let engine = if digest.is_none() { self.engine.without_compiler() } else { self.engine.clone() };
        let loaded = match grant.enabled {
            false => Ok(State::Disabled),
            true => Plugin::load(package, &grant, &engine, (&self.store, &self.auth), beside.map(|it| &**it))
                .await
                .map(|plugin| State::Ready(Arc::new(plugin))),
        };
        let state = loaded.unwrap_or_else(|fault| State::refused(&id, fault));
        Entry { manifest, grant, digest, state }
    }

    /// Has the canary that is installed answer its part, where it can.
    async fn try_canary(&self, installed: &Installed) {
        let Some(canary) = &installed.canary else { return };
        let tried = async {
            let running = self.running(&installed.id);
            let candidate = self.fetch(canary.digest.clone()).await?;
            let entry = self.load(candidate, installed.enabled, running.as_ref()).await;
            match entry.reason() {
                Some(fault) => Err(fault),
                None => self.fleet.try_out(entry, percent(canary.share), canary.calls),
            }
        };
        match tried.await {
            Ok(ended) => self.note(ended),
            Err(fault) => tracing::error!(plugin = installed.id, %fault, "the canary is not running"),
        }
    }

    fn running(&self, id: &str) -> Option<Arc<Plugin>> {
        self.fleet.registry().entry(id)?.ready().cloned()
    }

    /// Lets the login of a plugin reach what the version that stays may reach, and no more.
    async fn tighten(&self, id: &str) {
        if self.fleet.trial().is_some_and(|trial| trial.plugin == id) {
            return;
        }
        if let Some(plugin) = self.running(id)
            && let Err(fault) = plugin.settle().await
        {
            tracing::error!(plugin = id, %fault, "the login of the plugin reaches more than the version that runs may");
        }
    }

    /// Remembers the end of a trial until it is recorded.
    fn note(&self, ended: Option<Outcome>) {
        self.unrecorded.lock().extend(ended);
    }
}

/// Of a share between 0 and 1; at least one, at most 99, so that it stays a canary.
fn percent(share: f64) -> u32 {
    ((share * 100.0).round() as u32).clamp(1, 99)
}

fn table(recorded: &str) -> Result<Table> {
    recorded.parse().map_err(|fault: toml::de::Error| {
        Error::new(&code::CONFIG_INVALID, "a recorded grant is damaged").source(anyhow::Error::new(fault))
    })
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
