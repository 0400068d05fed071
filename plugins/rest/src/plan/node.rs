//! Rows of one relation, with those of others embedded: the tree that a read is. It deliberately holds no request and no
//! catalogue any more: only what the SQL is made of.

use crate::catalogue::relationship::Relationship;
use crate::request::order::{Direction, Nulls};
use crate::request::select::Aggregate;
use crate::request::window::Window;
use sdk_filter::field::Step;
use sdk_filter::filter::Operation;
use sdk_plugin::schema::Relation;
use std::rc::Rc;

/// Rows of one relation.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// How deep it is embedded; 0 for the outermost.
    pub(crate) depth: usize,
    /// As the request names it.
    pub(crate) name: String,
    pub(crate) alias: Option<String>,
    pub(crate) hint: Option<String>,
    /// Whether outer rows without any are left out.
    pub(crate) inner: bool,
    pub(crate) spread: Option<Spread>,
    /// Its description; none for rows of a function whose columns nobody knows.
    pub(crate) relation: Option<Rc<Relation>>,
    /// What stands behind `FROM`.
    pub(crate) from: Place,
    pub(crate) from_alias: Option<String>,
    /// How it belongs to the outer rows.
    pub(crate) link: Option<Link>,
    /// What its rows are called in the outer statement.
    pub(crate) rows: String,
    pub(crate) outputs: Vec<Output>,
    pub(crate) filters: Vec<Predicate>,
    pub(crate) order: Vec<Sort>,
    pub(crate) window: Window,
    pub(crate) children: Vec<Node>,
    /// What the children's rows become here.
    pub(crate) embeds: Vec<Embed>,
}

/// A relation by its names, or a part of the statement by its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) schema: Option<String>,
    pub(crate) name: String,
}

/// The relationship with the outer rows, and what those are called.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) relationship: Relationship,
    pub(crate) outer: Place,
    /// The outer rows' relation.
    pub(crate) outer_relation: Place,
    /// What the relation between the two is called.
    pub(crate) junction: String,
}

/// Columns that become the outer row's.
#[derive(Debug)]
pub(crate) enum Spread {
    One,
    /// Each an array, in this order; what it takes to sort is selected besides.
    Many {
        extra: Vec<(Option<String>, Output)>,
        order: Vec<Sort>,
    },
}

/// One thing to answer with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output {
    pub(crate) operand: Operand,
    pub(crate) cast: Option<String>,
    pub(crate) aggregate: Option<Aggregate>,
    pub(crate) aggregate_cast: Option<String>,
    pub(crate) alias: Option<String>,
}

/// A column, or something within its JSON.
#[derive(Clone, Debug, Default)]
pub(crate) struct Operand {
    /// `*` for all.
    pub(crate) name: String,
    pub(crate) path: Vec<Step>,
    /// Whether it has to be made JSON before the path can be followed.
    pub(crate) to_json: bool,
    /// Whether it holds what a search looks for as it is.
    pub(crate) is_lexemes: bool,
    /// A function that shows or reads its values.
    pub(crate) cast: Option<String>,
    /// The row as a whole is meant.
    pub(crate) whole: bool,
}

/// A condition.
#[derive(Clone, Debug)]
pub(crate) enum Predicate {
    Test {
        operand: Operand,
        negated: bool,
        operation: Operation,
    },
    Group {
        negated: bool,
        any: bool,
        members: Vec<Predicate>,
    },
    /// Whether there are embedded rows of this name.
    Embedded {
        rows: String,
        present: bool,
    },
}

/// One thing to sort by.
#[derive(Clone, Debug)]
pub(crate) struct Sort {
    /// The embedded rows that it is in.
    pub(crate) rows: Option<String>,
    pub(crate) operand: Operand,
    pub(crate) direction: Option<Direction>,
    pub(crate) nulls: Option<Nulls>,
}

/// What embedded rows become.
#[derive(Debug)]
pub(crate) enum Embed {
    /// A member with an object or an array; nothing at all when nothing is selected of them.
    Member {
        name: String,
        rows: String,
        array: bool,
        empty: bool,
    },
    Columns {
        rows: String,
        columns: Vec<Spreaded>,
    },
}

/// A column of embedded rows.
#[derive(Clone, Debug)]
pub(crate) struct Spreaded {
    pub(crate) name: String,
    pub(crate) aggregate: Option<Aggregate>,
    pub(crate) cast: Option<String>,
    pub(crate) alias: Option<String>,
}

impl Place {
    pub(crate) fn named(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    pub(crate) fn of(relation: &Relation) -> Self {
        Self { schema: Some(relation.schema.clone()), name: relation.name.clone() }
    }
}

impl Node {
    /// What its columns are named after.
    pub(crate) fn place(&self) -> Place {
        self.from_alias.as_ref().map_or_else(|| self.from.clone(), Place::named)
    }

    /// What it is called among the outer row's members.
    pub(crate) fn label(&self) -> &str {
        self.alias.as_deref().unwrap_or(&self.name)
    }

    /// Whether it is all columns and nothing else.
    pub(crate) fn is_everything(&self) -> bool {
        self.children.is_empty() && matches!(self.outputs.as_slice(), [only] if only.operand.name == "*")
    }

    pub(crate) fn is_to_many_spread(&self) -> bool {
        matches!(self.spread, Some(Spread::Many { .. }))
    }
}

impl Embed {
    pub(crate) fn rows(&self) -> &str {
        match self {
            Self::Member { rows, .. } | Self::Columns { rows, .. } => rows,
        }
    }
}
