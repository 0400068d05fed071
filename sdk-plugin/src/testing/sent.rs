//! What goes out by `dispatch` and `fetch`, as a test sees it. It deliberately grants everything: what may be asked is the
//! operator's.

use serde::de::DeserializeOwned;

use super::state::{self, Rule, State};
use crate::{Body, Problem, Response};

/// A request that the plugin sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// In upper case: `GET`.
    pub method: String,
    /// A URL of `fetch`, a path of `dispatch`.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its content.
    pub body: Option<Vec<u8>>,
}

impl Sent {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Its content as text; empty without.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body.as_deref().unwrap_or_default()).into_owned()
    }

    /// Its content as JSON. Panics where it is none.
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text()).unwrap_or_else(|fault| panic!("no such JSON: {fault}: {}", self.text()))
    }
}

pub(super) fn note(method: String, target: String, headers: Vec<(String, String)>, body: Option<&Body>) -> Sent {
    let body = body.map(|body| body.bytes().to_vec());
    let sent = Sent { method, target, headers, body };
    state::with(|state| state.sent.push(sent.clone()));
    sent
}

/// What a test has scripted for it.
pub(super) fn answer(
    rules: impl FnOnce(&State) -> &[Rule<Sent, Response>],
    sent: &Sent,
    script: &str,
) -> Result<Response, Problem> {
    let asked = format!("{} {}", sent.method, sent.target);
    let rule = state::with(|state| State::rule(rules(state), &asked));
    rule.unwrap_or_else(|| panic!("nothing answers {asked}: script it with `host.{script}`"))(sent)
}
