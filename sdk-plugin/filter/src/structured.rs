//! The same conditions as JSON: `{"price": {"gte": 10}, "or": [{"a": {"eq": 1}}, {"b": {"is": "null"}}]}`. It deliberately has
//! no operator of its own: names and meanings are those of the text.

use serde_json::{Map, Value};

use crate::cursor::{Cursor, Fault};
use crate::field::{self, Field};
use crate::filter::{Condition, Group, Operation, Test};
use crate::logic::DEEPEST;
use crate::operator::{self, Quantifier};

/// All conditions of an object; all of them must hold.
///
/// # Errors
/// When it is no object, or names an operator that does not exist.
pub fn parse(value: &Value) -> Result<Vec<Condition>, Fault> {
    conditions(value, 0)
}

fn conditions(value: &Value, depth: usize) -> Result<Vec<Condition>, Fault> {
    if depth > DEEPEST {
        return Err(fault(value, format!("conditions nest deeper than {DEEPEST}")));
    }
    let mut found = Vec::new();
    for (name, value) in object(value)? {
        match name.as_str() {
            "and" | "or" => found.push(group(name == "or", value, depth)?),
            "not" => found.push(negated(conditions(value, depth + 1)?)),
            _ => tests(&mut found, &column(name)?, value)?,
        }
    }
    Ok(found)
}

fn group(any: bool, value: &Value, depth: usize) -> Result<Condition, Fault> {
    let Some(list) = value.as_array().filter(|list| !list.is_empty()) else {
        return Err(fault(value, "a group is a list of objects".to_owned()));
    };
    let member = |value| conditions(value, depth + 1).map(together);
    let members = list.iter().map(member).collect::<Result<_, _>>()?;
    Ok(Condition::Group(Group { negated: false, any, members }))
}

fn together(mut conditions: Vec<Condition>) -> Condition {
    match conditions.len() {
        1 => conditions.swap_remove(0),
        _ => Condition::Group(Group { negated: false, any: false, members: conditions }),
    }
}

fn negated(conditions: Vec<Condition>) -> Condition {
    Condition::Group(Group { negated: true, any: false, members: conditions })
}

fn column(name: &str) -> Result<Field, Fault> {
    let mut cursor = Cursor::new("column", name);
    let field = field::field(&mut cursor)?;
    cursor.end("end of input")?;
    Ok(field)
}

fn tests(found: &mut Vec<Condition>, field: &Field, value: &Value) -> Result<(), Fault> {
    for (name, value) in object(value)? {
        let (negated, inner) = if name == "not" { (true, Some(object(value)?)) } else { (false, None) };
        let single = Map::from_iter([(name.clone(), value.clone())]);
        for (name, value) in inner.unwrap_or(&single) {
            let operation = operation(name, value)?;
            found.push(Condition::Test(Test { field: field.clone(), negated, operation }));
        }
    }
    Ok(())
}

fn operation(name: &str, value: &Value) -> Result<Operation, Fault> {
    let (base, quantifier) = quantified(name);
    if let Some(operator) = operator::find(base).filter(|operator| quantifier.is_none() || operator.quantified) {
        return Ok(Operation::Compare { operator, quantifier, value: text(value)? });
    }
    if let Some(search) = operator::search(name) {
        return Ok(Operation::Search { search, language: None, query: text(value)? });
    }
    match name {
        "in" => Ok(Operation::In(list(value)?)),
        "isdistinct" => Ok(Operation::Distinct(text(value)?)),
        "is" => state(value),
        _ => Err(fault(value, format!("{name:?} is no operator"))),
    }
}

fn quantified(name: &str) -> (&str, Option<Quantifier>) {
    let any = name.strip_suffix("(any)").map(|base| (base, Some(Quantifier::Any)));
    any.or_else(|| name.strip_suffix("(all)").map(|base| (base, Some(Quantifier::All)))).unwrap_or((name, None))
}

fn state(value: &Value) -> Result<Operation, Fault> {
    let name = if value.is_null() { "null".to_owned() } else { text(value)? };
    let unknown = || fault(value, "expecting null, not_null, true, false or unknown".to_owned());
    operator::state(&name).map(Operation::Is).ok_or_else(unknown)
}

fn list(value: &Value) -> Result<Vec<String>, Fault> {
    let list = value.as_array().ok_or_else(|| fault(value, "expecting a list".to_owned()))?;
    // The text has no other way to say that nothing is in it.
    if list.is_empty() { Ok(vec![String::new()]) } else { list.iter().map(text).collect() }
}

/// A value's text form; a list is an array of Postgres.
fn text(value: &Value) -> Result<String, Fault> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        Value::Array(list) => Ok(array(&list.iter().map(text).collect::<Result<Vec<_>, _>>()?)),
        Value::Object(_) => Ok(value.to_string()),
        Value::Null => Err(fault(value, "null is compared with `is`".to_owned())),
    }
}

/// Values as the text form of an array.
pub fn array(values: &[String]) -> String {
    let mut array = String::with_capacity(values.iter().map(|value| value.len() + 3).sum::<usize>() + 2);
    array.push('{');
    for (place, value) in values.iter().enumerate() {
        array.push_str(if place > 0 { ",\"" } else { "\"" });
        for next in value.chars() {
            array.push_str(if matches!(next, '"' | '\\') { "\\" } else { "" });
            array.push(next);
        }
        array.push('"');
    }
    array.push('}');
    array
}

fn object(value: &Value) -> Result<&Map<String, Value>, Fault> {
    value.as_object().ok_or_else(|| fault(value, "expecting an object".to_owned()))
}

fn fault(value: &Value, details: String) -> Fault {
    let shown: String = value.to_string().chars().take(100).collect();
    Fault { message: format!("failed to parse filter ({shown})"), details }
}
