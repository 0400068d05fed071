//! Which relationship an embedding means. It deliberately never guesses: of several that fit, the client has to name one.

use super::Context;
use super::node::{Link, Node, Place, Spread};
use super::tree::SOURCE;
use crate::catalogue::relationship::{Cardinality, Key, Kind, Relationship};
use crate::fuzzy;
use crate::refusal::relationship::{ambiguous, none};
use crate::refusal::{Failure, Refusal};

/// Finds how `child` belongs to `outer`, and names its parts.
pub(super) fn link(context: &Context<'_>, outer: &Node, child: &mut Node) -> Result<(), Failure> {
    let relationship = find(context, outer, child)?;
    let (schema, name) = &relationship.foreign;
    child.relation = context.catalogue.relation(schema, name)?;
    child.from = Place { schema: Some(schema.clone()), name: name.clone() };
    child.from_alias = Some(format!("{name}_{}", child.depth));
    child.rows = format!("{}_{}_{}", origin(outer), child.label(), child.depth);
    if child.spread.is_some() && !relationship.is_to_one() {
        child.spread = Some(Spread::Many { extra: Vec::new(), order: Vec::new() });
    }
    child.link = Some(Link {
        outer: outer.place(),
        outer_relation: outer.relation.as_ref().map_or_else(|| outer.from.clone(), |relation| Place::of(relation)),
        junction: format!("{}_junction_{}", child.label(), child.depth),
        relationship,
    });
    Ok(())
}

/// What the outer rows' relation is called: also where they are what was written.
fn origin(outer: &Node) -> &str {
    match (&outer.from_alias, &outer.relation) {
        (_, Some(relation)) => &relation.name,
        (Some(alias), None) if outer.from.name == SOURCE => alias,
        _ => &outer.from.name,
    }
}

fn find(context: &Context<'_>, outer: &Node, child: &Node) -> Result<Relationship, Failure> {
    let (origin, schema) = (origin(outer), context.intent.schema.as_str());
    let all = match &outer.relation {
        Some(relation) => context.catalogue.relationships(relation, schema, &context.config.schemas)?,
        None => std::rc::Rc::default(),
    };
    let fits = |relationship: &&Relationship| fits(relationship, &child.name, child.hint.as_deref());
    let found: Vec<_> = all.iter().filter(fits).collect();
    match found.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let refusal = none(origin, &child.name, child.hint.as_deref(), schema);
            Err(suggest(context, origin, &child.name, &all, refusal)?.into())
        }
        several => Err(ambiguous(origin, &child.name, several).into()),
    }
}

/// A relation that is spelled a little differently.
fn suggest(
    context: &Context<'_>,
    origin: &str,
    target: &str,
    all: &[Relationship],
    refusal: Refusal,
) -> Result<Refusal, Failure> {
    let (wrong, nearest) = match all.is_empty() {
        true => {
            let names = context.catalogue.relations(&context.intent.schema)?;
            (origin, fuzzy::nearest(&names, origin, 0.33).filter(|name| name != origin))
        }
        false => {
            let names: Vec<_> = all.iter().map(|relationship| relationship.foreign.1.clone()).collect();
            let found = fuzzy::similar(&names, target, 0.33).into_iter();
            (target, found.filter(|(score, _)| *score < 1.0).map(|(_, name)| name).next())
        }
    };
    Ok(match nearest {
        Some(nearest) => refusal.hint(format!("Perhaps you meant '{nearest}' instead of '{wrong}'.")),
        None => refusal,
    })
}

fn fits(relationship: &Relationship, target: &str, hint: Option<&str>) -> bool {
    let foreign = relationship.foreign.1.as_str();
    match &relationship.kind {
        Kind::Function(computed) => computed.name == target,
        Kind::Key(key) if key.is_self => fits_self(key, foreign, target, hint),
        Kind::Key(key) => match hint {
            None => {
                target == foreign || (!key.foreign_is_view && (is_constraint(key, target) || is_column(key, target)))
            }
            Some(hint) => target == foreign && is_hint(key, hint),
        },
    }
}

/// A relation's key to itself is two relationships: the relation's name means those that point here, the column's the one that it
/// points to.
fn fits_self(key: &Key, foreign: &str, target: &str, hint: Option<&str>) -> bool {
    let to_many = key.cardinality == Cardinality::OneToMany;
    match hint {
        None => (target == foreign && to_many) || (is_column(key, target) && key.cardinality == Cardinality::ManyToOne),
        Some(hint) => target == foreign && to_many && is_foreign_column(key, hint),
    }
}

fn is_hint(key: &Key, hint: &str) -> bool {
    let junction = key.junction.as_ref().is_some_and(|junction| junction.relation.1 == hint);
    junction || is_constraint(key, hint) || is_column(key, hint) || is_foreign_column(key, hint)
}

fn is_constraint(key: &Key, name: &str) -> bool {
    key.junction.is_none() && key.constraint == name
}

fn is_column(key: &Key, name: &str) -> bool {
    key.junction.is_none() && matches!(key.columns.as_slice(), [(here, _)] if here == name)
}

fn is_foreign_column(key: &Key, name: &str) -> bool {
    key.junction.is_none() && matches!(key.columns.as_slice(), [(_, there)] if there == name)
}
