//! Conditions whose columns exist. It deliberately keeps the operations as they were parsed: they hold no name.

use crate::refusal::Refusal;
use crate::request::field::{Field, Step};
use crate::request::filter::{Condition, Operation, Test};
use sdk_plugin::schema::{Column, Relation};

/// A condition of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Predicate<'a> {
    Test { operand: Operand<'a>, negated: bool, operation: &'a Operation },
    Group { negated: bool, any: bool, members: Vec<Predicate<'a>> },
}

/// A column, or something within its JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operand<'a> {
    pub(crate) column: &'a Column,
    pub(crate) path: &'a [Step],
}

/// Finds the columns of `conditions`.
pub(crate) fn plan<'a>(conditions: &'a [Condition], relation: &'a Relation) -> Result<Vec<Predicate<'a>>, Refusal> {
    conditions.iter().map(|condition| predicate(condition, relation)).collect()
}

fn predicate<'a>(condition: &'a Condition, relation: &'a Relation) -> Result<Predicate<'a>, Refusal> {
    Ok(match condition {
        Condition::Test(test) => Predicate::Test {
            operand: operand(&test.field, relation)?,
            negated: test.negated,
            operation: &test.operation,
        },
        Condition::Group(group) => {
            Predicate::Group { negated: group.negated, any: group.any, members: plan(&group.members, relation)? }
        }
    })
}

/// Whether these are equalities on all columns of a key, and nothing else.
pub(crate) fn are_key(conditions: &[Condition], key: &[String]) -> bool {
    let on = |condition: &Condition, name: &str| equals(condition) == Some(name);
    !key.is_empty()
        && conditions.iter().all(|condition| key.iter().any(|name| on(condition, name)))
        && key.iter().all(|name| conditions.iter().any(|condition| on(condition, name)))
}

/// The column that a plain equality is on.
fn equals(condition: &Condition) -> Option<&str> {
    let Condition::Test(Test { field, negated: false, operation }) = condition else { return None };
    let Operation::Compare { operator, quantifier: None, .. } = operation else { return None };
    (operator.name == "eq" && field.path.is_empty()).then_some(field.name.as_str())
}

/// Finds the column of `field`.
pub(crate) fn operand<'a>(field: &'a Field, relation: &'a Relation) -> Result<Operand<'a>, Refusal> {
    match relation.column(&field.name) {
        Some(column) => Ok(Operand { column, path: &field.path }),
        None => Err(Refusal::unknown_column(&relation.name, &field.name)),
    }
}
