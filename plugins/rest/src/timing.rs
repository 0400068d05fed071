//! `Server-Timing`: where a request's time went. It deliberately asks for the time only where the operator wants it told.

use sdk_plugin::{Response, clock};
use std::time::Duration;

/// The steps so far, and when the last ended.
pub(crate) struct Timing {
    last: Option<Duration>,
    steps: Vec<(&'static str, Duration)>,
}

impl Timing {
    pub(crate) fn start(wanted: bool) -> Self {
        Self { last: wanted.then(clock::monotonic), steps: Vec::new() }
    }

    /// A step has ended.
    pub(crate) fn note(&mut self, step: &'static str) {
        let Some(last) = self.last else { return };
        let now = clock::monotonic();
        self.steps.push((step, now.saturating_sub(last)));
        self.last = Some(now);
    }

    /// Adds the header. The kernel proves who is calling before the plugin hears of it: that takes no time here.
    pub(crate) fn header(self, response: Response) -> Response {
        if self.last.is_none() {
            return response;
        }
        let step = |(name, took): &(&str, Duration)| format!("{name};dur={:.1}", took.as_secs_f64() * 1e3);
        let steps: Vec<_> = std::iter::once("jwt;dur=0.0".to_owned()).chain(self.steps.iter().map(step)).collect();
        response.header("server-timing", steps.join(", "))
    }
}
