//! The tree of a read: what is selected, filtered, sorted and cut, each where it belongs, with columns that exist. It
//! deliberately leaves to its neighbours how relations belong together and what aggregates mean.

use super::node::{Node, Place, Spread};
use super::{Context, aggregate, embed, field, link};
use crate::refusal::{Failure, Refusal};
use crate::request::order::Term;
use crate::request::query::Way;
use crate::request::select::{Item, Selected};
use crate::request::window::Window;
use sdk_filter::filter::Condition;
use sdk_plugin::schema::Relation;
use std::rc::Rc;

/// The part of a statement whose rows are what was written or what a function returned.
pub(crate) const SOURCE: &str = "basalt_source";

/// Where the outermost rows come from.
pub(crate) enum Root {
    Relation(Rc<Relation>),
    /// A part of the statement, named like the relation or the function whose rows it has.
    Source {
        name: String,
        relation: Option<Rc<Relation>>,
    },
}

/// A node with what the request says about it, not looked up yet.
#[derive(Default)]
pub(super) struct Wish {
    pub(super) node: Node,
    pub(super) selected: Vec<Selected>,
    pub(super) filters: Vec<Condition>,
    pub(super) order: Vec<Term>,
    pub(super) children: Vec<Wish>,
}

/// Builds the tree.
pub(crate) fn build(context: &Context<'_>, root: Root) -> Result<Node, Failure> {
    let query = &context.intent.query;
    let mut wish = wish(Node::default(), &query.select);
    wish.node.name = match &root {
        Root::Relation(relation) => relation.name.clone(),
        Root::Source { name, .. } => name.clone(),
    };
    let by_name = context.config.target_names;
    let writes = context.intent.writes();
    for (way, condition) in query.filters.iter().filter(|(way, _)| !(writes && way.is_empty())) {
        wish.at(way, by_name)?.filters.push(condition.clone());
    }
    for (way, terms) in &query.order {
        wish.at(way, by_name)?.order.clone_from(terms);
    }
    for (way, window) in windows(context) {
        wish.at(way, by_name)?.node.window = window;
    }
    place(&mut wish.node, root);
    let mut tree = resolve(context, wish)?;
    finish(context, &mut tree)?;
    Ok(tree)
}

/// What was written is all answered with.
fn windows<'a>(context: &'a Context<'_>) -> impl Iterator<Item = (&'a Way, Window)> {
    const OUTERMOST: &Way = &Vec::new();
    let outermost = std::iter::once((OUTERMOST, context.intent.window));
    let embedded = context.intent.query.windows.iter().map(|(way, window)| (way, *window));
    outermost.chain(embedded).filter(|_| !context.intent.writes())
}

fn place(node: &mut Node, root: Root) {
    match root {
        Root::Relation(relation) => {
            node.from = Place::of(&relation);
            node.relation = Some(relation);
        }
        Root::Source { name, relation } => {
            node.from = Place::named(SOURCE);
            node.from_alias = Some(name);
            node.relation = relation;
        }
    }
}

fn wish(node: Node, items: &[Item]) -> Wish {
    let depth = node.depth + 1;
    let mut wish = Wish { node, ..Wish::default() };
    for item in items {
        match item {
            Item::Field(selected) => wish.selected.push(selected.clone()),
            Item::Relation(embed) => {
                let node = Node {
                    depth,
                    name: embed.name.clone(),
                    alias: embed.alias.clone(),
                    hint: embed.hint.clone(),
                    inner: embed.inner,
                    spread: embed.spread.then_some(Spread::One),
                    ..Node::default()
                };
                wish.children.push(self::wish(node, &embed.items));
            }
        }
    }
    wish
}

impl Wish {
    /// The node that a way leads to.
    fn at(&mut self, way: &[String], by_name: bool) -> Result<&mut Self, Refusal> {
        let [name, rest @ ..] = way else { return Ok(self) };
        let is_it = |child: &Self| child.node.label() == name || (by_name && child.node.name == *name);
        let place = self.children.iter().position(is_it).ok_or_else(|| Refusal::not_embedded(name))?;
        self.children[place].at(rest, by_name)
    }
}

/// Looks up relationships from the outside in, and columns.
fn resolve(context: &Context<'_>, wish: Wish) -> Result<Node, Failure> {
    let Wish { mut node, selected, filters, order, children } = wish;
    for mut child in children {
        link::link(context, &node, &mut child.node)?;
        node.children.push(resolve(context, child)?);
    }
    let columns = field::Columns::new(context, &node);
    let outputs = selected.iter().map(|selected| columns.output(selected)).collect::<Result<_, _>>()?;
    let filters = filters.iter().map(|filter| columns.predicate(filter, &node.children)).collect::<Result<_, _>>()?;
    let order = order.iter().map(|term| columns.sort(term, &node)).collect::<Result<_, _>>()?;
    (node.outputs, node.filters, node.order) = (outputs, filters, order);
    Ok(node)
}

/// What depends on the tree as a whole.
fn finish(context: &Context<'_>, tree: &mut Node) -> Result<(), Failure> {
    field::expand(tree, false);
    field::alias(tree);
    embed::embed(tree);
    aggregate::check(context, tree)?;
    aggregate::hoist(tree);
    embed::sort_spreads(tree)?;
    Ok(())
}
