//! Whether a plugin is asked at all: one that only fails is left alone for a while, and then tried with one call.
//!
//! It knows no clock: whoever asks says what time it is. What counts as a failure is the plugin's own fault: a crash, or
//! one of its limits. A refusal, a caller's mistake and a busy kernel are not.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::{Error, Result, code};

/// When it opens and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Failures in a row that open it. It opens too when half of the calls of ten seconds failed, at least so many. It
    /// never opens when this is 0.
    pub failures: u32,
    /// How long it stays open before one call is let through.
    pub pause: Duration,
}

/// How long failures among successes are remembered.
const WINDOW: Duration = Duration::from_secs(10);

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Calls go through.
    Closed,
    /// One call is on its way to show whether the plugin works again.
    HalfOpen,
    /// Calls are refused.
    Open,
}

/// What a call says of its plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It works.
    Good,
    /// It failed by its own fault.
    Fault,
    /// Nothing: it was not reached.
    Silent,
}

/// The right to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    probe: bool,
}

/// The breaker of one loaded version of a plugin.
#[derive(Debug)]
pub struct Breaker {
    rule: Rule,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed(Count),
    /// Until when.
    Open(Instant),
    /// Since when the probe is on its way. One that is never heard of again is given up after a pause.
    HalfOpen(Instant),
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    since: Option<Instant>,
    calls: u32,
    failures: u32,
    row: u32,
}

impl Count {
    fn add(mut self, failed: bool, now: Instant) -> Self {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) > WINDOW) {
            self = Self { since: Some(now), row: self.row, ..Self::default() };
        }
        self.calls += 1;
        self.failures += u32::from(failed);
        self.row = if failed { self.row + 1 } else { 0 };
        self
    }

    fn is_too_much(&self, rule: &Rule) -> bool {
        self.row >= rule.failures || (self.failures >= rule.failures && self.failures >= self.calls.div_ceil(2))
    }
}

impl Outcome {
    /// What the end of a call says.
    pub fn of<T>(result: &Result<T>) -> Self {
        result.as_ref().err().map_or(Self::Good, Self::of_error)
    }

    /// What a failure says.
    pub fn of_error(error: &Error) -> Self {
        match &*error.code {
            "plugin.trap"
            | "plugin.timeout"
            | "plugin.out-of-fuel"
            | "plugin.out-of-memory"
            | "plugin.stack-overflow" => Self::Fault,
            "plugin.busy" | "plugin.circuit-open" | "host.out-of-memory" => Self::Silent,
            _ => Self::Good,
        }
    }
}

impl Breaker {
    /// A closed one.
    pub fn new(rule: Rule) -> Self {
        Self { rule, state: Mutex::new(State::Closed(Count::default())) }
    }

    /// Where it stands.
    pub fn stage(&self) -> Stage {
        match *self.state.lock() {
            State::Closed(_) => Stage::Closed,
            State::Open(_) => Stage::Open,
            State::HalfOpen(_) => Stage::HalfOpen,
        }
    }

    /// The right to call now.
    ///
    /// # Errors
    /// `plugin.circuit-open`.
    pub fn admit(&self, now: Instant) -> Result<Ticket> {
        let mut state = self.state.lock();
        match *state {
            State::Closed(_) => Ok(Ticket { probe: false }),
            State::Open(until) if now < until => Err(refusal()),
            State::HalfOpen(since) if now < since + self.rule.pause => Err(refusal()),
            State::Open(_) | State::HalfOpen(_) => {
                *state = State::HalfOpen(now);
                Ok(Ticket { probe: true })
            }
        }
    }

    /// Takes note of how a call ended. Where it stands now, if that has changed.
    pub fn record(&self, ticket: Ticket, outcome: Outcome, now: Instant) -> Option<Stage> {
        let open = State::Open(now + self.rule.pause);
        let mut state = self.state.lock();
        let (next, stage) = match (*state, outcome) {
            (State::Closed(count), Outcome::Good | Outcome::Fault) => {
                let count = count.add(outcome == Outcome::Fault, now);
                match self.rule.failures > 0 && outcome == Outcome::Fault && count.is_too_much(&self.rule) {
                    true => (open, Some(Stage::Open)),
                    false => (State::Closed(count), None),
                }
            }
            // Calls that began before it opened say nothing new.
            (State::HalfOpen(_), _) if ticket.probe => match outcome {
                Outcome::Good => (State::Closed(Count::default()), Some(Stage::Closed)),
                Outcome::Fault => (open, Some(Stage::Open)),
                Outcome::Silent => (State::Open(now), None),
            },
            (same, _) => (same, None),
        };
        *state = next;
        stage
    }
}

