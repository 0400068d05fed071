//! Columns that exist: those of the relation, and functions of its row. It deliberately lets names through where nobody knows the
//! columns, as of a function that returns any record: they are quoted like all others.

use super::Context;
use super::node::{Node, Operand, Output, Predicate, Sort};
use crate::refusal::Refusal;
use crate::request::order::Term;
use crate::request::select::{Aggregate, Selected};
use sdk_filter::field::Field;
use sdk_filter::filter::{Condition, Operation};
use sdk_plugin::schema::{Column, Computed, Relation};

/// The columns of a node.
pub(crate) struct Columns<'a> {
    context: &'a Context<'a>,
    relation: Option<&'a Relation>,
    /// What messages call the relation.
    label: &'a str,
}

impl<'a> Columns<'a> {
    pub(crate) fn new(context: &'a Context<'a>, node: &'a Node) -> Self {
        let label = node.from_alias.as_deref().unwrap_or(&node.from.name);
        Self { context, relation: node.relation.as_deref(), label }
    }

    /// Of a relation as it is.
    pub(crate) fn of(context: &'a Context<'a>, relation: &'a Relation) -> Self {
        Self { context, relation: Some(relation), label: &relation.name }
    }

    pub(crate) fn output(&self, selected: &Selected) -> Result<Output, Refusal> {
        let mut operand = self.operand(&selected.field)?;
        operand.cast = self.column(&operand.name).and_then(|column| column.casts.to_json.clone());
        Ok(Output {
            operand,
            cast: selected.cast.clone(),
            aggregate: selected.aggregate,
            aggregate_cast: selected.aggregate_cast.clone(),
            alias: selected.alias.clone(),
        })
    }

    /// A condition; one about an embedded relation asks whether there are rows of it.
    pub(crate) fn predicate(&self, condition: &Condition, children: &[Node]) -> Result<Predicate, Refusal> {
        let test = match condition {
            Condition::Group(group) => {
                let members = group.members.iter().map(|member| self.predicate(member, children));
                let members = members.collect::<Result<_, _>>()?;
                return Ok(Predicate::Group { negated: group.negated, any: group.any, members });
            }
            Condition::Test(test) => test,
        };
        let child = children.iter().find(|child| child.label() == test.field.name && test.field.path.is_empty());
        if let (Some(child), Operation::Is(state)) = (child, &test.operation)
            && matches!(state.name, "null" | "not_null")
        {
            return Ok(Predicate::Embedded {
                rows: child.rows.clone(),
                present: (state.name == "null") == test.negated,
            });
        }
        let mut operand = self.operand(&test.field)?;
        operand.cast = self.column(&operand.name).and_then(|column| column.casts.from_text.clone());
        Ok(Predicate::Test { operand, negated: test.negated, operation: test.operation.clone() })
    }

    pub(crate) fn sort(&self, term: &Term, node: &Node) -> Result<Sort, Refusal> {
        let (direction, nulls) = (term.direction, term.nulls);
        let Some(name) = &term.relation else {
            return Ok(Sort { rows: None, operand: self.operand(&term.field)?, direction, nulls });
        };
        let child = node.children.iter().find(|child| child.label() == name);
        let child = child.ok_or_else(|| Refusal::not_embedded(name))?;
        if child.link.as_ref().is_some_and(|link| !link.relationship.is_to_one()) {
            return Err(Refusal::not_to_one(&self.origin(node), name));
        }
        let operand = Operand {
            name: term.field.name.clone(),
            path: term.field.path.clone(),
            to_json: true,
            ..Operand::default()
        };
        Ok(Sort { rows: Some(child.rows.clone()), operand, direction, nulls })
    }

    fn origin(&self, node: &Node) -> String {
        self.relation.map_or_else(|| node.from.name.clone(), |relation| relation.name.clone())
    }

