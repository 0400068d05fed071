//! What happens without this node's operator: verdicts on trials, and changes that other nodes made. It decides nothing.

use super::act::Who;
use super::{Roster, by_id};
use crate::error::Result;
use crate::host::fleet::Outcome;
use crate::host::trial::{PROBATION, Verdict};
use crate::store::plugin::{Act, Installed};

impl Roster {
    /// Carries out verdicts and follows other nodes; it ends with the kernel.
    pub async fn follow(&self) {
        let mut changed = self.store.plugins_changed();
        loop {
            tokio::select! {
                outcome = self.fleet.settle() => self.settled(&outcome).await,
                told = changed.changed() => match told {
                    Ok(()) => self.reconcile().await,
                    Err(_) => return,
                },
            }
        }
    }

    async fn settled(&self, outcome: &Outcome) {
        let Outcome { plugin, verdict, share } = outcome;
        tracing::info!(plugin, ?verdict, share, "the trial of a new version has ended");
        let mut seen = self.seen.lock().await;
        let Some(installed) = seen.get(plugin).cloned() else { return };
        let act = match (verdict, &installed.canary) {
            (Verdict::Passed, Some(canary)) => Act::Upgrade(canary.digest.clone()),
            (Verdict::Passed, None) => return,
            (Verdict::Failed(_), Some(_)) => Act::EndCanary,
            (Verdict::Failed(_), None) => Act::Rollback,
        };
        let reason = match verdict {
            Verdict::Passed => "enough calls went well".to_owned(),
            Verdict::Failed(tally) => format!("{} of {} calls failed", tally.failures, tally.calls),
        };
        let who = Who { actor: "kernel", reason: &reason };
        // Another node may have come to the same verdict first.
        if let Err(fault) = self.record(&mut seen, plugin, Some(installed.revision), act, None, who).await {
            tracing::warn!(plugin, %fault, "the end of a trial was not recorded");
        }
    }

    /// Makes live what is installed, where that is not what this node has seen.
    async fn reconcile(&self) {
        let mut seen = self.seen.lock().await;
        let now = match self.store.plugins().await {
            Ok(now) => by_id(now),
            Err(fault) => return tracing::warn!(%fault, "what is installed cannot be read"),
        };
        let gone: Vec<_> = seen.keys().filter(|id| !now.contains_key(*id)).cloned().collect();
        for id in gone {
            self.follow_one(&id, None, seen.get(&id)).await;
        }
        for (id, installed) in &now {
            if seen.get(id).is_none_or(|known| known.revision != installed.revision) {
                self.follow_one(id, Some(installed), seen.get(id)).await;
            }
        }
        *seen = now;
    }

    async fn follow_one(&self, id: &str, now: Option<&Installed>, before: Option<&Installed>) {
        if let Err(fault) = self.follow_change(id, now, before).await {
            tracing::error!(plugin = id, %fault, "a change that another node made cannot be followed");
        }
    }

    async fn follow_change(&self, id: &str, now: Option<&Installed>, before: Option<&Installed>) -> Result<()> {
        // What ran beside is decided first: the next change starts from that.
        if let Some(canary) = before.and_then(|before| before.canary.as_ref())
            && now.is_none_or(|now| now.canary.as_ref() != Some(canary))
        {
            let kept = now.is_some_and(|now| now.current.as_ref() == Some(&canary.digest));
            let _ = self.fleet.decide(id, kept).await;
        }
        if now.is_none() && !self.bundle.contains_key(id) {
            return self.fleet.remove(id).await;
        }
        let is_running = |now: &Installed| {
            let registry = self.fleet.registry();
            let entry = registry.entry(id);
            entry.is_some_and(|entry| entry.digest == now.current && entry.grant.enabled == now.enabled)
                && before.is_some_and(|before| before.recorded == now.recorded)
        };
        if now.is_none_or(|now| !is_running(now)) {
            let entry = self.entry(id, now).await;
            self.fleet.put(entry, 100, PROBATION).await?;
        }
        match now {
            Some(now) if now.canary.is_some() => self.try_canary(now).await,
            _ => Ok(()),
        }
    }
}
