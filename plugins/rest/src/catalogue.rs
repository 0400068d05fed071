//! The relations that this instance has met, parsed once for each version of the catalogue. It deliberately holds few: an
//! instance's memory is small, and a description costs little to parse again.

use crate::refusal::{Failure, Refusal};
use sdk_plugin::schema::{self, Relation};
use std::cell::RefCell;
use std::rc::Rc;

/// Enough for the busy tables of most applications, at a few kilobytes each.
const LARGEST: usize = 64;

#[derive(Default)]
struct Cache {
    version: u64,
    relations: Vec<Rc<Relation>>,
    /// Where the next one goes when the cache is full: the oldest, not the least used, to keep a hit free of writes.
    oldest: usize,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// The relation of that name, as of now.
pub(crate) fn relation(schema: &str, name: &str) -> Result<Rc<Relation>, Failure> {
    let version = schema::version();
    if let Some(relation) = CACHE.with_borrow_mut(|cache| cache.find(version, schema, name)) {
        return Ok(relation);
    }
    let Some(relation) = schema::relation(schema, name)? else { return Err(unknown(schema, name)?.into()) };
    let relation = Rc::new(relation);
    CACHE.with_borrow_mut(|cache| cache.keep(Rc::clone(&relation)));
    Ok(relation)
}

/// The relation as it is now, if it is not as `old` says; a refusal when it is gone. The cache forgets the old one by
/// itself, as its version has passed.
pub(crate) fn newer(old: &Relation) -> Result<Option<Relation>, Failure> {
    match schema::relation_now(&old.schema, &old.name)? {
        Some(relation) => Ok((relation != *old).then_some(relation)),
        None => Err(unknown(&old.schema, &old.name)?.into()),
    }
}

impl Cache {
    fn find(&mut self, version: u64, schema: &str, name: &str) -> Option<Rc<Relation>> {
        if self.version != version {
            *self = Self { version, ..Self::default() };
        }
        self.relations.iter().find(|relation| relation.name == name && relation.schema == schema).cloned()
    }

    fn keep(&mut self, relation: Rc<Relation>) {
        if self.relations.len() < LARGEST {
            return self.relations.push(relation);
        }
        self.relations[self.oldest] = relation;
        self.oldest = (self.oldest + 1) % LARGEST;
    }
}

fn unknown(schema: &str, name: &str) -> Result<Refusal, Failure> {
    let refusal = Refusal::unknown_relation(schema, name);
    let relations = schema::relations(schema)?;
    Ok(match nearest(name, &relations) {
        Some(nearest) => refusal.hint(format!("Perhaps you meant the table '{schema}.{nearest}'")),
        None => refusal,
    })
}

/// How many names are compared at most, so that a mistyped name costs little in a schema of thousands.
const COMPARED: usize = 500;

/// The name most like `name`, when three quarters of its letters agree. Anything less would be guessing, and would tell
/// strangers the names of tables.
fn nearest<'a>(name: &str, names: &'a [String]) -> Option<&'a str> {
    // Postgres cuts names at 63 bytes: a longer one is no slip of the finger.
    if name.len() > 63 {
        return None;
    }
    let scored = names.iter().take(COMPARED).filter_map(|other| Some((similar(name, other)?, other.as_str())));
    scored.min_by_key(|(distance, other)| (*distance, *other)).map(|(_, other)| other)
}

/// How many edits apart two names are, if few enough.
fn similar(left: &str, right: &str) -> Option<usize> {
    let (left, right) = (left.to_lowercase(), right.to_lowercase());
    let (left, right): (Vec<_>, Vec<_>) = (left.chars().collect(), right.chars().collect());
    let allowed = left.len().max(right.len()) / 4;
    if left.len().abs_diff(right.len()) > allowed {
        return None;
    }
    Some(distance(&left, &right)).filter(|distance| *distance <= allowed)
}

/// Levenshtein's distance.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (above, from) in left.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (place, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[place + 1];
            row[place + 1] = replaced.min(diagonal + 1).min(row[place] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_what_is_nearly_the_same() {
        let names = ["orders", "order_items", "projects"].map(str::to_owned);
        let table = [
            ("order", Some("orders")),
            ("orderss", Some("orders")),
            ("projectz", Some("projects")),
            ("Projects", Some("projects")),
            ("order_itmes", Some("order_items")),
            ("projxxxx", None),
            ("faketable", None),
            ("", None),
        ];
        for (name, expected) in table {
            assert_eq!(nearest(name, &names), expected, "{name}");
        }
        assert_eq!(nearest(&"x".repeat(10_000), &names), None);
    }

    #[test]
    fn forgets_everything_when_the_catalogue_changes() {
        let mut cache = Cache::default();
        let mut relation = Relation::default();
        (relation.schema, relation.name) = ("public".to_owned(), "orders".to_owned());
        assert!(cache.find(1, "public", "orders").is_none());
        cache.keep(Rc::new(relation));
        assert!(cache.find(1, "public", "orders").is_some());
        assert!(cache.find(1, "private", "orders").is_none());
        assert!(cache.find(2, "public", "orders").is_none());
    }

    #[test]
    fn stays_small() {
        let mut cache = Cache::default();
        for number in 0..LARGEST * 3 {
            let mut relation = Relation::default();
            relation.name = number.to_string();
            cache.keep(Rc::new(relation));
        }
        assert_eq!(cache.relations.len(), LARGEST);
    }
}
