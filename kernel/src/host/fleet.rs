//! What is live: one registry, or two while a version is on trial. Changes go through here, one after the other; requests
//! only ever read.
//!
//! It keeps nothing: what is installed is [`crate::store`]'s.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rand::RngExt;
use tokio::sync::{Mutex, Notify};

use super::registry::{Entry, Registry, State};
use super::route::Target;
use super::trial::{Trial, Verdict};
use crate::capability::http::{Request, Response};
use crate::error::{Error, Kind, Result, code};

/// The live plugins.
pub struct Fleet {
    live: ArcSwap<Live>,
    changing: Mutex<()>,
    decided: Notify,
}

struct Live {
    /// What answers when nothing is on trial, and what a trial has to be better than.
    registry: Arc<Registry>,
    trial: Option<Arc<Trial>>,
}

/// The registry that one request works with, and what to do when a version on trial fails it.
pub struct Choice {
    /// All plugins, as this request sees them.
    pub registry: Arc<Registry>,
    trial: Option<Arc<Trial>>,
}

/// How a trial ended.
#[derive(Debug)]
pub struct Outcome {
    /// The plugin's id.
    pub plugin: String,
    /// Whether the new version stays.
    pub verdict: Verdict,
    /// Per cent of the requests that saw it.
    pub share: u32,
}

impl Fleet {
    /// A fleet of these plugins.
    pub fn new(registry: Registry) -> Self {
        let live = ArcSwap::from_pointee(Live { registry: Arc::new(registry), trial: None });
        Self { live, changing: Mutex::default(), decided: Notify::new() }
    }

    /// Makes these live, in place of whatever was: for the start, before anybody asks.
    pub(super) fn start(&self, registry: Registry) {
        self.live.store(Arc::new(Live { registry: Arc::new(registry), trial: None }));
    }

    /// Whether a plugin could be put beside the others.
    ///
    /// # Errors
    /// As [`Fleet::put`].
    pub fn check(&self, entry: &Entry) -> Result<()> {
        check(&self.present()?.with(entry.clone()), &entry.manifest.id)
    }

    /// The plugins for one request.
    pub fn choose(&self) -> Choice {
        let live = self.live.load();
        match &live.trial {
            None => Choice { registry: Arc::clone(&live.registry), trial: None },
            Some(trial) if trial.takes(rand::rng().random_range(0..100)) => {
                Choice { registry: Arc::clone(&trial.candidate), trial: Some(Arc::clone(trial)) }
            }
            Some(trial) => Choice { registry: Arc::clone(&trial.previous), trial: None },
        }
    }

    /// The plugins as they will be if nothing goes wrong: for whoever looks at them.
    pub fn registry(&self) -> Arc<Registry> {
        let live = self.live.load();
        live.trial.as_ref().filter(|trial| trial.share == 100).map_or(&live.registry, |trial| &trial.candidate).clone()
    }

    /// The version on trial, if one is.
    pub fn trial(&self) -> Option<Arc<Trial>> {
        self.live.load().trial.clone()
    }

    /// Every registry that requests may be working with.
    pub fn registries(&self) -> Vec<Arc<Registry>> {
        let live = self.live.load();
        let trial = live.trial.iter().flat_map(|trial| [&trial.candidate, &trial.previous]);
        let mut all: Vec<_> = std::iter::once(&live.registry).chain(trial).cloned().collect();
        all.dedup_by(|one, other| Arc::ptr_eq(one, other));
        all
    }

    /// Puts a plugin in the place of the one of its id, or adds it. With another version running, the new one answers
    /// `share` per cent of the requests until it has answered `calls` of them, and then all, or none if it failed.
    ///
    /// # Errors
    /// What keeps the plugin from answering beside the others; `plugin.on-trial` while a canary runs. Nothing is changed
    /// then.
    pub async fn put(&self, entry: Entry, share: u32, calls: u64) -> Result<()> {
        let _turn = self.changing.lock().await;
        let id = entry.manifest.id.clone();
        let present = self.present()?;
        let next = Arc::new(present.with(entry));
        check(&next, &id)?;
        let trial = Trial::start(&id, share, calls, &next, &present).map(Arc::new);
        let registry = if trial.is_some() { present } else { next };
        self.live.store(Arc::new(Live { registry, trial }));
        Ok(())
    }