fn refusal() -> Error {
    Error::new(&code::PLUGIN_CIRCUIT_OPEN, "the plugin failed too often and is left alone for a moment")
        .hint("try again later; the log has the reason of each failure")
}

#[cfg(test)]
mod tests {
    use super::Outcome::{Fault, Good, Silent};
    use super::*;

    /// Which calls are let through, where it stands after them, and the calls.
    type Case<'a> = (&'a str, Stage, &'a [(u64, Outcome)]);

    const RULE: Rule = Rule { failures: 3, pause: Duration::from_secs(5) };

    /// Calls at these seconds, one after the other; `-` is a refusal.
    fn play(rule: Rule, calls: &[(u64, Outcome)]) -> (String, Stage) {
        let (breaker, start) = (Breaker::new(rule), Instant::now());
        let call = |(second, outcome): &(u64, Outcome)| {
            let now = start + Duration::from_secs(*second);
            let Ok(ticket) = breaker.admit(now) else { return '-' };
            breaker.record(ticket, *outcome, now);
            if ticket.probe { 'p' } else { '.' }
        };
        let seen = calls.iter().map(call).collect();
        (seen, breaker.stage())
    }

    #[test]
    fn it_opens_half_opens_and_closes() {
        let cases: &[Case<'_>] = &[
            ("...-", Stage::Open, &[(0, Fault), (0, Fault), (0, Fault), (4, Good)]),
            ("...p.", Stage::Closed, &[(0, Fault), (0, Fault), (0, Fault), (5, Good), (5, Good)]),
            ("...p-p", Stage::Closed, &[(0, Fault), (0, Fault), (0, Fault), (5, Fault), (9, Good), (10, Good)]),
            // A success between them starts the row anew, and few failures are not half of many calls.
            (".....", Stage::Closed, &[(0, Good), (0, Good), (0, Fault), (0, Good), (0, Fault)]),
            ("......-", Stage::Open, &[(0, Good), (0, Fault), (0, Good), (0, Fault), (0, Good), (0, Fault), (0, Good)]),
            // What is long ago is forgotten, but for a row.
            (".....", Stage::Closed, &[(0, Fault), (0, Good), (0, Fault), (20, Good), (20, Fault)]),
            ("...", Stage::Open, &[(0, Fault), (20, Fault), (40, Fault)]),
            // A plugin that nobody reached has neither failed nor shown that it works.
            ("....", Stage::Closed, &[(0, Fault), (0, Fault), (0, Silent), (0, Good)]),
            ("...pp", Stage::Closed, &[(0, Fault), (0, Fault), (0, Fault), (5, Silent), (5, Good)]),
        ];
        for (seen, stage, calls) in cases {
            assert_eq!(play(RULE, calls), ((*seen).to_owned(), *stage), "{calls:?}");
        }
    }

    #[test]
    fn it_can_be_switched_off() {
        let off = Rule { failures: 0, ..RULE };
        assert_eq!(play(off, &[(0, Fault); 9]), (".........".to_owned(), Stage::Closed));
    }

    #[test]
    fn one_call_at_a_time_is_the_probe_and_a_lost_one_is_given_up() {
        let (breaker, start) = (Breaker::new(RULE), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let early = breaker.admit(start).expect("closed");
        for _ in 0..3 {
            breaker.record(early, Fault, start);
        }
        let probe = breaker.admit(at(5)).expect("the probe");
        assert!(breaker.admit(at(5)).is_err() && breaker.admit(at(9)).is_err());
        assert_eq!(breaker.record(early, Good, at(9)), None, "a call from before says nothing");
        let second = breaker.admit(at(10)).expect("the first was given up");
        assert_eq!(breaker.record(second, Good, at(10)), Some(Stage::Closed));
        assert_eq!(breaker.record(probe, Fault, at(11)), None);
        assert_eq!(breaker.stage(), Stage::Closed);
    }

    #[test]
    fn only_the_plugins_own_failures_count() {
        let of = |code| Outcome::of(&Err::<(), _>(Error::new(code, "")));
        assert_eq!([of(&code::PLUGIN_TRAP), of(&code::PLUGIN_TIMEOUT)], [Fault; 2]);
        assert_eq!([of(&code::SQL_NOT_GRANTED), of(&code::SQL_TIMEOUT), of(&code::HTTP_INVALID)], [Good; 3]);
        assert_eq!([of(&code::PLUGIN_BUSY), of(&code::HOST_OUT_OF_MEMORY)], [Silent; 2]);
    }
}
