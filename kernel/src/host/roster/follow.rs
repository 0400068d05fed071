//! What happens without this node's operator: verdicts on trials, and changes that other nodes made. It decides nothing.

use std::time::Duration;

use super::act::Who;
use super::{Roster, by_id};
use crate::error::code;
use crate::host::fleet::Outcome;
use crate::host::trial::{PROBATION, Verdict};
use crate::store::plugin::{Act, Installed};

/// Between two attempts at what the database or a file did not let happen.
const RETRY: Duration = Duration::from_secs(5);

impl Roster {
    /// Carries out verdicts and follows other nodes; it ends with the kernel.
    pub async fn follow(&self) {
        let mut changed = self.store.plugins_changed();
        // What changed while this node started.
        let mut is_behind = !self.reconcile().await;
        loop {
            let is_left = is_behind || !self.unrecorded.lock().is_empty();
            tokio::select! {
                () = self.fleet.decided() => drop(self.turn().await),
                told = changed.changed() => match told {
                    Ok(()) => is_behind = !self.reconcile().await,
                    Err(_) => return,
                },
                () = tokio::time::sleep(RETRY), if is_left => is_behind = !self.reconcile().await,
            }
        }
    }

    /// Carries a verdict out, and records what was not recorded yet. For whoever has the turn.
    pub(super) async fn settle(&self) {
        self.note(self.fleet.settle());
        let outcomes = std::mem::take(&mut *self.unrecorded.lock());
        for outcome in outcomes {
            self.tighten(&outcome.plugin).await;
            self.settle_one(outcome).await;
        }
    }

    async fn settle_one(&self, outcome: Outcome) {
        let Outcome { plugin, verdict, share, .. } = &outcome;
        tracing::info!(plugin, ?verdict, share, "the trial of a new version has ended");
        let Some(act) = self.act_of(&outcome) else { return };
        let reason = match verdict {
            Verdict::Passed => "enough calls went well".to_owned(),
            Verdict::Failed(tally) => format!("{} of {} calls failed", tally.failures, tally.calls),
        };
        let who = Who { actor: "kernel", reason: &reason };
        match self.record(plugin, act, None, who).await {
            Ok(()) => {}
            // Another node came to a verdict first, or an operator to a decision: it is followed like every change.
            Err(fault) if fault.code == code::PLUGIN_CONFLICT.name || fault.code == code::PLUGIN_NOT_FOUND.name => {
                tracing::info!(plugin, %fault, "somebody else has decided");
            }
            Err(fault) => {
                tracing::warn!(plugin, %fault, "the end of a trial is not recorded yet");
                self.note(Some(outcome));
            }
        }
    }

    /// What to record of a verdict; nothing when it is about a version that is not installed in that place any more.
    fn act_of(&self, outcome: &Outcome) -> Option<Act> {
        let installed = self.installed(&outcome.plugin)?;
        let canary = installed.canary.as_ref().map(|canary| &canary.digest);
        match outcome.verdict {
            Verdict::Passed if outcome.share < 100 && canary == outcome.digest.as_ref() => {
                canary.cloned().map(Act::Upgrade)
            }
            Verdict::Failed(_) if outcome.share < 100 && canary == outcome.digest.as_ref() => {
                canary.map(|_| Act::EndCanary)
            }
            Verdict::Failed(_) if outcome.share == 100 && installed.current == outcome.digest => {
                self.has_before(&installed).then_some(Act::Rollback)
            }
            _ => None,
        }
    }

    /// Makes live what is installed, where that is not what this node has followed. Whether it could.
    async fn reconcile(&self) -> bool {
        let _turn = self.turn().await;
        let now = match self.store.plugins().await {
            Ok(now) => by_id(now),
            Err(fault) => {
                tracing::warn!(%fault, "what is installed cannot be read");
                return false;
            }
        };
        let known = self.known.load_full();
        let mut is_done = true;
        for id in known.keys().chain(now.keys().filter(|id| !known.contains_key(*id))) {
            let (before, now) = (known.get(id), now.get(id));
            if before.map(|before| before.revision) != now.map(|now| now.revision) {
                is_done &= self.follow_change(id, now, before).await;
            }
        }
        is_done
    }

    /// Whether the plugin is now as it is installed.
    async fn follow_change(&self, id: &str, now: Option<&Installed>, before: Option<&Installed>) -> bool {
        let canary = |installed: Option<&Installed>| installed.and_then(|installed| installed.canary.clone());
        let was_tried = canary(before).filter(|was| canary(now).as_ref() != Some(was));
        let is_kept = was_tried.is_some_and(|was| now.is_some_and(|now| now.current.as_ref() == Some(&was.digest)));
        if self.fleet.decide(id, is_kept).is_some() {
            tracing::info!(plugin = id, "another node has decided");
        }
        if now.is_none() && !self.bundle.contains_key(id) {
            self.fleet.remove(id);
            self.know(id, None);
            return true;
        }
        if !self.is_running(id, now) {
            let entry = self.entry(id, now).await;
            if let Some(fault) = entry.reason().filter(|_| entry.digest.is_some() && self.running(id).is_some()) {
                // What runs is better than what does not, until it does.
                tracing::error!(plugin = id, %fault, "a change that another node made cannot be followed yet");
                return false;
            }
            let is_upgrade = now.is_some_and(|now| {
                now.previous.is_some() && before.is_some_and(|before| before.current == now.previous)
            });
            match is_upgrade && entry.ready().is_some() && self.fleet.check_trial().is_ok() {
                true => self.note(self.fleet.try_out(entry, 100, PROBATION).ok().flatten()),
                false => self.fleet.put(entry),
            }
        }
        self.know(id, now.cloned());
        match now.filter(|now| now.canary.is_some() && canary(Some(now)) != canary(before)) {
            Some(now) => self.try_canary(now).await,
            None => self.tighten(id).await,
        }
        true
    }

    fn is_running(&self, id: &str, now: Option<&Installed>) -> bool {
        let registry = self.fleet.registry();
        let entry = registry.entry(id);
        let (current, enabled) = (now.and_then(|now| now.current.clone()), now.is_none_or(|now| now.enabled));
        entry.is_some_and(|entry| entry.digest == current && entry.grant.enabled == enabled && entry.reason().is_none())
    }
}
