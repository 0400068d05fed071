//! What is live: one registry, or two while a version is on trial. Changes go through here, one after the other; requests
//! only ever read.
//!
//! It keeps nothing: what is installed is [`crate::store`]'s.

use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rand::RngExt;
use tokio::sync::Notify;

use super::breaker;
use super::registry::{Entry, Registry, State};
use super::route::Target;
use super::trial::{Trial, Verdict};
use crate::capability::dispatch::Dispatcher;
use crate::capability::http::{Request, Response};
use crate::error::{Error, Result, code};
use crate::store::plugin::Digest;

/// The live plugins.
pub struct Fleet {
    live: ArcSwap<Live>,
    changing: Mutex<()>,
    decided: Notify,
}

struct Live {
    /// What answers when nothing is on trial, and what a trial comes back to.
    registry: Arc<Registry>,
    trial: Option<OnTrial>,
}

/// The same plugins but for one, which has a newer version.
#[derive(Clone)]
struct OnTrial {
    candidate: Arc<Registry>,
    trial: Arc<Trial>,
}

/// The registry that one request works with, and where to go when a version on trial fails it.
pub struct Choice {
    /// All plugins, as this request sees them.
    pub registry: Arc<Registry>,
    fallback: Option<(Arc<Registry>, Arc<Trial>)>,
}

