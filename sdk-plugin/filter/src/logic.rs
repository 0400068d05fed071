//! Groups of filters: `or=(a.eq.1,not.and(b.gt.2,c.is.null))`. It deliberately bounds how deep they nest: a request must not
//! be able to exhaust the stack here or in Postgres.

use crate::cursor::{Cursor, Fault};
use crate::field;
use crate::filter::{self, Condition, Extent, Group, Test};

/// Far beyond what people write, far below what a stack holds.
pub const DEEPEST: usize = 32;

/// A parameter whose name ends in `and` or `or`, maybe with `not` before it, and the names of the embedded relations that lead to
/// it.
///
/// # Errors
/// When it is none.
pub fn parse(name: &str, value: &str) -> Result<(Vec<String>, Condition), Fault> {
    let (mut path, last) = field::way(&mut Cursor::new("logic path", name))?;
    let negated = path.iter().any(|name| name == "not");
    path.retain(|name| name != "not");
    let before = last.name.len() + if negated { "not.".len() } else { 0 };
    let mut cursor = Cursor::new("logic tree", value).after(before);
    let group = Group { negated, any: last.name == "or", members: members(&mut cursor, 0)? };
    // A bracket too many has always been let through, and clients have come to send it.
    cursor.take_while(|next| next == ')');
    cursor.end("end of input")?;
    Ok((path, Condition::Group(group)))
}

fn members(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Condition>, Fault> {
    if depth > DEEPEST {
        return Err(cursor.fault(&format!("groups nest deeper than {DEEPEST}")));
    }
    cursor.eat_spaces();
    cursor.expect("(")?;
    let mut members = Vec::new();
    loop {
        cursor.eat_spaces();
        members.push(member(cursor, depth)?);
        cursor.eat_spaces();
        if !cursor.eat(",") {
            break;
        }
    }
    if !cursor.eat(")") {
        return Err(cursor.unexpected("\",\" or \")\""));
    }
    cursor.eat_spaces();
    Ok(members)
}

fn member(cursor: &mut Cursor<'_>, depth: usize) -> Result<Condition, Fault> {
    if let Some((negated, any)) = group(cursor) {
        return Ok(Condition::Group(Group { negated, any, members: members(cursor, depth + 1)? }));
    }
    if matches!(cursor.peek(), None | Some('(' | ')' | ',')) {
        let expecting = "field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)";
        return Err(cursor.unexpected(expecting));
    }
    let field = field::field(cursor)?;
    cursor.expect(".")?;
    let (negated, operation) = filter::operation(cursor, Extent::Member)?;
    Ok(Condition::Test(Test { field, negated, operation }))
}

/// The start of a group: its operator, with the bracket left in place.
fn group(cursor: &mut Cursor<'_>) -> Option<(bool, bool)> {
    let mut ahead = cursor.clone();
    let negated = ahead.eat("not.");
    let any = if ahead.eat("and") { false } else { ahead.eat("or").then_some(true)? };
    if !ahead.rest().trim_start_matches([' ', '\t']).starts_with('(') {
        return None;
    }
    cursor.clone_from(&ahead);
    Some((negated, any))
}
