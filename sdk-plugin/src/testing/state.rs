//! What a test's host knows and what it saw: one for each thread, because a test is one. It deliberately offers plugins nothing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::SystemTime;

use super::identity::Act;
use super::manifest::Manifest;
use super::sent::Sent;
use super::sql::{Statement, Table};
use super::streaming::Streamed;
use crate::testing::Line;
use crate::{Problem, Response};

/// What answers a question.
pub(super) type Script<Asked, Answer> = Rc<dyn Fn(&Asked) -> Result<Answer, Problem>>;

/// What answers when a text fits.
pub(super) type Rule<Asked, Answer> = (String, Script<Asked, Answer>);

#[derive(Default)]
pub(super) struct State {
    /// Without one nothing is checked.
    pub(super) manifest: Option<Manifest>,
    pub(super) settings: BTreeMap<String, String>,
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) relations: Vec<serde_json::Value>,
    pub(super) schemas: Vec<serde_json::Value>,
    pub(super) functions: Vec<serde_json::Value>,
    pub(super) sql: Vec<Rule<Statement, Table>>,
    pub(super) fetch: Vec<Rule<Sent, Response>>,
    pub(super) dispatch: Vec<Rule<Sent, Response>>,
    pub(super) identity: Vec<Rule<Act, serde_json::Value>>,
    pub(super) pause: Option<Script<u32, ()>>,
    pub(super) streamed: Option<Streamed>,
    pub(super) statements: Vec<Statement>,
    pub(super) sent: Vec<Sent>,
    pub(super) log: Vec<Line>,
    pub(super) now: Option<SystemTime>,
    pub(super) random: u64,
}

impl State {
    /// The latest rule whose text is in what was asked.
    pub(super) fn rule<Asked, Answer>(rules: &[Rule<Asked, Answer>], asked: &str) -> Option<Script<Asked, Answer>> {
        rules.iter().rev().find(|(text, _)| asked.contains(text)).map(|(_, rule)| Rc::clone(rule))
    }
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

pub(super) fn with<T>(look: impl FnOnce(&mut State) -> T) -> T {
    STATE.with(|state| look(&mut state.borrow_mut()))
}

/// Fails a test whose plugin uses what its manifest does not want: the kernel would refuse it.
pub(super) fn wanted(capability: &str) {
    let is_wanted = with(|state| state.manifest.as_ref().is_none_or(|manifest| manifest.wants(capability)));
    assert!(is_wanted, "the plugin uses `{capability}`, and its manifest has no [want.{capability}]");
}