/// How a trial ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The plugin's id.
    pub plugin: String,
    /// Of the file of the version that was tried.
    pub digest: Option<Digest>,
    /// Whether it stays.
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

    /// The plugins for one request.
    pub fn choose(&self) -> Choice {
        let live = self.live.load();
        let registry = Arc::clone(&live.registry);
        match &live.trial {
            Some(on) if on.trial.takes(rand::rng().random_range(0..100)) => {
                Choice { registry: Arc::clone(&on.candidate), fallback: Some((registry, Arc::clone(&on.trial))) }
            }
            _ => Choice { registry, fallback: None },
        }
    }

    /// The plugins as they will be if nothing goes wrong: for whoever looks at them.
    pub fn registry(&self) -> Arc<Registry> {
        let live = self.live.load();
        let swapped = live.trial.as_ref().filter(|on| on.trial.takes(99));
        Arc::clone(swapped.map_or(&live.registry, |on| &on.candidate))
    }

    /// The version on trial, if one is.
    pub fn trial(&self) -> Option<Arc<Trial>> {
        self.live.load().trial.as_ref().map(|on| Arc::clone(&on.trial))
    }

    /// Every registry that requests may be working with.
    pub fn registries(&self) -> Vec<Arc<Registry>> {
        let live = self.live.load();
        let candidate = live.trial.as_ref().map(|on| Arc::clone(&on.candidate));
        std::iter::once(Arc::clone(&live.registry)).chain(candidate).collect()
    }

    /// Whether a plugin could be put beside the others.
    ///
    /// # Errors
    /// What keeps it from answering: another has its path or its id.
    pub fn check(&self, entry: &Entry) -> Result<()> {
        let registry = self.registry().with(entry.clone());
        match registry.entry(&entry.manifest.id).map(|entry| &entry.state) {
            Some(State::Refused(fault)) => Err(fault.without_source()),
            _ => Ok(()),
        }
    }

    /// Whether a trial could begin.
    ///
    /// # Errors
    /// `plugin.on-trial` while a canary runs.
    pub fn check_trial(&self) -> Result<()> {
        let Some(trial) = self.trial().filter(|trial| trial.share < 100 && trial.verdict().is_none()) else {
            return Ok(());
        };
        let message = format!("a new version of the plugin {} is on trial", trial.plugin);
        Err(Error::new(&code::PLUGIN_ON_TRIAL, message)
            .hint("wait until it is decided, or decide it: `basalt plugin promote` or `basalt plugin rollback`"))
    }

    /// Puts a plugin in the place of the one of its id, or adds it, for all requests. A trial of the same plugin ends; one of
    /// another goes on.
    pub fn put(&self, entry: Entry) {
        let id = entry.manifest.id.clone();
        self.change(&id, |registry| registry.with(entry.clone()));
    }

    /// Takes a plugin out.
    pub fn remove(&self, id: &str) {
        self.change(id, |registry| registry.without(id));
    }

    /// Has a new version answer `share` per cent of the requests until it has answered `calls` of them, and then all, or none
    /// if it failed. A swap of another plugin that is still on probation is taken for good: whoever makes the next one has
    /// seen it. Where nothing runs that it could be compared with, it is simply put. What became of a trial that this ended.
    ///
    /// # Errors
    /// `plugin.on-trial` while a canary runs. Nothing is changed then.
    pub fn try_out(&self, entry: Entry, share: u32, calls: u64) -> Result<Option<Outcome>> {
        let _turn = self.changing.lock();
        self.check_trial()?;
        let ended = self.end_trial(|on| on.trial.verdict().unwrap_or(Verdict::Passed));
        let registry = Arc::clone(&self.live.load().registry);
        let running = registry.entry(&entry.manifest.id);
        let trial = running.and_then(|running| Trial::start(&entry, running, share, calls)).map(Arc::new);
        let candidate = Arc::new(registry.with(entry));
        let live = match trial {
            Some(trial) => Live { registry, trial: Some(OnTrial { candidate, trial }) },
            None => Live { registry: candidate, trial: None },
        };
        self.live.store(Arc::new(live));
        Ok(ended)
    }

    /// Ends the trial of a plugin by somebody's word; nothing where there is none.
    pub fn decide(&self, id: &str, keep: bool) -> Option<Outcome> {
        let _turn = self.changing.lock();
        self.trial().filter(|trial| trial.plugin == id)?;
        self.end_trial(|on| if keep { Verdict::Passed } else { Verdict::Failed(on.trial.tally()) })
    }

    /// Waits until there is a verdict.
    pub async fn decided(&self) {
        loop {
            let notified = self.decided.notified();
            if self.trial().is_some_and(|trial| trial.verdict().is_some()) {
                return;
            }
            notified.await;
        }
    }

    /// Carries a verdict out, if there is one.
    pub fn settle(&self) -> Option<Outcome> {
        let _turn = self.changing.lock();
        let verdict = self.trial()?.verdict()?;
        self.end_trial(|_| verdict)
    }

    fn change(&self, id: &str, change: impl Fn(&Registry) -> Registry) {
        let _turn = self.changing.lock();
        let live = self.live.load();
        let others = live.trial.clone().filter(|on| on.trial.plugin != id);
        let trial = others.map(|on| OnTrial { candidate: Arc::new(change(&on.candidate)), ..on });
        let registry = Arc::new(change(&live.registry));
        self.live.store(Arc::new(Live { registry, trial }));
    }

    fn end_trial(&self, verdict: impl Fn(&OnTrial) -> Verdict) -> Option<Outcome> {
        let live = self.live.load();
        let on = live.trial.as_ref()?;
        let verdict = verdict(on);
        let registry = Arc::clone(if verdict == Verdict::Passed { &on.candidate } else { &live.registry });
        let (plugin, digest, share) = (on.trial.plugin.clone(), on.trial.digest.clone(), on.trial.share);
        self.live.store(Arc::new(Live { registry, trial: None }));
        Some(Outcome { plugin, digest, verdict, share })
    }
}

impl Choice {
    /// Has the route's filters and its handler answer a request. What a version on trial fails is answered by the version
    /// before it, where the failure left no trace.
    ///
    /// # Errors
    /// The handler's failure, or that of a filter which is not to be skipped.
    pub async fn answer(&self, fleet: &Fleet, target: &Target, request: Request) -> Result<Response> {
        let Some((previous, trial)) = &self.fallback else { return self.registry.answer(target, request).await };
        let spare = Request { journey: request.journey.again(), ..request.clone() };
        let journey = request.journey.clone();
        let outcome = self.registry.answer(target, request).await;
        if trial.judge() {
            fleet.decided.notify_one();
        }
        match outcome {
            // After a time-out nobody waits for a second answer.
            Err(fault) if is_fault(&fault) && !journey.has_acted() && previous.find(&spare.path).is_some() => {
                tracing::warn!(plugin = trial.plugin, %fault, "answering with the version before");
                Arc::clone(previous).dispatch(spare).await
            }
            outcome => outcome,
        }
    }
}

/// Whether a plugin failed by its own fault, and at once.
fn is_fault(fault: &Error) -> bool {
    breaker::Outcome::of_error(fault) == breaker::Outcome::Fault && fault.code != code::PLUGIN_TIMEOUT.name
}
