//! Aggregates: whether they are allowed, and where they are computed. One of rows whose columns become the outer row's is
//! computed there, grouped by what else is selected; it deliberately stops at rows that become a member.

use super::Context;
use super::node::{Embed, Node, Spread, Spreaded};
use crate::refusal::Refusal;
use crate::request::select::Aggregate;

/// An aggregate on its way outwards: of which rows and column, which, and how it is shown.
struct Hoisted {
    rows: String,
    column: String,
    aggregate: Aggregate,
    cast: Option<String>,
    alias: Option<String>,
}

/// Refuses aggregates where the operator does not allow them.
pub(super) fn check(context: &Context<'_>, node: &Node) -> Result<(), Refusal> {
    if !context.config.aggregates && node.outputs.iter().any(|output| output.aggregate.is_some()) {
        return Err(Refusal::no_aggregates());
    }
    node.children.iter().try_for_each(|child| check(context, child))
}

/// Moves aggregates to where they are computed.
pub(super) fn hoist(tree: &mut Node) {
    drop(hoisted(tree));
}

fn hoisted(node: &mut Node) -> Vec<Hoisted> {
    let below: Vec<_> = node.children.iter_mut().flat_map(hoisted).collect();
    if !matches!(node.spread, Some(Spread::One)) {
        for embed in &mut node.embeds {
            take(embed, &below);
        }
        return Vec::new();
    }
    let mut own = outputs(node);
    own.extend(below.into_iter().map(|hoisted| Hoisted { rows: node.rows.clone(), ..hoisted }));
    own
}

fn outputs(node: &mut Node) -> Vec<Hoisted> {
    let mut found = Vec::new();
    for output in &mut node.outputs {
        let Some(aggregate) = output.aggregate.take() else { continue };
        found.push(Hoisted {
            rows: node.rows.clone(),
            column: output.alias.clone().unwrap_or_else(|| output.operand.name.clone()),
            aggregate,
            cast: output.aggregate_cast.take(),
            alias: output.alias.clone(),
        });
    }
    found
}

fn take(embed: &mut Embed, hoisted: &[Hoisted]) {
    let Embed::Columns { rows, columns } = embed else { return };
    for column in columns {
        let is_it = |hoisted: &&Hoisted| hoisted.rows == *rows && hoisted.column == column.name;
        let Some(hoisted) = hoisted.iter().find(is_it) else { continue };
        *column = Spreaded {
            name: std::mem::take(&mut column.name),
            aggregate: Some(hoisted.aggregate),
            cast: hoisted.cast.clone(),
            alias: hoisted.alias.clone(),
        };
    }
}
