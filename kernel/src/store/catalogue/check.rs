//! Whether relations and functions are still as a snapshot shows them: one question with an index for many of them. It
//! reads neither.

use std::collections::HashMap;

use serde_json::json;

use super::Catalogue;
use crate::error::Result;
use crate::store::Parameter;
use crate::store::rows::Values;
use crate::store::session::Session;
use crate::telemetry;

const STAMPS: &str = concat!(
    "with wanted as (select * from rows from (json_to_recordset($1::json) as (schema text, name text, function bool)) \
       with ordinality as w (schema, name, function, number)) \
     select w.number, ",
    stamp!(),
    " from wanted w \
     join pg_namespace n on n.nspname = w.schema join pg_class c on c.relnamespace = n.oid and c.relname = w.name \
     where not w.function and c.relkind in ('r', 'v', 'm', 'f', 'p') and ",
    hidden!(),
    " union all select w.number, ",
    function_stamp!("p.oid", "p.xmin"),
    " from wanted w join pg_namespace n on n.nspname = w.schema join pg_proc p on p.pronamespace = n.oid and p.proname = w.name \
     where w.function and ",
    callable!(),
    " and ",
    hidden!(),
    " group by w.number"
);

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Relation,
    Function,
}

/// Which relation or function, by whatever somebody who asks calls it.
#[derive(Debug)]
pub(super) struct Name {
    what: What,
    schema: String,
    name: String,
}

impl Name {
    /// `None` for what Postgres could not call either: nobody has to ask it for that.
    pub(super) fn new(what: What, schema: &str, name: &str) -> Option<Self> {
        let is_possible = |text: &str| (1..64).contains(&text.len()) && !text.contains('\0');
        (is_possible(schema) && is_possible(name)).then(|| Self {
            what,
            schema: schema.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// Of each name whether the snapshot is out of date: it came, went or changed since.
pub(super) async fn changed(session: &mut Session, snapshot: &Catalogue, names: &[&Name]) -> Result<Vec<bool>> {
    telemetry::catalogue_work("check");
    let list: Vec<_> = names
        .iter()
        .map(|of| json!({ "schema": of.schema, "name": of.name, "function": of.what == What::Function }))
        .collect();
    let rows = session.ask(STAMPS, &[Parameter::Text(json!(list).to_string())]).await?.rows;
    let now: HashMap<_, _> = rows.iter().filter_map(|row| numbers(row)).collect();
    let is_changed = |(number, of): (i64, &&Name)| {
        let known = match of.what {
            What::Relation => snapshot.relation(&of.schema, &of.name).map(|relation| relation.stamp),
            What::Function => snapshot.function(&of.schema, &of.name).map(|function| function.stamp),
        };
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
    use super::{Name, What};

    #[test]
    fn what_no_relation_can_be_called_is_not_asked_for() {
        let long = "x".repeat(64);
        for name in ["", "a\0b", long.as_str()] {
            assert!(Name::new(What::Relation, "public", name).is_none(), "{name:?}");
            assert!(Name::new(What::Function, name, "todo").is_none(), "{name:?}");
        }
        assert!(Name::new(What::Relation, "public", "\"; drop table todo; --").is_some());
    }
}
