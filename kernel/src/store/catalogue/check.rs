//! Whether relations are still as a snapshot shows them: one question with an index for many of them. It reads no relation.

use std::collections::HashMap;

use serde_json::json;

use super::Catalogue;
use crate::error::Result;
use crate::store::Parameter;
use crate::store::rows::Values;
use crate::store::session::Session;
use crate::telemetry;

const STAMPS: &str = concat!(
    "select w.number, ",
    stamp!(),
    " from rows from (json_to_recordset($1::json) as (schema text, name text)) with ordinality as w (schema, name, number) \
     join pg_namespace n on n.nspname = w.schema join pg_class c on c.relnamespace = n.oid and c.relname = w.name \
     where c.relkind in ('r', 'v', 'm', 'f', 'p') and ",
    hidden!()
);

/// Which relation, by whatever somebody who asks calls it.
#[derive(Debug)]
pub(super) struct Name {
    schema: String,
    name: String,
}

impl Name {
    /// `None` for what Postgres could not call a relation: nobody has to ask it for that.
    pub(super) fn new(schema: &str, name: &str) -> Option<Self> {
        let is_possible = |text: &str| (1..64).contains(&text.len()) && !text.contains('\0');
        (is_possible(schema) && is_possible(name)).then(|| Self { schema: schema.to_owned(), name: name.to_owned() })
    }
}

/// Of each name whether the snapshot is out of date: it came, went or changed since.
pub(super) async fn changed(session: &mut Session, snapshot: &Catalogue, names: &[&Name]) -> Result<Vec<bool>> {
    telemetry::catalogue_work("check");
    let list: Vec<_> = names.iter().map(|of| json!({ "schema": of.schema, "name": of.name })).collect();
    let rows = session.ask(STAMPS, &[Parameter::Text(json!(list).to_string())]).await?.rows;
    let now: HashMap<_, _> = rows.iter().filter_map(|row| numbers(row)).collect();
    let is_changed = |(number, of): (i64, &&Name)| {
        let known = snapshot.relation(&of.schema, &of.name).map(|relation| relation.stamp);
        known != now.get(&number).copied()
    };
    Ok((1..).zip(names).map(is_changed).collect())
}

/// The place in the question and the stamp.
fn numbers(row: &[u8]) -> Option<(i64, i64)> {
    let mut values = Values::new(row).flatten().filter_map(|range| std::str::from_utf8(&row[range]).ok()?.parse().ok());
    Some((values.next()?, values.next()?))
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn what_no_relation_can_be_called_is_not_asked_for() {
        let long = "x".repeat(64);
        for name in ["", "a\0b", long.as_str()] {
            assert!(Name::new("public", name).is_none() && Name::new(name, "todo").is_none(), "{name:?}");
        }
        assert!(Name::new("public", "\"; drop table todo; --").is_some());
    }
}
