//! What this instance has met of the catalogue, parsed once for each version of it. It deliberately holds little: an instance's
//! memory is small, and a description costs little to parse again.

use super::Catalogue;
use super::relationship::{self, Relationship};
use crate::refusal::Failure;
use sdk_plugin::schema::{self, Function, Relation, Schema};
use std::cell::RefCell;
use std::rc::Rc;

/// Enough for the busy tables of most applications, at a few kilobytes each.
const LARGEST: usize = 64;

/// Named things, the oldest of which make room for new ones.
struct Shelf<T> {
    things: Vec<(String, String, T)>,
    /// Where the next one goes when it is full: the oldest, not the least used, to keep a hit free of writes.
    oldest: usize,
}

struct Cache {
    version: u64,
    relations: Shelf<Rc<Relation>>,
    functions: Shelf<Rc<Vec<Function>>>,
    schemas: Shelf<Rc<Schema>>,
    relationships: Shelf<Rc<Vec<Relationship>>>,
}

impl<T> Shelf<T> {
    const fn new() -> Self {
        Self { things: Vec::new(), oldest: 0 }
    }
}

impl<T: Clone> Shelf<T> {
    fn find(&self, schema: &str, name: &str) -> Option<T> {
        let is_it = |thing: &&(String, String, T)| thing.1 == name && thing.0 == schema;
        self.things.iter().find(is_it).map(|(_, _, thing)| thing.clone())
    }

    fn keep(&mut self, schema: &str, name: &str, thing: &T) {
        let entry = (schema.to_owned(), name.to_owned(), thing.clone());
        if self.things.len() < LARGEST {
            return self.things.push(entry);
        }
        self.things[self.oldest] = entry;
        self.oldest = (self.oldest + 1) % LARGEST;
    }
}

impl Cache {
    const fn new(version: u64) -> Self {
        Self {
            version,
            relations: Shelf::new(),
            functions: Shelf::new(),
            schemas: Shelf::new(),
            relationships: Shelf::new(),
        }
    }
}

thread_local! {
    static CACHE: RefCell<Cache> = const { RefCell::new(Cache::new(0)) };
}

/// The host's catalogue, for one request.
pub(crate) struct Host;

impl Host {
    /// As it is now; what was kept of an older version is forgotten.
    pub(crate) fn open() -> Self {
        let version = schema::version();
        CACHE.with_borrow_mut(|cache| {
            if cache.version != version {
                *cache = Cache::new(version);
            }
        });
        Self
    }

    /// Whether the relation changed since it was described: then a failed request is worth another attempt.
    pub(crate) fn is_newer(old: &Relation) -> Result<bool, Failure> {
        Ok(schema::relation_now(&old.schema, &old.name)?.is_none_or(|relation| relation != *old))
    }
}

impl Catalogue for Host {
    fn relation(&self, schema: &str, name: &str) -> Result<Option<Rc<Relation>>, Failure> {
        if let Some(relation) = CACHE.with_borrow(|cache| cache.relations.find(schema, name)) {
            return Ok(Some(relation));
        }
        let Some(relation) = schema::relation(schema, name)?.filter(|relation| !relation.partition) else {
            return Ok(None);
        };
        let relation = Rc::new(relation);
        CACHE.with_borrow_mut(|cache| cache.relations.keep(schema, name, &relation));
        Ok(Some(relation))
    }

    fn relations(&self, schema: &str) -> Result<Vec<String>, Failure> {
        Ok(schema::relations(schema)?)
    }

    fn functions(&self, schema: &str, name: &str) -> Result<Rc<Vec<Function>>, Failure> {
        if let Some(functions) = CACHE.with_borrow(|cache| cache.functions.find(schema, name)) {
            return Ok(functions);
        }
        let functions = Rc::new(schema::functions(schema, name)?);
        if !functions.is_empty() {
            CACHE.with_borrow_mut(|cache| cache.functions.keep(schema, name, &functions));
        }
        Ok(functions)
    }

    fn schema(&self, name: &str) -> Result<Rc<Schema>, Failure> {
        if let Some(schema) = CACHE.with_borrow(|cache| cache.schemas.find("", name)) {
            return Ok(schema);
        }
        let schema = Rc::new(schema::describe(name)?.unwrap_or_default());
        CACHE.with_borrow_mut(|cache| cache.schemas.keep("", name, &schema));
        Ok(schema)
    }

    fn relationships(&self, of: &Relation, schema: &str, exposed: &[String]) -> Result<Rc<Vec<Relationship>>, Failure> {
        let name = format!("{}\0{}", of.name, schema);
        if let Some(found) = CACHE.with_borrow(|cache| cache.relationships.find(&of.schema, &name)) {
            return Ok(found);
        }
        let found = Rc::new(relationship::all(self, of, schema, exposed)?);
        CACHE.with_borrow_mut(|cache| cache.relationships.keep(&of.schema, &name, &found));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shelf_stays_small_and_forgets_the_oldest() {
        let mut shelf = Shelf::new();
        for number in 0..LARGEST * 3 {
            shelf.keep("public", &number.to_string(), &number);
        }
        assert_eq!(shelf.things.len(), LARGEST);
        assert_eq!(shelf.find("public", "191"), Some(191));
        assert_eq!(shelf.find("public", "1"), None);
        assert_eq!(shelf.find("private", "191"), None);
    }
}
