//! What an operator does to plugins. Each act checks everything first, records it, and makes it live last: a plugin that cannot
//! run replaces nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use toml::Table;

use super::{Candidate, Origin, Roster, table};
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
    /// Calls that decide; with none it takes over for good at once.
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
        package.check()?;
        if let Err(asks) = self.ask(&package, &install).await? {
            return Ok(asks);
        }
        // Long, and changes nothing: others need not wait for it.
        self.engine.component(&install.wasm).await?;
        let _turn = self.turn().await;
        match self.ask(&package, &install).await? {
            Err(asks) => Ok(asks),
            Ok(recorded) => self.upgrade(package, recorded, &install, who).await,
        }
    }

    /// What would be recorded for a version, or the question that has to be answered first.
    async fn ask(&self, package: &Package, install: &Install<'_>) -> Result<Result<Table, Answer>> {
        let (id, version) = (package.manifest.id.clone(), package.manifest.version.clone());
        let old = match self.installed(&id).and_then(|installed| installed.current) {
            Some(digest) => table(&self.store.plugin_recorded(&digest).await?)?,
            None => Table::new(),
        };
        let difference = (self.grants)(&id, &old, Origin::File)?.difference(&package.manifest);
        let seal = seal(&install.wasm, &difference.added);
        if !difference.added.is_empty() && install.approved != Some(seal.as_str()) {
            return Ok(Err(Answer::Asks { id, version, difference, seal }));
        }
        Ok(Ok(grant::record(&old, &package.manifest, &difference.added)))
    }

    async fn upgrade(&self, package: Package, recorded: Table, install: &Install<'_>, who: Who<'_>) -> Result<Answer> {
        self.fleet.check_trial()?;
        let (id, version) = (package.manifest.id.clone(), package.manifest.version.clone());
        let (installed, digest) = (self.installed(&id), Digest::of(&install.wasm));
        let file = version_of(&package, digest.clone(), &recorded);
        let running = self.running(&id);
        let enabled = installed.as_ref().is_none_or(|installed| installed.enabled);
        let candidate = Candidate { package, digest: Some(digest.clone()), recorded };
        let entry = self.load(candidate, enabled, running.as_ref()).await;
        if let Err(fault) = self.prove(&entry).await {
            self.tighten(&id).await;
            return Err(fault);
        }
        let is_tried = running.is_some() && entry.ready().is_some() && install.calls != Some(0);
        let share = install.canary.filter(|_| is_tried).map_or(100, |share| share.clamp(1, 99));
        let calls = install.calls.unwrap_or(if share < 100 { CANARY } else { PROBATION });
        if share < 100 && installed.is_none() {
            // A canary stands beside something that is recorded: the binary's own version, here.
            self.record(&id, Act::Enable, None, who).await?;
        }
        let act = match installed {
            _ if share < 100 => Act::Canary(Canary { digest, share: f64::from(share) / 100.0, calls }),
            None => Act::Add(digest),
            Some(_) => Act::Upgrade(digest),
        };
        self.record(&id, act, Some((&file, install.wasm.clone())), who).await?;
        if is_tried {
            self.note(self.fleet.try_out(entry, share, calls)?);
        } else {
            self.fleet.put(entry);
            self.tighten(&id).await;
        }
        let previous = running.map(|plugin| plugin.manifest.version.clone());
        Ok(Answer::Installed { id, version, previous, share })
    }

    /// Whether a version could take over.
    async fn prove(&self, entry: &Entry) -> Result<()> {
        if let Some(fault) = entry.reason() {
            return Err(fault);
        }
        if let Some(plugin) = entry.ready() {
            plugin.smoke().await?;
        }
        self.fleet.check(entry)
    }

    /// Switches a plugin on or off.
    ///
    /// # Errors
    /// `plugin.not-found`; `plugin.conflict` where the configuration says otherwise; what keeps it from running.
    pub async fn switch(&self, id: &str, on: bool, who: Who<'_>) -> Result<()> {
        let _turn = self.turn().await;
        self.known_entry(id)?;
        self.end_canary(id, who).await?;
        let act = if on { Act::Enable } else { Act::Disable };
        let next = Installed { enabled: on, ..self.installed(id).unwrap_or_else(|| blank(id)) };
        let entry = self.entry(id, Some(&next)).await;
        if entry.grant.enabled != on && entry.reason().is_none() {
            let (now, key) = (if on { "off" } else { "on" }, format!("[plugins.{id}] enabled"));
            self.tighten(id).await;
            return Err(Error::new(&code::PLUGIN_CONFLICT, format!("the configuration says that {id} is {now}"))
                .hint(format!("that is stronger than a command: take {key} out of it")));
        }
        if on && let Some(fault) = entry.reason() {
            return Err(fault);
        }
        self.record(id, act, None, who).await?;
        self.fleet.put(entry);
        Ok(())
    }

    /// Takes a plugin out; one that came with the binary comes back in that version. What it keeps in the database stays, or
    /// goes with `purge`, also of one that is not installed any more.
    ///
    /// # Errors
    /// `plugin.not-found`, and `plugin.conflict` for one that came with the binary and was never replaced.
    pub async fn remove(&self, id: &str, purge: bool, who: Who<'_>) -> Result<()> {
        let _turn = self.turn().await;
        let Ok(entry) = self.known_entry(id) else {
            return if purge && self.store.drop_plugin_data(id).await? { Ok(()) } else { Err(unknown(id)) };
        };
        let is_bundled = self.bundle.contains_key(id);
        if entry.digest.is_none() && is_bundled {
            return Err(Error::new(&code::PLUGIN_CONFLICT, format!("the plugin {id} came with the binary"))
                .hint(format!("switch it off: `basalt plugin disable {id}`")));
        }
        if self.installed(id).is_some() {
            self.record(id, Act::Remove, None, who).await?;
        }
        self.fleet.remove(id);
        let purged = match purge {
            true => {
                drained(&entry).await;
                self.store.drop_plugin_data(id).await.map(drop)
            }
            false => Ok(()),
        };
        if is_bundled {
            self.fleet.put(self.entry(id, None).await);
        }
        purged
    }

    /// Goes back to the version before, or ends a canary.
    ///
    /// # Errors
    /// `plugin.not-found`, `plugin.conflict` when there is no version before.
    pub async fn roll_back(&self, id: &str, who: Who<'_>) -> Result<()> {
        let _turn = self.turn().await;
        self.known_entry(id)?;
        if self.end_canary(id, who).await? {
            return Ok(());
        }
        let installed = self.installed(id).filter(|installed| self.has_before(installed));
        let installed = installed.ok_or_else(|| {
            Error::new(&code::PLUGIN_CONFLICT, format!("the plugin {id} has no version before this one"))
        })?;
        let next = Installed { current: installed.previous.clone(), previous: None, ..installed };
        let entry = self.entry(id, Some(&next)).await;
        if let Some(fault) = entry.reason() {
            self.tighten(id).await;
            return Err(fault);
        }
        self.record(id, Act::Rollback, None, who).await?;
        self.fleet.put(entry);
        Ok(())
    }

    /// Lets a canary answer everything.
    ///
    /// # Errors
    /// `plugin.not-found`, `plugin.not-on-trial`.
    pub async fn promote(&self, id: &str, who: Who<'_>) -> Result<()> {
        let _turn = self.turn().await;
        self.known_entry(id)?;
        let canary = self.installed(id).and_then(|installed| installed.canary);
        let none = || Error::new(&code::PLUGIN_NOT_ON_TRIAL, format!("the plugin {id} has no canary"));
        self.record(id, Act::Upgrade(canary.ok_or_else(none)?.digest), None, who).await?;
        if self.fleet.decide(id, true).is_none() {
            // It was recorded, and could not run here: now it is all there is.
            self.fleet.put(self.entry(id, self.installed(id).as_ref()).await);
        }
        self.tighten(id).await;
        Ok(())
    }

    /// Whether there was a canary to end.
    async fn end_canary(&self, id: &str, who: Who<'_>) -> Result<bool> {
        if self.installed(id).is_none_or(|installed| installed.canary.is_none()) {
            return Ok(false);
        }
        self.record(id, Act::EndCanary, None, who).await?;
        self.fleet.decide(id, false);
        self.tighten(id).await;
        Ok(true)
    }

    /// Whether there is a version to go back to.
    pub(super) fn has_before(&self, installed: &Installed) -> bool {
        installed.current.is_some() && (installed.previous.is_some() || self.bundle.contains_key(&installed.id))
    }

    fn known_entry(&self, id: &str) -> Result<Entry> {
        self.fleet.registry().entry(id).cloned().ok_or_else(|| unknown(id))
    }

    /// The turn to act, with all verdicts carried out.
    pub(super) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        let turn = self.turn.lock().await;
        self.settle().await;
        turn
    }

    /// Records an act on the plugin as this node knows it.
    pub(super) async fn record(&self, id: &str, act: Act, file: Option<(&Version, Bytes)>, who: Who<'_>) -> Result<()> {
        let seen = self.installed(id).map(|installed| installed.revision);
        let change = Change { plugin: id, seen, act, file, reason: who.reason, actor: who.actor };
        self.store.change_plugin(&change).await?;
        // Of this plugin only: what others changed meanwhile is still to be followed.
        let now = self.store.plugins().await?.into_iter().find(|installed| installed.id == id);
        self.know(id, now);
        Ok(())
    }

    /// Notes how far this node has followed.
    pub(super) fn know(&self, id: &str, now: Option<Installed>) {
        let mut known = self.known.load().as_ref().clone();
        match now {
            Some(now) => known.insert(id.to_owned(), now),
            None => known.remove(id),
        };
        self.known.store(Arc::new(known));
    }
}

/// Calls of a canary that decide, unless the operator says another number.
const CANARY: u64 = 1000;

fn blank(id: &str) -> Installed {
    Installed { id: id.to_owned(), enabled: true, current: None, previous: None, canary: None, revision: 0 }
}

fn unknown(id: &str) -> Error {
    Error::new(&code::PLUGIN_NOT_FOUND, format!("no plugin has the id {id:?}")).hint("`basalt plugin list` lists them")
}

fn version_of(package: &Package, digest: Digest, recorded: &Table) -> Version {
    let manifest = &package.manifest;
    let (plugin, version) = (manifest.id.clone(), manifest.version.clone());
    let (manifest, recorded) = (package.source.clone(), recorded.to_string());
    Version { digest, plugin, version, manifest, recorded, installed_at: String::new() }
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
