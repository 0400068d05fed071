//! Jobs that a plugin wants run by the clock: declared schedules, for features to come.
//!
//! Only the shape of an expression is looked at; when it is next due is nobody's question yet.

use serde::Deserialize;

use super::text::is_name;

/// A job of a plugin, `[[cron]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// What the plugin is told that it should do.
    pub name: String,
    /// Five fields, in UTC: minute, hour, day of the month, month, day of the week.
    pub schedule: String,
}

/// A field of an expression: the least and the greatest number, and the names that stand for numbers.
struct Field {
    least: u32,
    greatest: u32,
    names: &'static [&'static str],
}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: [Field; 5] = [
    Field { least: 0, greatest: 59, names: &[] },
    Field { least: 0, greatest: 23, names: &[] },
    Field { least: 1, greatest: 31, names: &[] },
    Field { least: 1, greatest: 12, names: MONTHS },
    // Sunday is 0 and 7.
    Field { least: 0, greatest: 7, names: DAYS },
];

impl Job {
    pub(super) fn fault(&self) -> Option<String> {
        if !is_name(&self.name) {
            return Some(format!("{:?} is no name of a job", self.name));
        }
        let message =
            || format!("cron {:?}: {:?} is no schedule of five fields like \"0 3 * * 1\"", self.name, self.schedule);
        (!is_schedule(&self.schedule)).then(message)
    }
}

fn is_schedule(text: &str) -> bool {
    let fields: Vec<_> = text.split_ascii_whitespace().collect();
    fields.len() == FIELDS.len() && fields.iter().zip(&FIELDS).all(|(text, field)| field.accepts(text))
}

impl Field {
    /// A list of ranges with steps: `1,10-20/5`, `*/15`.
    fn accepts(&self, text: &str) -> bool {
        text.split(',').all(|part| match part.split_once('/') {
            Some((range, step)) => self.is_range(range) && (1..=self.greatest).contains(&number(step).unwrap_or(0)),
            None => self.is_range(part),
        })
    }

    fn is_range(&self, text: &str) -> bool {
        match text.split_once('-') {
            _ if text == "*" => true,
            Some((from, to)) => self.value(from).zip(self.value(to)).is_some_and(|(from, to)| from <= to),
            None => self.value(text).is_some(),
        }
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = named.and_then(|at| u32::try_from(at).ok()?.checked_add(self.least)).or_else(|| number(text))?;
        (self.least..=self.greatest).contains(&value).then_some(value)
    }
}

/// Digits alone: `+1` would be taken for a number otherwise.
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_fields_within_their_ranges_are_a_schedule() {
        for text in ["* * * * *", "*/15 0-6,22 1 JAN-mar mon-fri", "59 23 31 12 7", "0 0 1-31/2 * sun"] {
            assert!(is_schedule(text), "{text}");
        }
        for text in ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8"]
            .into_iter()
            .chain(["*/0 * * * *", "5-1 * * * *", "a * * * *", "1,,2 * * * *", "+1 * * * *", "@daily", "- * * * *"])
        {
            assert!(!is_schedule(text), "{text}");
        }
    }
}
