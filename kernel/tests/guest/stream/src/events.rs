//! The example of docs/plugins.md, which a test compares.

use std::time::Duration;

use sdk_plugin::stream::{Event, Events};
use sdk_plugin::{Problem, Request, Response};

/// One number a second, from where the client left off.
pub(crate) fn numbers(request: &Request) -> Result<Response, Problem> {
    let seen = request.header("last-event-id").and_then(|id| id.parse::<u64>().ok());
    let mut events = Events::start()?;
    for number in seen.map_or(1, |seen| seen + 1).. {
        events.send(&Event::new(format!("number {number}")).id(number.to_string()))?;
        if !events.wait(Duration::from_secs(1))? {
            break;
        }
    }
    events.finish()
}
