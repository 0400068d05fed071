//! What the database has, as far as plans need it. It deliberately hides where descriptions come from: the plan is pure, and
//! tests have a catalogue of their own.

mod cache;
pub(crate) mod relationship;

use crate::refusal::Failure;
use relationship::Relationship;
use sdk_plugin::schema::{Function, Relation, Schema};
use std::rc::Rc;

pub(crate) use cache::Host;

/// Descriptions by name.
pub(crate) trait Catalogue {
    /// A relation; none when there is none, or when it is a part of another.
    fn relation(&self, schema: &str, name: &str) -> Result<Option<Rc<Relation>>, Failure>;
    /// The names of a schema's relations.
    fn relations(&self, schema: &str) -> Result<Vec<String>, Failure>;
    /// All functions of a name.
    fn functions(&self, schema: &str, name: &str) -> Result<Rc<Vec<Function>>, Failure>;
    /// What is in a schema besides relations.
    fn schema(&self, name: &str) -> Result<Rc<Schema>, Failure>;
    /// The relationships of a relation with those of `schema`, through junctions in exposed schemas.
    fn relationships(&self, of: &Relation, schema: &str, exposed: &[String]) -> Result<Rc<Vec<Relationship>>, Failure> {
        relationship::all(self, of, schema, exposed).map(Rc::new)
    }
}