    /// Takes a plugin out.
    ///
    /// # Errors
    /// `plugin.on-trial` while a canary runs.
    pub async fn remove(&self, id: &str) -> Result<()> {
        let _turn = self.changing.lock().await;
        let registry = Arc::new(self.present()?.without(id));
        self.live.store(Arc::new(Live { registry, trial: None }));
        Ok(())
    }

    /// Ends a trial by the operator's word.
    ///
    /// # Errors
    /// `plugin.not-on-trial`.
    pub async fn decide(&self, id: &str, keep: bool) -> Result<Outcome> {
        let _turn = self.changing.lock().await;
        let trial = self.trial().filter(|trial| trial.plugin == id);
        let trial = trial.ok_or_else(|| {
            Error::new(&code::PLUGIN_NOT_ON_TRIAL, format!("no version of the plugin {id} is on trial"))
        })?;
        let verdict = if keep { Verdict::Passed } else { Verdict::Failed(trial.tally()) };
        Ok(self.end(&trial, verdict))
    }

    /// Waits until a trial is decided, and carries the verdict out.
    pub async fn settle(&self) -> Outcome {
        loop {
            self.decided.notified().await;
            let _turn = self.changing.lock().await;
            if let Some(trial) = self.trial()
                && let Some(verdict) = trial.verdict()
            {
                return self.end(&trial, verdict);
            }
        }
    }

    fn end(&self, trial: &Trial, verdict: Verdict) -> Outcome {
        let registry = Arc::clone(if verdict == Verdict::Passed { &trial.candidate } else { &trial.previous });
        self.live.store(Arc::new(Live { registry, trial: None }));
        Outcome { plugin: trial.plugin.clone(), verdict, share: trial.share }
    }

    /// The registry that a change starts from. A swap that is still on probation is taken for good: whoever makes the next
    /// change has seen it. A canary is not, because nobody has.
    fn present(&self) -> Result<Arc<Registry>> {
        let live = self.live.load();
        match &live.trial {
            None => Ok(Arc::clone(&live.registry)),
            Some(trial) => match (trial.verdict(), trial.share) {
                (Some(Verdict::Failed(_)), _) => Ok(Arc::clone(&trial.previous)),
                (Some(Verdict::Passed), _) | (None, 100) => Ok(Arc::clone(&trial.candidate)),
                (None, _) => Err(Error::new(
                    &code::PLUGIN_ON_TRIAL,
                    format!("a new version of the plugin {} is on trial", trial.plugin),
                )
                .hint("wait until it is decided, or decide it: `basalt plugin promote` or `basalt plugin rollback`")),
            },
        }
    }

    fn judge(&self, trial: &Trial) {
        if trial.judge() {
            self.decided.notify_one();
        }
    }
}

/// Whether a plugin would answer: a conflict of paths is found here, before anybody depends on it.
fn check(registry: &Registry, id: &str) -> Result<()> {
    match registry.entry(id).map(|entry| &entry.state) {
        Some(State::Refused(fault)) => Err(fault.without_source()),
        _ => Ok(()),
    }
}

impl Choice {
    /// Has the route's filters and its handler answer a request. What a version on trial fails is answered by the version
    /// before it, where the failure left no trace.
    ///
    /// # Errors
    /// The handler's failure, or that of a filter which is not to be skipped.
    pub async fn answer(&self, fleet: &Fleet, target: &Target, request: Request) -> Result<Response> {
        let Some(trial) = &self.trial else { return self.registry.answer(target, request).await };
        let mut spare = Request { journey: request.journey.again(), ..request.clone() };
        let journey = request.journey.clone();
        let outcome = self.registry.answer(target, request).await;
        fleet.judge(trial);
        match outcome {
            Err(fault) if fault.kind == Kind::Plugin && !journey.has_acted() => {
                let path = spare.path.clone();
                let Some(found) = trial.previous.find(&path) else { return Err(fault) };
                tracing::warn!(plugin = trial.plugin, %fault, "answering with the version before");
                let target = found.target;
                found.place(&mut spare);
                trial.previous.answer(target, spare).await
            }
            outcome => outcome,
        }
    }
}
