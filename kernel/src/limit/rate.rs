//! The arithmetic: the generic cell rate algorithm, which needs one number for each subject and has no edges of windows that
//! could be used to ask twice as often. It keeps nothing.

use std::time::Duration;

/// So many in so long: at once, or evenly, or anything between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// What it is about; subjects of different quotas are different.
    pub name: String,
    /// How many.
    pub count: u32,
    /// In how long.
    pub period: Duration,
}

/// What a quota says of one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is allowed, and was counted.
    pub allowed: bool,
    /// How many are left.
    pub remaining: u32,
    /// When all of them are there again.
    pub reset: Duration,
    /// When one will be allowed.
    pub retry_after: Duration,
}

/// A moment, in microseconds since some beginning.
pub(super) type Moment = u64;

impl Quota {
    /// So many in a minute, which is what all limits of requests are for.
    pub fn per_minute(name: impl Into<String>, count: u32) -> Self {
        Self { name: name.into(), count, period: Duration::from_secs(60) }
    }

    /// One every so many microseconds, in the long run.
    pub(super) fn interval(&self) -> u64 {
        (micros(self.period) / u64::from(self.count.max(1))).max(1)
    }

    /// What all of them together are worth.
    pub(super) fn burst(&self) -> u64 {
        self.interval() * u64::from(self.count)
    }

    /// Decides about one more, for a subject that has used up everything until `until`. The verdict, and until when now.
    pub(super) fn decide(&self, until: Moment, now: Moment) -> (Verdict, Moment) {
        let (interval, burst) = (self.interval(), self.burst());
        let used_up = until.max(now);
        let next = used_up + interval;
        let wait = next.saturating_sub(now + burst);
        let until = if wait == 0 { next } else { used_up };
        (self.verdict(wait, until - now), until)
    }

    /// The verdict where one has to wait so long, and everything is there again after so long.
    pub(super) fn verdict(&self, wait: u64, reset: u64) -> Verdict {
        Verdict {
            allowed: wait == 0,
            remaining: u32::try_from(self.burst().saturating_sub(reset) / self.interval()).unwrap_or(u32::MAX),
            reset: Duration::from_micros(reset),
            retry_after: Duration::from_micros(wait),
        }
    }
}

impl Verdict {
    /// What is said when nobody counted.
    pub(super) fn unknown(quota: &Quota) -> Self {
        quota.verdict(0, 0)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Moment = 1_000_000;

    fn quota(count: u32) -> Quota {
        Quota { name: "test".to_owned(), count, period: Duration::from_secs(60) }
    }

    #[test]
    fn all_at_once_and_then_one_at_a_time() {
        let quota = quota(3);
        let mut until = 0;
        let mut at = |seconds: u64| {
            let (verdict, next) = quota.decide(until, seconds * SECOND);
            until = next;
            (verdict.allowed, verdict.remaining, verdict.retry_after.as_secs(), verdict.reset.as_secs())
        };
        assert_eq!(at(100), (true, 2, 0, 20));
        assert_eq!(at(100), (true, 1, 0, 40));
        assert_eq!(at(100), (true, 0, 0, 60));
        assert_eq!(at(100), (false, 0, 20, 60));
        assert_eq!(at(119), (false, 0, 1, 41), "who was refused waits no longer for it");
        assert_eq!(at(120), (true, 0, 0, 60));
        assert_eq!(at(120), (false, 0, 20, 60));
        assert_eq!(at(1000), (true, 2, 0, 20));
    }

    #[test]
    fn no_window_has_an_edge_to_ask_twice_as_often_at() {
        let quota = quota(60);
        let (mut until, mut allowed) = (0, Vec::new());
        for moment in (0..180 * SECOND).step_by(100_000) {
            let (verdict, next) = quota.decide(until, moment);
            until = next;
            allowed.extend(verdict.allowed.then_some(moment));
        }
        let most =
            allowed.iter().map(|from| allowed.iter().filter(|at| (*from..from + 60 * SECOND).contains(at)).count());
        assert!(most.max().is_some_and(|most| most <= 120), "the whole burst, and what a minute gives");
        assert_eq!(allowed.len(), 60 + 179);
    }
}
