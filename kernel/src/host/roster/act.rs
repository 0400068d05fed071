//! What an operator does to plugins. Each act checks everything first, records it, and makes it live last: a plugin that cannot
//! run replaces nothing.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use toml::Table;

use super::{Candidate, Origin, Roster, recorded};
use crate::error::{Error, Result, code};
use crate::host::grant;
use crate::host::package::Package;
use crate::host::permission::{Difference, Permissions};
use crate::host::registry::Entry;
use crate::host::trial::PROBATION;
use crate::store::plugin::{Act, Canary, Change, Digest, Installed, Version};

/// Who acts, and why; for the log that outlives the plugin.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// A short name.
    pub actor: &'a str,
    /// In the operator's words; may be empty.
    pub reason: &'a str,
}

/// A file to install, or to upgrade to.
#[derive(Debug, Clone)]
pub struct Install<'a> {
    /// The file.
    pub wasm: Bytes,
    /// The seal of the permissions that the operator has seen and approved: see [`Answer::Asks`].
    pub approved: Option<&'a str>,
    /// Per cent of the requests that see it at first; all without.
    pub canary: Option<u32>,
    /// Calls of a canary that decide.
    pub calls: Option<u64>,
}

/// What came of an installation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Answer {
    /// It wants what is not granted to it yet. Nothing was changed.
    Asks {
        /// Its id.
        id: String,
        /// Its version.
        version: String,
        /// What it wants beside what it has, and what it has no use for any more.
        difference: Difference,
        /// Approves exactly this: sent back with the same file.
        seal: String,
    },
    /// It runs, or part of the requests see it.
    Installed {
        /// Its id.
        id: String,
        /// Its version.
        version: String,
        /// The version before, where there was one.
        previous: Option<String>,
        /// Per cent of the requests that see it.
        share: u32,
    },
}

impl Roster {
    /// Installs a plugin, or upgrades it to another version.
    ///
    /// # Errors
    /// `plugin.refused` and the like when it could not run; `plugin.on-trial`, `plugin.conflict`. Nothing is changed then but,
    /// where its migrations ran, its own schema.
    pub async fn install(&self, install: Install<'_>, who: Who<'_>) -> Result<Answer> {
        let package = Package::parse(install.wasm.clone())?;
        let mut seen = self.seen.lock().await;
        let (id, version) = (package.manifest.id.clone(), package.manifest.version.clone());
        let installed = seen.get(&id);
        let old = recorded(installed)?;
        let difference = (self.grants)(&id, &old, Origin::File)?.difference(&package.manifest);
        let seal = seal(&install.wasm, &difference.added);
        if !difference.added.is_empty() && install.approved != Some(seal.as_str()) {
            return Ok(Answer::Asks { id, version, difference, seal });
        }
        let next = self.next(installed, &package, &grant::record(&old, &package.manifest, &difference.added));
        let candidate = Candidate { digest: Some(Digest::of(&install.wasm)), package: package.clone() };
        let entry = self.load(candidate, Some(&next)).await.map_err(|entry| entry.fault())?;
        if let Some(plugin) = entry.ready() {
            plugin.smoke().await?;
        }
        self.fleet.check(&entry)?;
        let running = self.fleet.registry().entry(&id).filter(|entry| entry.ready().is_some()).cloned();
        let share = install.canary.filter(|_| running.is_some()).map_or(100, |share| share.clamp(1, 99));
        let digest = Digest::of(&install.wasm);
        let act = match installed {
            _ if share < 100 => Act::Canary(Canary { digest: digest.clone(), share: f64::from(share) / 100.0 }),
            None => Act::Add(digest.clone()),
            Some(_) => Act::Upgrade(digest.clone()),
        };
        if share < 100 && installed.is_none() {
            // A canary stands beside something that is recorded: the binary's own version, here.
            self.record(&mut seen, &id, None, Act::Enable, None, who).await?;
        }
        let file = version_of(&package, digest);
        let text = next.recorded.clone();
        let change = Recorded { file: Some((&file, install.wasm)), recorded: Some(&text) };
        let revision = seen.get(&id).map(|installed| installed.revision);
        self.record(&mut seen, &id, revision, act, Some(change), who).await?;
        self.fleet.put(entry, share, install.calls.unwrap_or(if share < 100 { CANARY } else { PROBATION })).await?;
        let previous = running.map(|entry| entry.manifest.version.clone());
        Ok(Answer::Installed { id, version, previous, share })
    }

    /// Switches a plugin on or off.
    ///
    /// # Errors
    /// `plugin.not-found`; `plugin.conflict` where the configuration says otherwise; what keeps it from running.
    pub async fn switch(&self, id: &str, on: bool, who: Who<'_>) -> Result<()> {
        let mut seen = self.seen.lock().await;
        self.known(id)?;
        let act = if on { Act::Enable } else { Act::Disable };
        let mut next = seen.get(id).cloned().unwrap_or_else(|| blank(id));
        next.enabled = on;
        if self.grant(id, Some(&next), Origin::of(next.current.as_ref()))?.enabled != on {
            let (now, key) = (if on { "off" } else { "on" }, format!("[plugins.{id}] enabled"));
            return Err(Error::new(&code::PLUGIN_CONFLICT, format!("the configuration says that {id} is {now}"))
                .hint(format!("that is stronger than a command: take {key} out of it")));
        }
        let entry = self.entry(id, Some(&next)).await;
        if on && let Some(fault) = entry.reason() {
            return Err(fault);
        }
        let revision = seen.get(id).map(|installed| installed.revision);
        self.record(&mut seen, id, revision, act, None, who).await?;
        self.fleet.put(entry, 100, PROBATION).await
    }

