//! Calls of functions: which of several with one name is meant, with which arguments, and what it returns. It deliberately
//! leaves the arguments' values to Postgres.

use super::media;
use super::node::{Node, Predicate};
use super::tree::{self, Root};
use super::window::{self, Cap};
use super::{Context, Plan, Shape};
use crate::fuzzy;
use crate::payload::{Form, Payload};
use crate::refusal::{Failure, Refusal, function};
use crate::request::Action;
use crate::request::media::Media;
use sdk_plugin::schema::{Argument, ArgumentMode, Function, FunctionKind, ReturnKind, Volatility};

/// A call, and what to answer with.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: Function,
    pub(crate) arguments: Arguments,
    pub(crate) returns: Returns,
    /// Whether it may write.
    pub(crate) writes: bool,
    /// The columns of its rows that are used; `*` for all.
    pub(crate) columns: Vec<String>,
    pub(crate) tree: Node,
    pub(crate) shape: Shape,
    pub(crate) cap: Option<Cap>,
}

/// What a function is called with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arguments {
    None,
    /// The payload as the only argument, which has no name.
    Payload(String),
    /// Members of the payload, by name, type and whether all that follow belong to it.
    Members(Form, Vec<(String, String, bool)>),
    /// Values by name and type.
    Values(Vec<(String, String, Value)>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    One(String),
    /// Those of an argument that takes all that follow.
    Many(Vec<String>),
}

/// What a function's result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Returns {
    Void,
    Scalar,
    Scalars,
    Row,
    Rows,
}

impl Returns {
    fn of(function: &Function) -> Self {
        match (function.returns.kind, function.returns.set) {
            (ReturnKind::Void, false) => Self::Void,
            (ReturnKind::Composite, false) => Self::Row,
            (ReturnKind::Composite, true) => Self::Rows,
            (_, false) => Self::Scalar,
            (_, true) => Self::Scalars,
        }
    }

    /// Whether it is one value or row, whatever is in it.
    pub(crate) fn is_single(self) -> bool {
        matches!(self, Self::Void | Self::Scalar | Self::Row)
    }

    /// Whether there are columns to choose from.
    pub(crate) fn has_columns(self) -> bool {
        matches!(self, Self::Row | Self::Rows)
    }
}

pub(super) fn plan(context: &Context<'_>, name: &str, payload: &Payload) -> Result<Plan, Failure> {
    let intent = context.intent;
    let function = find(context, name, payload)?;
    if intent.action == Action::Describe {
        let reads = function.volatility != Volatility::Volatile;
        return Ok(Plan::Allow(if reads { "OPTIONS,GET,HEAD,POST" } else { "OPTIONS,POST" }.to_owned()));
    }
    let returns = Returns::of(&function);
    let relation = match &function.returns.relation {
        Some(relation) if returns.has_columns() => context.catalogue.relation(&relation.schema, &relation.name)?,
        _ => None,
    };
    // As the relation whose rows it returns, so that others can be embedded.
    let rows_of = function.returns.relation.as_ref().filter(|_| returns.has_columns());
    let of = rows_of.map_or_else(|| function.name.clone(), |relation| relation.name.clone());
    let mut tree = tree::build(context, Root::Source { name: of.clone(), relation })?;
    let cap = window::restrict(&mut tree, context);
    let (handler, media) = media::negotiate(context, (&function.schema, &of), tree.is_everything())?;
    context.strict()?;
    if intent.preferences.at_most().is_some() && returns.is_single() {
        return Err(Refusal::call_max_affected().into());
    }
    let writes = intent.action == Action::Call && function.volatility == Volatility::Volatile;
    let columns = columns(&tree);
    let arguments = arguments(context, &function, payload);
    let shape = context.shape(handler, media);
    Ok(Plan::Call(Call { arguments, returns, writes, columns, tree, shape, cap, function }))
}

/// The function that takes these arguments: one with these names or, for a payload, one whose only argument has none.
fn find(context: &Context<'_>, name: &str, payload: &Payload) -> Result<Function, Failure> {
    let all = context.catalogue.functions(&context.intent.schema, name)?;
    let all: Vec<_> = all.iter().filter(|function| is_callable(function)).collect();
    let names = names(context, payload);
    let posted = (context.intent.action == Action::Call).then_some(&context.intent.content);
    let by_name: Vec<_> = all.iter().filter(|function| takes(function, &names, posted)).collect();
    let unnamed = || all.iter().filter(|function| takes_whole(function, posted));
    let found = if by_name.is_empty() { unnamed().collect() } else { by_name };
    match found.as_slice() {
        [only] => Ok((**only).clone()),
        [] => Err(none(context, name, &names, posted, &all)?.into()),
        several => Err(function::ambiguous(several).into()),
    }
}

/// A function with an unnamed argument can only be called when that is its only one.
pub(crate) fn is_callable(function: &Function) -> bool {
    let unnamed = inputs(function).filter(|argument| argument.name.is_empty()).count();
    let whole = ["bytea", "json", "jsonb", "text", "xml"];
    function.kind == FunctionKind::Function
        && match unnamed {
            0 => true,
            1 => inputs(function).count() == 1 && inputs(function).all(|only| whole.contains(&only.type_name.as_str())),
            _ => false,
        }
}

fn inputs(function: &Function) -> impl Iterator<Item = &Argument> {
    function.arguments.iter().filter(|argument| argument.is_input())
}

