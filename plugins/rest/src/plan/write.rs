//! Inserts, updates and deletes whose columns exist. It deliberately leaves privileges to Postgres: whether the caller may
//! is not for the catalogue to say.

use super::field::Columns;
use super::node::{Node, Predicate};
use super::tree::{self, Root};
use super::{Context, Shape, media};
use crate::payload::{Form, Payload};
use crate::refusal::{Failure, Refusal};
use crate::request::Action;
use crate::request::prefer::{Missing, Resolution, Returns};
use sdk_filter::filter::{Condition, Operation, Test};
use sdk_plugin::schema::{Column, Relation};
use std::rc::Rc;

/// What to write, and what to answer with.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) relation: Rc<Relation>,
    pub(crate) change: Change,
    pub(crate) source: Source,
    /// Of the rows that are changed, or of the payload's row.
    pub(crate) filters: Vec<Predicate>,
    /// The columns that the answer is made of; `*` for all, none for none.
    pub(crate) returning: Vec<String>,
    /// Whether the answer is where the row is found.
    pub(crate) locates: bool,
    pub(crate) tree: Node,
    pub(crate) shape: Shape,
}

/// What to do with the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Insert(Option<Conflict>),
    /// An insert of one row that may be there already.
    Replace(Conflict),
    Update,
    Delete,
}

/// What to do with rows that are there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) columns: Vec<String>,
    pub(crate) resolution: Resolution,
}

/// What the payload sets.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) form: Form,
    pub(crate) columns: Vec<Set>,
    /// Whether members that the payload lacks are the columns' defaults.
    pub(crate) defaults: bool,
}

/// A column that is set.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(crate) name: String,
    /// The type that the payload's member is read as.
    pub(crate) type_name: String,
    /// The function that makes the column's value of it.
    pub(crate) cast: Option<String>,
    pub(crate) default: Option<String>,
}

impl Write {
    /// Whether there are rows in the answer of which there may be many. The host refuses a result over its limit, and what is
    /// refused must not have been done.
    pub(crate) fn returns_many(&self) -> bool {
        self.shape.handler != media::Handler::Nothing
            && match self.change {
                Change::Replace(_) => false,
                Change::Insert(_) => self.source.form == Form::Array,
                Change::Update | Change::Delete => !super::window::is_single(&self.filters, &self.relation),
            }
    }

    /// Whether inserted rows are told from merged ones.
    pub(crate) fn counts(&self) -> bool {
        match &self.change {
            Change::Insert(Some(conflict)) => conflict.resolution == Resolution::Merge,
            Change::Replace(_) => true,
            _ => false,
        }
    }
}

pub(super) fn plan(context: &Context<'_>, relation: Rc<Relation>, payload: &Payload) -> Result<Write, Failure> {
    let intent = context.intent;
    let root = Root::Source { name: relation.name.clone(), relation: Some(Rc::clone(&relation)) };
    let tree = tree::build(context, root)?;
    let change = change(context, &relation)?;
    refuse_window(context)?;
    let source = source(context, &relation, payload)?;
    if let Change::Replace(conflict) = &change
        && !conflict.columns.iter().all(|name| source.columns.iter().any(|column| column.name == *name))
    {
        return Err(Refusal::replace_mismatch().into());
    }
    let filters = filters(context, &relation, &change)?;
    require_filter(context, &change, &source, &filters)?;
    let whole = tree.is_everything();
    let (handler, media) = media::negotiate(context, (&relation.schema, &relation.name), whole)?;
    let locates = intent.action == Action::Insert
        && intent.preferences.returns == Some(Returns::HeadersOnly)
        && !relation.primary_key.is_empty();
    let returning = match intent.preferences.returns {
        Some(Returns::Representation) => needed(&tree, &relation.primary_key),
        Some(Returns::HeadersOnly) if locates => relation.primary_key.clone(),
        _ => Vec::new(),
    };
    Ok(Write { change, source, filters, returning, locates, shape: context.shape(handler, media), tree, relation })
}

/// PostgREST has meant two things by a limit on a change, and now ignores it: then a limit of one would change everything.
fn refuse_window(context: &Context<'_>) -> Result<(), Refusal> {
    let changes = matches!(context.intent.action, Action::Update | Action::Delete);
    match changes && context.intent.query.window.is_set() {
        true => Err(Refusal::not_implemented("limit and offset on PATCH and DELETE")),
        false => Ok(()),
    }
}