    pub(crate) fn operand(&self, field: &Field) -> Result<Operand, Refusal> {
        if !self.knows(&field.name) {
            return Err(Refusal::unknown_column(self.label, &field.name));
        }
        let kind = self.kind(&field.name);
        Ok(Operand {
            name: field.name.clone(),
            path: field.path.clone(),
            to_json: !matches!(kind, "json" | "jsonb"),
            is_lexemes: kind == "tsvector" && field.path.is_empty(),
            cast: None,
            whole: false,
        })
    }

    fn column(&self, name: &str) -> Option<&'a Column> {
        self.relation?.column(name)
    }

    /// The type beneath domains.
    fn kind(&self, name: &str) -> &'a str {
        let column = self.column(name).map(|column| column.base_type.as_str());
        column.or_else(|| Some(self.computed(name)?.type_name.as_str())).unwrap_or_default()
    }

    /// A function that statements find without its schema: it is written like a column.
    fn computed(&self, name: &str) -> Option<&'a Computed> {
        let (schema, config) = (&self.context.intent.schema, self.context.config);
        let is_it = |function: &&Computed| function.name == name && config.finds(schema, &function.schema);
        self.relation?.computed.iter().find(is_it)
    }

    fn knows(&self, name: &str) -> bool {
        // Postgres takes a column that is named like a function for that function of the row; of one row each, clients count so.
        let counts = name == "count" && self.context.config.aggregates;
        let known = || self.column(name).is_some() || self.computed(name).is_some();
        self.relation.is_none() || name == "*" || counts || known()
    }
}

/// Names the columns behind `*` where they have to be named: a domain shows its values in its own way, groups are made by
/// columns, and arrays of each.
pub(crate) fn expand(node: &mut Node, grouped: bool) {
    let grouped = grouped || node.is_to_many_spread() || node.outputs.iter().any(|output| output.aggregate.is_some());
    let shown = |relation: &Relation| relation.columns.iter().any(|column| column.casts.to_json.is_some());
    if let Some(relation) = node.relation.clone()
        && (grouped || shown(&relation))
    {
        let spread = node.spread.is_some();
        let outputs = std::mem::take(&mut node.outputs);
        node.outputs = outputs.into_iter().flat_map(|output| expanded(output, &relation, spread)).collect();
    }
    for child in &mut node.children {
        expand(child, grouped);
    }
}

fn expanded(mut output: Output, relation: &Relation, spread: bool) -> Vec<Output> {
    let is_star = output.operand.name == "*" && output.operand.path.is_empty();
    match output.aggregate {
        None if is_star => relation.columns.iter().map(|column| named(&output, column)).collect(),
        // In the outer statement a star would count more than these rows.
        Some(Aggregate::Count) if is_star && spread => {
            output.operand.whole = true;
            vec![output]
        }
        _ => vec![output],
    }
}

fn named(star: &Output, column: &Column) -> Output {
    let operand = Operand {
        name: column.name.clone(),
        to_json: !matches!(column.base_type.as_str(), "json" | "jsonb"),
        cast: column.casts.to_json.clone(),
        ..Operand::default()
    };
    Output { operand, ..star.clone() }
}

/// Gives a name to what has none of its own: paths, what a function shows, aggregates of columns that become the outer row's.
pub(crate) fn alias(node: &mut Node) {
    let spread = node.spread.is_some();
    for output in node.outputs.iter_mut().filter(|output| output.alias.is_none()) {
        output.alias = match output.aggregate {
            Some(aggregate) if spread => Some(aggregate.name().to_owned()),
            Some(_) => None,
            None => own_name(&output.operand, output.cast.is_some()),
        };
    }
    node.children.iter_mut().for_each(alias);
}

/// The last member of a path, or the column when the path has only numbers.
fn own_name(operand: &Operand, cast: bool) -> Option<String> {
    if operand.path.is_empty() {
        // The cast would name the output otherwise.
        return (operand.cast.is_some() || cast).then(|| operand.name.clone());
    }
    let field = Field { name: operand.name.clone(), path: operand.path.clone() };
    Some(field.last_member().unwrap_or(&operand.name).to_owned())
}
