//! Conditions as SQL. It deliberately relies on Postgres to infer each parameter's type from what it is compared with, so
//! that indexes apply and a value that does not fit is refused with Postgres' own words.

use super::Sql;
use super::sql::From;
use crate::plan::filter::{Operand, Predicate};
use crate::request::field::{Key, Step};
use crate::request::filter::Operation;
use crate::request::operator::{Operator, Quantifier};
use std::borrow::Cow;

/// ` WHERE …`, or nothing.
pub(super) fn push_where<'a>(sql: &mut Sql<'a>, from: From<'_>, filters: &[Predicate<'a>]) {
    if !filters.is_empty() {
        sql.push(" WHERE ").list(" AND ", filters, |sql, filter| predicate(sql, from, filter));
    }
}

fn predicate<'a>(sql: &mut Sql<'a>, from: From<'_>, filter: &Predicate<'a>) {
    match filter {
        Predicate::Test { operand, negated, operation } => {
            sql.push(if *negated { "NOT " } else { "" });
            test(sql, from, *operand, operation);
        }
        Predicate::Group { negated, any, members } => {
            sql.push(if *negated { "NOT (" } else { "(" });
            sql.list(if *any { " OR " } else { " AND " }, members, |sql, member| predicate(sql, from, member));
            sql.push(")");
        }
    }
}

fn test<'a>(sql: &mut Sql<'a>, from: From<'_>, operand: Operand<'a>, operation: &'a Operation) {
    match operation {
        Operation::Compare { operator, quantifier, value } => {
            push_operand(sql, from, operand);
            compare(sql, operator, *quantifier, value);
        }
        Operation::Distinct(value) => {
            push_operand(sql, from, operand);
            sql.push(" IS DISTINCT FROM ").value(value);
        }
        Operation::Is(state) => {
            push_operand(sql, from, operand);
            sql.push(" IS ").push(state);
        }
        Operation::In(values) => {
            push_operand(sql, from, operand);
            sql.push(" = ANY (").value(array(values)).push(")");
        }
        Operation::Search { function, language, query } => {
            search(sql, from, operand, function, language.as_deref(), query);
        }
    }
}

fn compare<'a>(sql: &mut Sql<'a>, operator: &Operator, quantifier: Option<Quantifier>, value: &'a str) {
    sql.push(" ").push(operator.sql).push(" ");
    let value = if operator.pattern && value.contains('*') { value.replace('*', "%").into() } else { Cow::from(value) };
    match quantifier {
        None => sql.value(value),
        Some(Quantifier::Any) => sql.push("ANY (").value(value).push(")"),
        Some(Quantifier::All) => sql.push("ALL (").value(value).push(")"),
    };
}

/// A search needs lexemes on its left: a column that holds none is turned into them, by the same language.
fn search<'a>(
    sql: &mut Sql<'a>,
    from: From<'_>,
    operand: Operand<'a>,
    function: &'static str,
    language: Option<&'a str>,
    query: &'a str,
) {
    let lexemes = operand.path.is_empty() && operand.column.base_type == "tsvector";
    if lexemes {
        push_operand(sql, from, operand);
    } else {
        sql.push("to_tsvector(");
        push_language(sql, language);
        push_operand(sql, from, operand);
        sql.push(")");
    }
    sql.push(" @@ ").push(function).push("(");
    push_language(sql, language);
    sql.value(query).push(")");
}

fn push_language<'a>(sql: &mut Sql<'a>, language: Option<&'a str>) {
    if let Some(language) = language {
        sql.value(language).push("::regconfig, ");
    }
}

/// A column with the JSON path after it. What is not JSON is made so, as in PostgREST.
pub(super) fn push_operand<'a>(sql: &mut Sql<'a>, from: From<'_>, operand: Operand<'a>) {
    let name = &operand.column.name;
    let json = operand.path.is_empty() || matches!(operand.column.base_type.as_str(), "json" | "jsonb");
    if json {
        sql.column(from, name);
    } else {
        sql.push("to_jsonb(").column(from, name).push(")");
    }
    for Step { text, key } in operand.path {
        sql.push(if *text { "->>" } else { "->" });
        match key {
            Key::Member(member) => sql.value(member),
            Key::Index(index) => sql.value(index.to_string()).push("::int"),
        };
    }
}

/// The text form of an array. `in.()` is the empty one.
fn array(values: &[String]) -> String {
    if let [only] = values
        && only.is_empty()
    {
        return "{}".to_owned();
    }
    let mut array = String::with_capacity(values.iter().map(|value| value.len() + 3).sum::<usize>() + 2);
    array.push('{');
    for (place, value) in values.iter().enumerate() {
        array.push_str(if place > 0 { ",\"" } else { "\"" });
        push_element(&mut array, value);
        array.push('"');
    }
    array.push('}');
    array
}

fn push_element(array: &mut String, value: &str) {
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            array.push('\\');
        }
        array.push(character);
    }
}
