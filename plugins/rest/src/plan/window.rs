//! How much of a result: what the request asks for, within the operator's limits. It deliberately limits reads only: what a
//! write returns is what it wrote.

use super::filter::Predicate;
use crate::config::Config;
use crate::request::Intent;
use crate::request::filter::Operation;
use sdk_plugin::schema::Relation;

/// A stretch of the result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) offset: u64,
    pub(crate) limit: Option<u64>,
    /// The operator's limit, where it is what made the stretch this short.
    pub(crate) cap: Option<u64>,
    /// Whether to look one row further, to learn if the cap left something out. A count would tell as well.
    pub(crate) probe: bool,
}

/// What Postgres can count to.
const FARTHEST: u64 = i64::MAX as u64;

/// The window of a read; `single` when the filters leave one row at most, which no limit need cut.
pub(crate) fn plan(intent: &Intent, single: bool, config: &Config) -> Window {
    let offset = intent.window.offset.min(FARTHEST);
    let wanted = intent.window.limit.map(|limit| limit.min(FARTHEST));
    let Some((cap, room)) = cap(wanted, offset, config).filter(|_| !single) else {
        return Window { offset, limit: wanted, cap: None, probe: false };
    };
    Window { offset, limit: Some(room), cap: Some(cap), probe: !intent.preferences.count }
}

/// The operator's limit that cuts deepest, and the rows that it leaves.
fn cap(wanted: Option<u64>, offset: u64, config: &Config) -> Option<(u64, u64)> {
    let page = if wanted.is_none() { least(config.default_limit, config.max_limit) } else { config.max_limit };
    let page = page.map(|limit| (limit, limit));
    let reach = config.max_results.map(|limit| (limit, limit.saturating_sub(offset)));
    let (cap, room) = [page, reach].into_iter().flatten().min_by_key(|(_, room)| *room)?;
    (wanted.is_none_or(|wanted| wanted > room)).then_some((cap, room))
}

fn least(left: Option<u64>, right: Option<u64>) -> Option<u64> {
    left.into_iter().chain(right).min()
}

/// Whether equalities pin down a primary key or a unique constraint.
pub(crate) fn at_most_one(filters: &[Predicate<'_>], relation: &Relation) -> bool {
    let keys = std::iter::once(&relation.primary_key).chain(&relation.unique);
    keys.filter(|key| !key.is_empty()).any(|key| key.iter().all(|name| filters.iter().any(|filter| pins(filter, name))))
}

fn pins(filter: &Predicate<'_>, name: &str) -> bool {
    let Predicate::Test { operand, negated: false, operation } = filter else { return false };
    let Operation::Compare { operator, quantifier: None, .. } = operation else { return false };
    operator.name == "eq" && operand.path.is_empty() && operand.column.name == name
}
