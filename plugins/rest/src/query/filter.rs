//! Conditions as SQL. It deliberately relies on Postgres to infer each parameter's type from what it is compared with, so
//! that indexes apply and a value that does not fit is refused with Postgres' own words.

use super::Sql;
use super::field::push_operand;
use crate::plan::node::{Operand, Place, Predicate};
use sdk_filter::filter::Operation;
use sdk_filter::operator::{Operator, Quantifier, Search};
use sdk_filter::structured::array;

/// How an embedded relation's presence is asked for: by its joined rows, or by a query of its own.
pub(super) type Presence<'a> = &'a dyn Fn(&mut Sql, &str, bool);

/// The conditions, with `AND` between them.
pub(super) fn push_all(sql: &mut Sql, place: &Place, filters: &[Predicate], presence: Presence<'_>) {
    sql.list(" AND ", filters, |sql, filter| push(sql, place, filter, presence));
}

/// ` WHERE …`, or nothing.
pub(super) fn push_where(sql: &mut Sql, place: &Place, filters: &[Predicate]) {
    if !filters.is_empty() {
        sql.push(" WHERE ");
        push_all(sql, place, filters, &joined);
    }
}

/// Among joined rows: whether there is one.
pub(super) fn joined(sql: &mut Sql, rows: &str, present: bool) {
    sql.name(rows).push(if present { " IS DISTINCT FROM NULL" } else { " IS NOT DISTINCT FROM NULL" });
}

fn push(sql: &mut Sql, place: &Place, filter: &Predicate, presence: Presence<'_>) {
    match filter {
        Predicate::Test { operand, negated, operation } => {
            sql.push(if *negated { "NOT " } else { "" });
            test(sql, place, operand, operation);
        }
        Predicate::Group { negated, any, members } => {
            sql.push(if *negated { "NOT (" } else { "(" });
            sql.list(if *any { " OR " } else { " AND " }, members, |sql, member| push(sql, place, member, presence));
            sql.push(")");
        }
        Predicate::Embedded { rows, present } => presence(sql, rows, *present),
    }
}

fn test(sql: &mut Sql, place: &Place, operand: &Operand, operation: &Operation) {
    if let Operation::Search { search, language, query } = operation {
        return lexemes(sql, place, operand, search, language.as_deref(), query);
    }
    push_operand(sql, place, operand);
    match operation {
        Operation::Compare { operator, quantifier, value } => compare(sql, operand, operator, *quantifier, value),
        Operation::Distinct(value) => sql.push(" IS DISTINCT FROM ").value(value).done(),
        Operation::Is(state) => sql.push(" IS ").push(state.sql).done(),
        Operation::In(values) => among(sql, operand, values),
        Operation::Search { .. } => {}
    }
}

fn compare(sql: &mut Sql, operand: &Operand, operator: &'static Operator, quantifier: Option<Quantifier>, value: &str) {
    sql.push(" ").push(operator.sql).push(" ");
    sql.push(match quantifier {
        None => "",
        Some(Quantifier::Any) => "ANY (",
        Some(Quantifier::All) => "ALL (",
    });
    match &operand.cast {
        _ if operator.pattern => sql.value(value.replace('*', "%")).done(),
        Some(function) => sql.trusted(function).push("(").value(value).push(")").done(),
        None => sql.value(value).done(),
    }
    sql.push(if quantifier.is_some() { ")" } else { "" });
}

fn among(sql: &mut Sql, operand: &Operand, values: &[String]) {
    // `in.()` is the empty one.
    let list = if matches!(values, [only] if only.is_empty()) { "{}".to_owned() } else { array(values) };
    sql.push(" = ANY (");
    match &operand.cast {
        Some(function) => {
            sql.push("SELECT ").trusted(function).push("(v) FROM unnest(").value(list).push("::text[]) v")
        }
        None => sql.value(list),
    };
    sql.push(")");
}

/// A search needs lexemes on its left: a column that holds none is turned into them, by the same language.
fn lexemes(sql: &mut Sql, place: &Place, operand: &Operand, search: &Search, language: Option<&str>, query: &str) {
    if operand.is_lexemes {
        push_operand(sql, place, operand);
    } else {
        sql.push("to_tsvector(");
        push_language(sql, language);
        push_operand(sql, place, operand);
        sql.push(")");
    }
    sql.push(" @@ ").push(search.function).push("(");
    push_language(sql, language);
    sql.value(query).push(")");
}

fn push_language(sql: &mut Sql, language: Option<&str>) {
    if let Some(language) = language {
        sql.value(language).push("::regconfig, ");
    }
}
