//! How much of a result: what the request asks for, within the operator's limits. It deliberately limits reads only: what a
//! write returns is what it wrote.

use super::Context;
use super::node::{Node, Predicate};
use crate::config::Config;
use crate::request::window::Window;
use sdk_filter::filter::Operation;
use sdk_plugin::schema::Relation;

/// The operator's limit that made a result shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cap {
    /// The limit by its number.
    pub(crate) limit: u64,
    /// Whether to look one row further, to learn if it left something out. A count would tell as well.
    pub(crate) probe: bool,
}

/// What Postgres can count to.
const FARTHEST: u64 = i64::MAX as u64;

/// Cuts the windows of a tree.
pub(crate) fn restrict(tree: &mut Node, context: &Context<'_>) -> Option<Cap> {
    tree.children.iter_mut().for_each(|child| embedded(child, context.config));
    let window = &mut tree.window;
    window.offset = window.offset.min(FARTHEST);
    window.limit = window.limit.map(|limit| limit.min(FARTHEST));
    let single = tree.relation.as_ref().is_some_and(|relation| is_single(&tree.filters, relation));
    let (limit, room) = cap(*window, context.config).filter(|_| !single)?;
    window.limit = Some(room);
    Some(Cap { limit, probe: context.intent.preferences.count.is_none() })
}

fn embedded(node: &mut Node, config: &Config) {
    node.window.limit = least(node.window.limit, config.max_limit);
    node.children.iter_mut().for_each(|child| embedded(child, config));
}

/// The operator's limit that cuts deepest, and the rows that it leaves.
fn cap(window: Window, config: &Config) -> Option<(u64, u64)> {
    let page = if window.limit.is_none() { least(config.default_limit, config.max_limit) } else { config.max_limit };
    let page = page.map(|limit| (limit, limit));
    let reach = config.max_results.map(|limit| (limit, limit.saturating_sub(window.offset)));
    let (limit, room) = [page, reach].into_iter().flatten().min_by_key(|(_, room)| *room)?;
    (window.limit.is_none_or(|wanted| wanted > room)).then_some((limit, room))
}

fn least(left: Option<u64>, right: Option<u64>) -> Option<u64> {
    left.into_iter().chain(right).min()
}

/// Whether equalities pin down a primary key or a unique constraint: no limit need cut one row.
pub(crate) fn is_single(filters: &[Predicate], relation: &Relation) -> bool {
    let keys = std::iter::once(&relation.primary_key).chain(&relation.unique);
    keys.filter(|key| !key.is_empty()).any(|key| key.iter().all(|name| filters.iter().any(|filter| pins(filter, name))))
}

fn pins(filter: &Predicate, name: &str) -> bool {
    let Predicate::Test { operand, negated: false, operation } = filter else { return false };
    let Operation::Compare { operator, quantifier: None, .. } = operation else { return false };
    operator.name == "eq" && operand.path.is_empty() && operand.name == name
}
