//! What embedded rows become in the outer row: a member, or columns. It deliberately works from the inside out, as columns can
//! travel several levels.

use super::node::{Embed, Node, Operand, Output, Sort, Spread, Spreaded};
use crate::refusal::Refusal;

/// Says what each child's rows become.
pub(super) fn embed(node: &mut Node) {
    node.children.iter_mut().for_each(embed);
    node.embeds = node.children.iter().map(embedded).collect();
}

fn embedded(child: &Node) -> Embed {
    let rows = child.rows.clone();
    if child.spread.is_some() {
        return Embed::Columns { rows, columns: columns(child) };
    }
    let array = child.link.as_ref().is_some_and(|link| !link.relationship.is_to_one());
    Embed::Member { name: child.label().to_owned(), rows, array, empty: is_empty(child) }
}

/// Whether nothing is selected of it, nor of what is embedded in it.
fn is_empty(node: &Node) -> bool {
    node.outputs.is_empty() && node.children.iter().all(is_empty)
}

fn columns(child: &Node) -> Vec<Spreaded> {
    let column = |name: &str| Spreaded { name: name.to_owned(), aggregate: None, cast: None, alias: None };
    let name = |output: &Output| column(output.alias.as_deref().unwrap_or(&output.operand.name));
    let mut columns: Vec<_> = child.outputs.iter().map(name).collect();
    for embed in &child.embeds {
        match embed {
            Embed::Member { name, empty: false, .. } => columns.push(column(name)),
            Embed::Member { .. } => {}
            Embed::Columns { columns: more, .. } => columns.extend(more.iter().cloned()),
        }
    }
    columns
}

/// Rows that become arrays are sorted where they are put together; what that takes is selected besides, by names of its own.
pub(super) fn sort_spreads(node: &mut Node) -> Result<(), Refusal> {
    if node.is_to_many_spread() {
        let of_embed = |embed: &Embed| matches!(embed, Embed::Columns { columns, .. } if columns.iter().any(|column| column.aggregate.is_some()));
        if node.outputs.iter().any(|output| output.aggregate.is_some()) || node.embeds.iter().any(of_embed) {
            let what = "Aggregates are not implemented for one-to-many or many-to-many spreads.";
            return Err(Refusal::not_implemented(what));
        }
        let order = std::mem::take(&mut node.order);
        let (extra, order) = (1..).zip(order).map(|(number, sort)| extra(&node.rows, number, sort)).unzip();
        node.spread = Some(Spread::Many { extra, order });
    }
    node.children.iter_mut().try_for_each(sort_spreads)
}

fn extra(rows: &str, number: usize, sort: Sort) -> ((Option<String>, Output), Sort) {
    let name = format!("{rows}_{}_{number}", sort.operand.name);
    let output = Output { operand: sort.operand, alias: Some(name.clone()), ..Output::default() };
    let by = Operand { name, ..Operand::default() };
    ((sort.rows, output), Sort { rows: None, operand: by, direction: sort.direction, nulls: sort.nulls })
}
