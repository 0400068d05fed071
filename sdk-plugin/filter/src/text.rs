//! Conditions as the text that they are read from: what is printed is read as the same again. It deliberately quotes wherever
//! it might matter.

use std::fmt::{Display, Formatter, Result, Write};

use crate::field::{Field, Key};
use crate::filter::{Condition, Group, Operation, Test};
use crate::operator::Quantifier;

impl Display for Condition {
    /// As a member of a group: `price.not.gte.10`, `not.or(a.eq.1,b.is.null)`.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        match self {
            Self::Test(test) => test.fmt(formatter),
            Self::Group(group) => group.fmt(formatter),
        }
    }
}

impl Display for Group {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str(if self.negated { "not." } else { "" })?;
        formatter.write_str(if self.any { "or(" } else { "and(" })?;
        for (place, member) in self.members.iter().enumerate() {
            formatter.write_str(if place > 0 { "," } else { "" })?;
            member.fmt(formatter)?;
        }
        formatter.write_char(')')
    }
}

impl Display for Test {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        write!(formatter, "{}.{}", self.field, if self.negated { "not." } else { "" })?;
        match &self.operation {
            Operation::Compare { operator, quantifier, value } => {
                let quantifier = match quantifier {
                    None => "",
                    Some(Quantifier::Any) => "(any)",
                    Some(Quantifier::All) => "(all)",
                };
                write!(formatter, "{}{quantifier}.", operator.name)?;
                quote(formatter, value)
            }
            Operation::Distinct(value) => {
                formatter.write_str("isdistinct.")?;
                quote(formatter, value)
            }
            Operation::In(values) => list(formatter, values),
            Operation::Is(state) => write!(formatter, "is.{}", state.name),
            Operation::Search { search, language, query } => {
                formatter.write_str(search.name)?;
                language.as_ref().map_or(Ok(()), |language| write!(formatter, "({language})"))?;
                formatter.write_char('.')?;
                quote(formatter, query)
            }
        }
    }
}

impl Display for Field {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        name(formatter, &self.name)?;
        for step in &self.path {
            formatter.write_str(if step.text { "->>" } else { "->" })?;
            match &step.key {
                // Digits alone would be an index.
                Key::Member(member) if member.starts_with(|next: char| next.is_ascii_digit()) => {
                    quoted(formatter, member)?
                }
                Key::Member(member) => quote(formatter, member)?,
                Key::Index(index) => write!(formatter, "{index}")?,
            }
        }
        Ok(())
    }
}

fn list(formatter: &mut Formatter<'_>, values: &[String]) -> Result {
    formatter.write_str("in.(")?;
    for (place, value) in values.iter().enumerate() {
        formatter.write_str(if place > 0 { "," } else { "" })?;
        quote(formatter, value)?;
    }
    formatter.write_char(')')
}

/// Words that are something else where a name is expected.
fn name(formatter: &mut Formatter<'_>, text: &str) -> Result {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match plain && !text.is_empty() && !matches!(text, "and" | "or" | "not") {
        true => formatter.write_str(text),
        false => quote(formatter, text),
    }
}

fn quote(formatter: &mut Formatter<'_>, text: &str) -> Result {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return formatter.write_str(text);
    }
    quoted(formatter, text)
}

fn quoted(formatter: &mut Formatter<'_>, text: &str) -> Result {
    formatter.write_char('"')?;
    for next in text.chars() {
        formatter.write_str(if matches!(next, '"' | '\\') { "\\" } else { "" })?;
        formatter.write_char(next)?;
    }
    formatter.write_char('"')
}
