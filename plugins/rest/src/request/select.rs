//! What to answer with: `select=id,total:amount::text,clients!inner(name),...tags(name)`. It deliberately bounds how deep
//! embedding nests.

use crate::refusal::Refusal;
use sdk_filter::field::{self, Field};
use sdk_filter::{Cursor, Fault};

/// Each level is a join within a join.
const DEEPEST: usize = 16;

/// One thing to answer with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Field(Selected),
    Relation(Embed),
}

/// A column, named `*` for all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Selected {
    pub(crate) field: Field,
    pub(crate) alias: Option<String>,
    pub(crate) cast: Option<String>,
    pub(crate) aggregate: Option<Aggregate>,
    pub(crate) aggregate_cast: Option<String>,
}

/// Rows of another relation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Embed {
    pub(crate) name: String,
    pub(crate) alias: Option<String>,
    /// What tells the relationship from others.
    pub(crate) hint: Option<String>,
    /// Whether rows without any are left out.
    pub(crate) inner: bool,
    /// Whether its columns become the outer row's.
    pub(crate) spread: bool,
    pub(crate) items: Vec<Item>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Sum,
    Avg,
    Count,
    Max,
    Min,
}

const AGGREGATES: [(&str, Aggregate); 5] = [
    ("sum", Aggregate::Sum),
    ("avg", Aggregate::Avg),
    ("count", Aggregate::Count),
    ("max", Aggregate::Max),
    ("min", Aggregate::Min),
];

impl Aggregate {
    pub(crate) fn name(self) -> &'static str {
        AGGREGATES.iter().find(|(_, other)| *other == self).map_or("count", |(name, _)| name)
    }
}

/// The whole parameter. Nothing at all is nothing.
pub(crate) fn parse(text: &str) -> Result<Vec<Item>, Refusal> {
    let mut cursor = Cursor::new("select parameter", text);
    let items = items(&mut cursor, 0)?;
    // A bracket too many has always been let through, and clients have come to send it.
    cursor.take_while(|next| next == ')');
    match cursor.at_end() {
        true => Ok(items),
        false => Err(cursor.not_ended("\",\" or end of input").into()),
    }
}

fn items(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Item>, Fault> {
    if depth > DEEPEST {
        return Err(cursor.fault(&format!("embedded relations nest deeper than {DEEPEST}")));
    }
    let mut items = Vec::new();
    cursor.eat_spaces();
    if cursor.at_end() || cursor.rest().starts_with(')') {
        return Ok(items);
    }
    loop {
        cursor.eat_spaces();
        items.push(item(cursor, depth)?);
        cursor.eat_spaces();
        if !cursor.eat(",") {
            return Ok(items);
        }
    }
}

fn item(cursor: &mut Cursor<'_>, depth: usize) -> Result<Item, Fault> {
    let mut ahead = cursor.clone();
    if let Some(mut embed) = embed(&mut ahead) {
        cursor.clone_from(&ahead);
        cursor.expect("(")?;
        embed.items = items(cursor, depth + 1)?;
        cursor.expect(")")?;
        return Ok(Item::Relation(embed));
    }
    selected(cursor).map(Item::Field)
}

/// All of an embedding up to its bracket; none when it is something else.
fn embed(cursor: &mut Cursor<'_>) -> Option<Embed> {
    let spread = cursor.eat("...");
    let alias = if spread { None } else { alias(cursor) };
    let name = field::name(cursor).ok()?;
    let mut embed = Embed { name, alias, hint: None, inner: false, spread, items: Vec::new() };
    for _ in 0..2 {
        parameter(cursor, &mut embed)?;
    }
    cursor.eat_spaces();
    (cursor.rest().starts_with('(') && (spread || embed.name != "count")).then_some(embed)
}

/// `!inner`, `!left`, `!hint` or nothing.
fn parameter(cursor: &mut Cursor<'_>, embed: &mut Embed) -> Option<()> {
    if !cursor.eat("!") {
        return Some(());
    }
    match field::name(cursor).ok()?.as_str() {
        "inner" => embed.inner = true,
        "left" => {}
        hint => drop(embed.hint.get_or_insert_with(|| hint.to_owned())),
    }
    Some(())
}

/// `alias:`, which `::` does not follow.
fn alias(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut ahead = cursor.clone();
    let name = field::name(&mut ahead).ok()?;
    if ahead.rest().starts_with("::") || !ahead.eat(":") {
        return None;
    }
    cursor.clone_from(&ahead);
    Some(name)
}

fn selected(cursor: &mut Cursor<'_>) -> Result<Selected, Fault> {
    if cursor.eat("*") {
        ended(cursor, "\")\", \",\" or end of input")?;
        return Ok(Selected { field: Field::column("*"), ..Selected::default() });
    }
    let mut selected = Selected { alias: alias(cursor), ..Selected::default() };
    if cursor.eat("count()") {
        (selected.field, selected.aggregate) = (Field::column("*"), Some(Aggregate::Count));
    } else {
        selected.field = field::field(cursor)?;
        selected.cast = cast(cursor)?;
        selected.aggregate = aggregate(cursor);
    }
    if selected.aggregate.is_some() {
        selected.aggregate_cast = cast(cursor)?;
    }
    ended(cursor, "letter, digit, \"-\", \"->>\", \"->\", \"::\", \".\", \")\", \",\" or end of input")?;
    Ok(selected)
}

fn ended(cursor: &mut Cursor<'_>, expecting: &str) -> Result<(), Fault> {
    cursor.eat_spaces();
    match cursor.peek() {
        None | Some(',' | ')') => Ok(()),
        Some(_) => Err(cursor.not_ended(expecting)),
    }
}

/// A type's name has no quotes when it reaches SQL, so it is made of letters, digits, `_`, `$` and spaces.
fn cast(cursor: &mut Cursor<'_>) -> Result<Option<String>, Fault> {
    if !cursor.eat("::") {
        return Ok(None);
    }
    match cursor.take_while(field::is_name).trim() {
        "" => Err(cursor.unexpected("letter or digit")),
        name => Ok(Some(name.to_owned())),
    }
}

fn aggregate(cursor: &mut Cursor<'_>) -> Option<Aggregate> {
    AGGREGATES.iter().find(|(name, _)| cursor.eat(&format!(".{name}()"))).map(|(_, aggregate)| *aggregate)
}
