//! Refusals about relationships: there is none, or more than one. It deliberately lists what there is only where the client
//! has named both sides.

use super::Refusal;
use crate::catalogue::relationship::{Cardinality, Key, Kind, Relationship};
use serde_json::{Value, json};

/// There is none.
pub(crate) fn none(origin: &str, target: &str, hint: Option<&str>, schema: &str) -> Refusal {
    let message = format!("Could not find a relationship between '{origin}' and '{target}' in the schema cache");
    let hint = hint.map(|hint| format!("' using the hint '{hint}")).unwrap_or_default();
    Refusal::new(400, "PGRST200", message).details(format!(
        "Searched for a foreign key relationship between '{origin}' and '{target}{hint}' in the schema '{schema}', \
         but no matches were found."
    ))
}

/// There are several.
pub(crate) fn ambiguous(origin: &str, target: &str, found: &[&Relationship]) -> Refusal {
    let keys = || found.iter().filter_map(|relationship| key(relationship));
    let names: Vec<_> = keys().map(|(foreign, key)| format!("'{foreign}!{}'", name(key))).collect();
    let details: Vec<_> = keys().map(|(foreign, key)| detail(origin, foreign, key)).collect();
    let message = format!("Could not embed because more than one relationship was found for '{origin}' and '{target}'");
    let mut refusal = Refusal::new(300, "PGRST201", message).hint(format!(
        "Try changing '{target}' to one of the following: {}. Find the desired relationship in the 'details' key.",
        names.join(", ")
    ));
    refusal.details = Some(Value::Array(details));
    refusal
}

fn key(relationship: &Relationship) -> Option<(&str, &Key)> {
    match &relationship.kind {
        Kind::Key(key) => Some((&relationship.foreign.1, key)),
        Kind::Function(_) => None,
    }
}

fn name(key: &Key) -> &str {
    key.junction.as_ref().map_or(&key.constraint, |junction| &junction.relation.1)
}

fn detail(origin: &str, foreign: &str, key: &Key) -> Value {
    let cardinality = match key.cardinality {
        Cardinality::OneToMany => "one-to-many",
        Cardinality::ManyToOne => "many-to-one",
        Cardinality::OneToOne => "one-to-one",
        Cardinality::ManyToMany => "many-to-many",
    };
    json!({
        "cardinality": cardinality,
        "relationship": words(origin, foreign, key),
        "embedding": format!("{origin} with {foreign}"),
    })
}

fn words(origin: &str, foreign: &str, key: &Key) -> String {
    let here: Vec<_> = key.columns.iter().map(|(here, _)| here.as_str()).collect();
    let there: Vec<_> = key.columns.iter().map(|(_, there)| there.as_str()).collect();
    match &key.junction {
        Some(junction) => {
            let target: Vec<_> = junction.columns.iter().map(|(_, in_junction)| in_junction.as_str()).collect();
            let (constraint, other) = (&key.constraint, &junction.constraint);
            format!(
                "{} using {constraint}({}) and {other}({})",
                junction.relation.1,
                there.join(", "),
                target.join(", ")
            )
        }
        None => {
            format!("{} using {origin}({}) and {foreign}({})", key.constraint, here.join(", "), there.join(", "))
        }
    }
}