fn change(context: &Context<'_>, relation: &Relation) -> Result<Change, Refusal> {
    let query = &context.intent.query;
    Ok(match context.intent.action {
        Action::Insert => Change::Insert(conflict(context, relation)?),
        Action::Replace if are_key(query.outermost(), &relation.primary_key) => {
            Change::Replace(Conflict { columns: relation.primary_key.clone(), resolution: Resolution::Merge })
        }
        Action::Replace => return Err(Refusal::replace_by_key()),
        Action::Update => Change::Update,
        _ => Change::Delete,
    })
}

/// What to do about duplicates: by the key that `on_conflict` names, or the primary key. With neither there are none.
fn conflict(context: &Context<'_>, relation: &Relation) -> Result<Option<Conflict>, Refusal> {
    let Some(resolution) = context.intent.preferences.resolution else { return Ok(None) };
    let columns = context.intent.query.on_conflict.clone().unwrap_or_else(|| relation.primary_key.clone());
    if let Some(unknown) = columns.iter().find(|name| relation.column(name).is_none()) {
        // In the words of Postgres.
        return Err(Refusal::new(400, "42703", format!("column \"{unknown}\" does not exist")));
    }
    Ok((!columns.is_empty()).then_some(Conflict { columns, resolution }))
}

/// Whether these are equalities on all columns of a key, and nothing else.
fn are_key<'a>(conditions: impl Iterator<Item = &'a Condition>, key: &[String]) -> bool {
    let names: Option<Vec<_>> = conditions.map(equals).collect();
    let Some(names) = names else { return false };
    !key.is_empty()
        && names.iter().all(|name| key.iter().any(|column| column == name))
        && key.iter().all(|column| names.contains(&column.as_str()))
}

/// The column that a plain equality is on.
fn equals(condition: &Condition) -> Option<&str> {
    let Condition::Test(Test { field, negated: false, operation }) = condition else { return None };
    let Operation::Compare { operator, quantifier: None, .. } = operation else { return None };
    (operator.name == "eq" && field.path.is_empty()).then_some(field.name.as_str())
}

/// Those of an insert would choose among the payload's rows, which nobody means.
fn filters(context: &Context<'_>, relation: &Relation, change: &Change) -> Result<Vec<Predicate>, Refusal> {
    if matches!(change, Change::Insert(_)) {
        return Ok(Vec::new());
    }
    let columns = Columns::of(context, relation);
    context.intent.query.outermost().map(|condition| columns.predicate(condition, &[])).collect()
}

fn require_filter(
    context: &Context<'_>,
    change: &Change,
    source: &Source,
    filters: &[Predicate],
) -> Result<(), Refusal> {
    let command = match change {
        // Without columns nothing is updated, so there is nothing to protect.
        Change::Update if !source.columns.is_empty() => "UPDATE",
        Change::Delete => "DELETE",
        _ => return Ok(()),
    };
    match context.config.require_filter && filters.is_empty() {
        true => Err(Refusal::unfiltered(command)),
        false => Ok(()),
    }
}

fn source(context: &Context<'_>, relation: &Relation, payload: &Payload) -> Result<Source, Refusal> {
    let find = |name: &String| {
        let column = relation.column(name).ok_or_else(|| Refusal::unknown_payload_column(&relation.name, name))?;
        Ok(set(column))
    };
    let columns = payload.members.iter().map(find).collect::<Result<_, Refusal>>()?;
    let preferred = context.intent.preferences.missing == Some(Missing::Default);
    let defaults = preferred && context.intent.action != Action::Replace;
    Ok(Source { form: payload.form, columns, defaults })
}

fn set(column: &Column) -> Set {
    let cast = column.casts.from_json.clone();
    let type_name = if cast.is_some() { "json".to_owned() } else { column.type_name.clone() };
    Set { name: column.name.clone(), type_name, cast, default: column.default.clone() }
}

/// The columns that the tree is made of: those selected, those of relationships and, for where a row is found, the key.
pub(super) fn needed(tree: &Node, key: &[String]) -> Vec<String> {
    let everything = || vec!["*".to_owned()];
    let mut names: Vec<String> = tree.outputs.iter().map(|output| output.operand.name.clone()).collect();
    if names.iter().any(|name| name == "*") {
        return everything();
    }
    for link in tree.children.iter().filter_map(|child| child.link.as_ref()) {
        // A function may need any column.
        let Some(columns) = link.relationship.columns() else { return everything() };
        names.extend(columns.map(str::to_owned));
    }
    names.extend(key.iter().cloned());
    names.extend(tree.order.iter().filter(|sort| sort.rows.is_none()).map(|sort| sort.operand.name.clone()));
    names.sort_unstable();
    names.dedup();
    names
}