fn names(context: &Context<'_>, payload: &Payload) -> Vec<String> {
    let mut names: Vec<_> = match context.intent.action {
        Action::Call => payload.members.clone(),
        _ => context.intent.query.arguments.iter().map(|(name, _)| name.clone()).collect(),
    };
    names.sort_unstable();
    names.dedup();
    names
}

fn takes(function: &Function, names: &[String], posted: Option<&Media>) -> bool {
    let mut inputs = inputs(function).peekable();
    if inputs.peek().is_none() {
        let whole = matches!(posted, Some(Media::Text | Media::Xml | Media::Bytes));
        return names.is_empty() && !whole;
    }
    let (optional, required): (Vec<_>, Vec<_>) = inputs.partition(|argument| argument.optional);
    required.iter().all(|argument| names.contains(&argument.name))
        && names.iter().all(|name| required.iter().chain(&optional).any(|argument| argument.name == *name))
}

fn takes_whole(function: &Function, posted: Option<&Media>) -> bool {
    let mut inputs = inputs(function);
    let (Some(only), None, Some(posted)) = (inputs.next(), inputs.next(), posted) else { return false };
    let kinds = [
        (Media::Json, "json"),
        (Media::Json, "jsonb"),
        (Media::Text, "text"),
        (Media::Xml, "xml"),
        (Media::Bytes, "bytea"),
    ];
    only.name.is_empty() && kinds.iter().any(|(media, kind)| media == posted && *kind == only.type_name)
}

fn none(
    context: &Context<'_>,
    name: &str,
    names: &[String],
    posted: Option<&Media>,
    all: &[&Function],
) -> Result<Refusal, Failure> {
    let schema = &context.intent.schema;
    let refusal = function::none(schema, name, names, posted);
    if matches!(posted, Some(Media::Text | Media::Xml | Media::Bytes)) {
        return Ok(refusal);
    }
    let hint = match all.is_empty() {
        // Anything less alike would be guessing, and would tell strangers the names of functions.
        true => fuzzy::nearest(&other_names(context, name)?, name, 0.75),
        false => {
            let lists: Vec<_> = all.iter().map(|function| listed(function)).collect();
            fuzzy::nearest(&lists, &format!("({})", names.join(", ")), 0.33).map(|list| format!("{name}{list}"))
        }
    };
    Ok(match hint {
        Some(hint) => refusal.hint(format!("Perhaps you meant to call the function {schema}.{hint}")),
        None => refusal,
    })
}

/// One of this very name, if there is one, cannot be called.
fn other_names(context: &Context<'_>, name: &str) -> Result<Vec<String>, Failure> {
    let schema = context.catalogue.schema(&context.intent.schema)?;
    Ok(schema.functions.iter().filter(|other| *other != name).cloned().collect())
}

fn listed(function: &Function) -> String {
    let mut names: Vec<_> = inputs(function).map(|argument| argument.name.as_str()).collect();
    names.sort_unstable();
    format!("({})", names.join(", "))
}

fn arguments(context: &Context<'_>, function: &Function, payload: &Payload) -> Arguments {
    let mut all = inputs(function);
    let given = names(context, payload);
    if let (Some(only), None) = (all.next(), all.next())
        && only.name.is_empty()
    {
        return Arguments::Payload(only.type_name.clone());
    }
    let given: Vec<_> = inputs(function).filter(|argument| given.contains(&argument.name)).collect();
    if given.is_empty() {
        return Arguments::None;
    }
    let direct = match context.intent.action {
        Action::Call => payload.fields.as_deref(),
        _ => Some(context.intent.query.arguments.as_slice()),
    };
    match direct {
        Some(values) => Arguments::Values(given.into_iter().map(|argument| value(argument, values)).collect()),
        None => Arguments::Members(payload.form, given.into_iter().map(member).collect()),
    }
}

fn is_variadic(argument: &Argument) -> bool {
    argument.mode == ArgumentMode::Variadic
}

/// Of several values for one name the last counts, but where the function takes them all.
fn value(argument: &Argument, values: &[(String, String)]) -> (String, String, Value) {
    let mut own = values.iter().filter(|(name, _)| *name == argument.name).map(|(_, value)| value.clone());
    let value = match is_variadic(argument) {
        true => Value::Many(own.collect()),
        false => Value::One(own.next_back().unwrap_or_default()),
    };
    (argument.name.clone(), any_length(&argument.type_name), value)
}

fn member(argument: &Argument) -> (String, String, bool) {
    (argument.name.clone(), any_length(&argument.type_name), is_variadic(argument))
}

/// Types that cut a value to one character when they are named without a length.
fn any_length(type_name: &str) -> String {
    match type_name {
        "bit" => "bit varying".to_owned(),
        "bit[]" => "bit varying[]".to_owned(),
        "character" => "character varying".to_owned(),
        "character[]" => "character varying[]".to_owned(),
        other => other.to_owned(),
    }
}

/// What of the function's rows is used: what is selected, what embeds need, and what filters look at.
fn columns(tree: &Node) -> Vec<String> {
    let mut names = super::write::needed(tree, &[]);
    if names.iter().any(|name| name == "*") || names.is_empty() {
        return vec!["*".to_owned()];
    }
    tree.filters.iter().for_each(|filter| looked_at(filter, &mut names));
    names.sort_unstable();
    names.dedup();
    names
}

fn looked_at(filter: &Predicate, names: &mut Vec<String>) {
    match filter {
        Predicate::Test { operand, .. } => names.push(operand.name.clone()),
        Predicate::Group { members, .. } => members.iter().for_each(|member| looked_at(member, names)),
        Predicate::Embedded { .. } => {}
    }
}