    /// Takes a plugin out; one that came with the binary comes back in that version. What it keeps in the database stays, or
    /// goes with `purge`.
    ///
    /// # Errors
    /// `plugin.not-found`, and `plugin.conflict` for one that came with the binary and was never replaced.
    pub async fn remove(&self, id: &str, purge: bool, who: Who<'_>) -> Result<()> {
        let mut seen = self.seen.lock().await;
        let entry = self.known(id)?;
        if entry.digest.is_none() && self.bundle.contains_key(id) {
            return Err(Error::new(&code::PLUGIN_CONFLICT, format!("the plugin {id} came with the binary"))
                .hint(format!("switch it off: `basalt plugin disable {id}`")));
        }
        if let Some(installed) = seen.get(id) {
            let revision = Some(installed.revision);
            self.record(&mut seen, id, revision, Act::Remove, None, who).await?;
        }
        match self.bundle.contains_key(id) {
            true => self.fleet.put(self.entry(id, None).await, 100, PROBATION).await?,
            false => self.fleet.remove(id).await?,
        }
        if purge {
            drained(&entry).await;
            self.store.drop_plugin_data(id).await?;
        }
        Ok(())
    }

    /// Goes back to the version before, or ends a canary.
    ///
    /// # Errors
    /// `plugin.not-found`, `plugin.conflict` when there is no version before.
    pub async fn roll_back(&self, id: &str, who: Who<'_>) -> Result<()> {
        let mut seen = self.seen.lock().await;
        self.known(id)?;
        let installed = seen.get(id).cloned().ok_or_else(|| nothing_before(id))?;
        let revision = Some(installed.revision);
        if installed.canary.is_some() {
            self.record(&mut seen, id, revision, Act::EndCanary, None, who).await?;
            return self.fleet.decide(id, false).await.map(drop);
        }
        if installed.current.is_none() || installed.previous.is_none() && !self.bundle.contains_key(id) {
            return Err(nothing_before(id));
        }
        let next = Installed { current: installed.previous.clone(), previous: None, ..installed };
        let entry = self.entry(id, Some(&next)).await;
        if let Some(fault) = entry.reason() {
            return Err(fault);
        }
        self.record(&mut seen, id, revision, Act::Rollback, None, who).await?;
        self.fleet.put(entry, 100, PROBATION).await
    }

    /// Lets a canary answer everything.
    ///
    /// # Errors
    /// `plugin.not-on-trial`.
    pub async fn promote(&self, id: &str, who: Who<'_>) -> Result<()> {
        let mut seen = self.seen.lock().await;
        self.known(id)?;
        let canary = seen.get(id).and_then(|installed| Some((installed.revision, installed.canary.clone()?.digest)));
        let (revision, digest) =
            canary.ok_or_else(|| Error::new(&code::PLUGIN_NOT_ON_TRIAL, format!("the plugin {id} has no canary")))?;
        self.record(&mut seen, id, Some(revision), Act::Upgrade(digest), None, who).await?;
        self.fleet.decide(id, true).await.map(drop)
    }

    fn known(&self, id: &str) -> Result<Entry> {
        self.fleet.registry().entry(id).cloned().ok_or_else(|| {
            Error::new(&code::PLUGIN_NOT_FOUND, format!("no plugin has the id {id:?}"))
                .hint("`basalt plugin list` lists them")
        })
    }

    /// Records an act, and what it made of the plugin.
    pub(super) async fn record(
        &self,
        seen: &mut std::collections::BTreeMap<String, Installed>,
        id: &str,
        revision: Option<i64>,
        act: Act,
        content: Option<Recorded<'_>>,
        who: Who<'_>,
    ) -> Result<()> {
        let Recorded { file, recorded } = content.unwrap_or_default();
        let change = Change { plugin: id, seen: revision, act, file, recorded, reason: who.reason, actor: who.actor };
        self.store.change_plugin(&change).await?;
        *seen = super::by_id(self.store.plugins().await?);
        Ok(())
    }

    /// The plugin as it would be recorded with this grant.
    fn next(&self, installed: Option<&Installed>, package: &Package, record: &Table) -> Installed {
        let mut record = record.clone();
        record.remove("enabled");
        let blank = || blank(&package.manifest.id);
        Installed { recorded: record.to_string(), ..installed.cloned().unwrap_or_else(blank) }
    }
}

/// Calls of a canary that decide, unless the operator says another number.
const CANARY: u64 = 1000;

/// What is kept with an act.
#[derive(Default)]
pub(super) struct Recorded<'a> {
    file: Option<(&'a Version, Bytes)>,
    recorded: Option<&'a str>,
}

fn blank(id: &str) -> Installed {
    let (current, previous, canary, recorded) = Default::default();
    Installed { id: id.to_owned(), enabled: true, current, previous, canary, recorded, revision: 0 }
}

fn nothing_before(id: &str) -> Error {
    Error::new(&code::PLUGIN_CONFLICT, format!("the plugin {id} has no version before this one"))
}

fn version_of(package: &Package, digest: Digest) -> Version {
    let manifest = &package.manifest;
    let (plugin, version) = (manifest.id.clone(), manifest.version.clone());
    Version { digest, plugin, version, manifest: manifest.description.clone(), installed_at: String::new() }
}

/// Of a file and what is asked for it: an answer to one question is none to another.
fn seal(wasm: &Bytes, asked: &Permissions) -> String {
    let scopes: Vec<_> = asked.lines().into_iter().map(|line| line.scope).collect();
    Digest::of(format!("{}\n{}", Digest::of(wasm), scopes.join("\n")).as_bytes()).to_string()
}

/// Calls that still run keep connections of the login that is about to go.
async fn drained(entry: &Entry) {
    let Some(plugin) = entry.ready() else { return };
    let deadline = tokio::time::Instant::now() + plugin.limits.deadline.0;
    while plugin.is_busy() && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
