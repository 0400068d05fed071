//! Counting in this process. What it keeps is bounded, whoever asks: of more subjects than that, those are forgotten that used least.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

use parking_lot::Mutex;

use super::rate::{Moment, Quota, Verdict};

/// Parts that are locked by themselves.
const PARTS: usize = 16;

/// Subjects of one part: 128 Ki in all, some 16 MB.
const MOST: usize = 8192;

/// How many are looked at for the one that is forgotten.
const SAMPLE: usize = 16;

type Part = Mutex<HashMap<Box<str>, Moment>>;

/// The counts.
pub(super) struct Memory {
    started: Instant,
    hasher: RandomState,
    parts: [Part; PARTS],
}

impl Default for Memory {
    fn default() -> Self {
        Self { started: Instant::now(), hasher: RandomState::new(), parts: Default::default() }
    }
}

impl Memory {
    pub(super) fn take(&self, quota: &Quota, subject: &str) -> Verdict {
        let now = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.take_at(quota, subject, now)
    }

    fn take_at(&self, quota: &Quota, subject: &str, now: Moment) -> Verdict {
        let key = format!("{}\n{subject}", quota.name);
        // Seeded: nobody can choose subjects that all share one lock.
        let at = usize::try_from(self.hasher.hash_one(&key) % PARTS as u64).unwrap_or_default();
        let mut part = self.parts[at].lock();
        if let Some(until) = part.get_mut(key.as_str()) {
            let (verdict, next) = quota.decide(*until, now);
            *until = next;
            return verdict;
        }
        make_room(&mut part, now);
        let (verdict, until) = quota.decide(0, now);
        part.insert(key.into(), until);
        verdict
    }
}

/// Those whose quota is whole again are as good as unknown. If all are in use, of a few the one that is nearest to that.
fn make_room(part: &mut HashMap<Box<str>, Moment>, now: Moment) {
    if part.len() < MOST {
        return;
    }
    let sample: Vec<_> = part.iter().take(SAMPLE).map(|(key, until)| (*until, key.clone())).collect();
    if sample.iter().any(|(until, _)| *until <= now) {
        part.retain(|_, until| *until > now);
        return;
    }
    if let Some((_, key)) = sample.into_iter().min() {
        part.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn subjects_and_quotas_are_counted_apart() {
        let memory = Memory::default();
        let [one, other] =
            ["one", "other"].map(|name| Quota { name: name.to_owned(), count: 2, period: Duration::from_secs(60) });
        let remaining = |quota, subject| memory.take_at(quota, subject, 0).remaining;
        assert_eq!([remaining(&one, "a"), remaining(&one, "b"), remaining(&one, "a")], [1, 1, 0]);
        assert_eq!(remaining(&other, "a"), 1);
        assert!(!memory.take_at(&one, "a", 0).allowed && memory.take_at(&one, "a", 60_000_000).allowed);
    }

    #[test]
    fn a_flood_of_subjects_takes_no_more_memory_and_frees_nobody_who_used_much() {
        let memory = Memory::default();
        let quota = Quota { name: "address".to_owned(), count: 10, period: Duration::from_secs(60) };
        let greedy: Vec<_> = (0..10).map(|_| memory.take_at(&quota, "greedy", 0).allowed).collect();
        assert!(greedy.iter().all(|allowed| *allowed));
        for stranger in 0..4 * PARTS * MOST {
            memory.take_at(&quota, &stranger.to_string(), 1);
        }
        let kept: usize = memory.parts.iter().map(|part| part.lock().len()).sum();
        assert!(kept <= PARTS * MOST, "{kept}");
        assert!(!memory.take_at(&quota, "greedy", 2).allowed);
        // A minute later all of them are as good as unknown.
        for stranger in 0..PARTS * 64 {
            memory.take_at(&quota, &format!("late {stranger}"), 120_000_000);
        }
        assert!(memory.parts.iter().map(|part| part.lock().len()).sum::<usize>() < PARTS * MOST / 2);
    }
}
