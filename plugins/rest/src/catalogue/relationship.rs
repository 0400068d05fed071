//! How relations belong together: by foreign keys, by tables between them, by functions. It deliberately does not choose
//! between several: the request does.

use super::Catalogue;
use crate::refusal::Failure;
use sdk_plugin::schema::{ForeignKey, Name, Reference, Relation};

/// A way from one relation to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Relationship {
    pub(crate) foreign: (String, String),
    pub(crate) kind: Kind,
}

/// By what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Key(Key),
    Function(Computed),
}

/// Columns here that equal columns there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) cardinality: Cardinality,
    pub(crate) constraint: String,
    /// Here and there; with a junction, here and in it.
    pub(crate) columns: Vec<(String, String)>,
    /// The relation between the two.
    pub(crate) junction: Option<Junction>,
    /// Whether it is of a relation with itself, and of one table with another; views have fewer names.
    pub(crate) is_self: bool,
    pub(crate) foreign_is_view: bool,
}

/// In the order in which ambiguous ones are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cardinality {
    OneToMany,
    ManyToOne,
    OneToOne,
    ManyToMany,
}

/// A relation whose rows say which rows belong together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Junction {
    pub(crate) relation: (String, String),
    pub(crate) constraint: String,
    /// There and in the junction.
    pub(crate) columns: Vec<(String, String)>,
}

/// A function of a row here that returns rows there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Computed {
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) single: bool,
}

impl Relationship {
    /// Whether there is one row at most.
    pub(crate) fn is_to_one(&self) -> bool {
        match &self.kind {
            Kind::Key(key) => matches!(key.cardinality, Cardinality::ManyToOne | Cardinality::OneToOne),
            Kind::Function(computed) => computed.single,
        }
    }

    /// The columns that the rows here must have for it.
    pub(crate) fn columns(&self) -> Option<impl Iterator<Item = &str>> {
        match &self.kind {
            Kind::Key(key) => Some(key.columns.iter().map(|(here, _)| here.as_str())),
            Kind::Function(_) => None,
        }
    }
}

/// All relationships of a relation with those of `schema`, sorted.
pub(crate) fn all<C: Catalogue + ?Sized>(
    catalogue: &C,
    of: &Relation,
    schema: &str,
    exposed: &[String],
) -> Result<Vec<Relationship>, Failure> {
    let mut found = Vec::new();
    for (keys, is_derived) in [(&of.foreign_keys, false), (&of.derived_foreign_keys, true)] {
        for key in keys.iter().filter(|key| key.target_schema == schema) {
            let is_view = is_derived && is_view(catalogue, schema, &key.target)?;
            found.push(forth(of, key, is_view));
        }
    }
    for (references, is_derived) in [(&of.referenced_by, false), (&of.derived_referenced_by, true)] {
        for reference in references {
            if reference.schema == schema {
                let is_view = is_derived && is_view(catalogue, schema, &reference.relation)?;
                found.push(back(of, reference, is_view));
            }
            if !reference.unique && exposed.contains(&reference.schema) {
                through(catalogue, &mut found, of, reference, schema)?;
            }
        }
    }
    let computed = computed(of, schema, exposed);
    found.retain(|relationship| {
        let is_same = |other: &Relationship| match &other.kind {
            Kind::Function(function) => {
                (function.schema.as_str(), function.name.as_str()) == (&relationship.foreign.0, &relationship.foreign.1)
            }
            Kind::Key(_) => false,
        };
        // A function that is named like a relation takes its place.
        !computed.iter().any(is_same)
    });
    found.extend(computed);
    found.sort();
    Ok(found)
}

/// A view has fewer names: see `plan/link.rs`. Derived keys lead from views as well as to them.
fn is_view<C: Catalogue + ?Sized>(catalogue: &C, schema: &str, name: &str) -> Result<bool, Failure> {
    let relation = catalogue.relation(schema, name)?;
    Ok(relation.is_some_and(|relation| {
        matches!(relation.kind, sdk_plugin::schema::Kind::View | sdk_plugin::schema::Kind::MaterializedView)
    }))
}

fn pairs(left: &[String], right: &[String]) -> Vec<(String, String)> {
    left.iter().cloned().zip(right.iter().cloned()).collect()
}

fn forth(of: &Relation, key: &ForeignKey, foreign_is_view: bool) -> Relationship {
    let cardinality = if key.unique { Cardinality::OneToOne } else { Cardinality::ManyToOne };
    let foreign = (key.target_schema.clone(), key.target.clone());
    let columns = pairs(&key.columns, &key.target_columns);
    keyed(
        of,
        foreign,
        Key { cardinality, constraint: key.name.clone(), columns, junction: None, is_self: false, foreign_is_view },
    )
}

fn back(of: &Relation, reference: &Reference, foreign_is_view: bool) -> Relationship {
    let cardinality = if reference.unique { Cardinality::OneToOne } else { Cardinality::OneToMany };
    let foreign = (reference.schema.clone(), reference.relation.clone());
    let columns = pairs(&reference.target_columns, &reference.columns);
    let constraint = reference.name.clone();
    keyed(of, foreign, Key { cardinality, constraint, columns, junction: None, is_self: false, foreign_is_view })
}

fn keyed(of: &Relation, foreign: (String, String), key: Key) -> Relationship {
    let is_self = (of.schema.as_str(), of.name.as_str()) == (foreign.0.as_str(), foreign.1.as_str());
    Relationship { foreign, kind: Kind::Key(Key { is_self, ..key }) }
}

/// Through a relation whose primary key holds both of its foreign keys.
fn through<C: Catalogue + ?Sized>(
    catalogue: &C,
    found: &mut Vec<Relationship>,
    of: &Relation,
    reference: &Reference,
    schema: &str,
) -> Result<(), Failure> {
    let Some(junction) = catalogue.relation(&reference.schema, &reference.relation)? else { return Ok(()) };
    let in_key = |columns: &[String]| columns.iter().all(|column| junction.primary_key.contains(column));
    if !in_key(&reference.columns) {
        return Ok(());
    }
    let keys = junction.foreign_keys.iter().map(|key| (key, false));
    let keys = keys.chain(junction.derived_foreign_keys.iter().map(|key| (key, true)));
    for (key, foreign_is_view) in keys.filter(|(key, _)| key.target_schema == schema && key.name != reference.name) {
        if key.unique || !in_key(&key.columns) {
            continue;
        }
        let between = Junction {
            relation: (junction.schema.clone(), junction.name.clone()),
            constraint: key.name.clone(),
            columns: pairs(&key.target_columns, &key.columns),
        };
        let columns = pairs(&reference.target_columns, &reference.columns);
        let (cardinality, constraint) = (Cardinality::ManyToMany, reference.name.clone());
        let foreign = (key.target_schema.clone(), key.target.clone());
        let junction = Some(between);
        found.push(keyed(
            of,
            foreign,
            Key { cardinality, constraint, columns, junction, is_self: false, foreign_is_view },
        ));
    }
    Ok(())
}

fn computed(of: &Relation, schema: &str, exposed: &[String]) -> Vec<Relationship> {
    let of_schema = of.computed.iter().filter(|computed| computed.schema == schema);
    let relationship = |computed: &sdk_plugin::schema::Computed| {
        let Name { schema, name } = computed.relation.clone()?;
        let function =
            Computed { schema: computed.schema.clone(), name: computed.name.clone(), single: computed.single };
        exposed.contains(&schema).then_some(Relationship { foreign: (schema, name), kind: Kind::Function(function) })
    };
    of_schema.filter_map(relationship).collect()
}
