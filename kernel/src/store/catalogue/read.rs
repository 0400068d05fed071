//! Reads a snapshot: seven queries, however many tables there are. It keeps nothing.

use serde_json::{Value, json};

use super::draft::{Constraint, Draft, Drafts};
use super::{Catalogue, Schema, query, tree};
use crate::error::Result;
use crate::store::rows::Values;
use crate::store::session::{Answer, Session};
use crate::telemetry;

/// A view that somebody is changing cannot be asked whether it is updatable; others must not wait for that long.
/// Plans are made anew: those for a handful of tables are slow ones for thousands. Without a search path every name comes
/// with its schema.
const BEGIN: &str = "begin isolation level repeatable read read only; set local lock_timeout = '1s'; \
                     set local search_path = ''; discard plans";

/// Reads a snapshot of this version, all of one moment.
pub(crate) async fn read(session: &mut Session, version: u64) -> Result<Catalogue> {
    telemetry::catalogue_work("reading");
    session.execute(BEGIN).await?;
    let outcome = read_all(session, version).await;
    // Read-only: there is nothing to keep, and after an error nothing that could be committed.
    session.execute("rollback").await?;
    outcome
}

async fn read_all(session: &mut Session, version: u64) -> Result<Catalogue> {
    let mut catalogue = Catalogue { version, ..Catalogue::default() };
    for row in &ask(session, query::SCHEMAS).await?.rows {
        catalogue.schemas.insert(text(row, 0), Schema::new(&text(row, 0), optional(row, 1)));
    }
    let mut drafts = Drafts::default();
    each(&ask(session, query::RELATIONS).await?, |row| drafts.add(number(row, 0), relation(row)));
    each(&ask(session, query::COLUMNS).await?, |row| drafts.column(number(row, 0), number(row, 1), column(row)));
    each(&ask(session, query::CONSTRAINTS).await?, |row| drafts.constraint(constraint(row)));
    each(&ask(session, query::VIEWS).await?, |row| drafts.view(number(row, 0), tree::targets(&text(row, 1))));
    each(&ask(session, query::FUNCTIONS).await?, |row| function(&mut catalogue, &mut drafts, row));
    each(&ask(session, query::TYPES).await?, |row| drop(catalogue.types.insert(number(row, 0), text(row, 1))));
    for (schema, name, relation) in drafts.finish() {
        catalogue.schemas.entry(schema).or_default().relations.insert(name, relation);
    }
    catalogue.schemas.values_mut().for_each(Schema::finish);
    Ok(catalogue)
}

/// Counted: that a reading takes as many queries for two thousand tables as for two is what keeps it fast.
async fn ask(session: &mut Session, sql: &str) -> Result<Answer> {
    telemetry::catalogue_work("query");
    session.ask(sql, &[]).await
}

fn relation(row: &[u8]) -> Draft {
    let kind = match text(row, 3).as_str() {
        "v" => "view",
        "m" => "materialized-view",
        "f" => "foreign-table",
        "p" => "partitioned-table",
        _ => "table",
    };
    let stamp = text(row, 6).parse().unwrap_or(0);
    Draft::new((text(row, 1), text(row, 2)), kind, optional(row, 4), number(row, 5), is_true(row, 7), stamp)
}

fn column(row: &[u8]) -> Value {
    json!({
        "name": text(row, 2),
        "type": text(row, 3),
        "base_type": text(row, 4),
        "nullable": is_true(row, 5),
        "has_default": is_true(row, 6),
        "default": optional(row, 7),
        "generated": optional(row, 8),
        "updatable": is_true(row, 9),
        "comment": optional(row, 10),
        "enum": optional(row, 11).map_or(json!([]), |labels| parse(&labels)),
        "casts": optional(row, 12).map_or(json!({}), |casts| parse(&casts)),
    })
}

fn constraint(row: &[u8]) -> Constraint {
    let names = |column| serde_json::from_str(&text(row, column)).unwrap_or_default();
    let (columns, target_columns) = (names(4), names(5));
    Constraint {
        name: text(row, 0),
        kind: text(row, 1),
        of: number(row, 2),
        target: number(row, 3),
        columns,
        target_columns,
    }
}

/// The functions of one name, and what the relations and the schema have to know of them.
fn function(catalogue: &mut Catalogue, drafts: &mut Drafts, row: &[u8]) {
    let schema = catalogue.schemas.entry(text(row, 0)).or_default();
    let stamp = text(row, 3).parse().unwrap_or(0);
    schema.functions.insert(text(row, 1), super::Function { json: text(row, 2), stamp });
    for computed in list(row, 4) {
        drafts.computed(&computed);
    }
    schema.media.extend(list(row, 5));
}

fn list(row: &[u8], column: usize) -> Vec<Value> {
    optional(row, column).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn each(answer: &Answer, mut take: impl FnMut(&[u8])) {
    answer.rows.iter().for_each(|row| take(row));
}

fn optional(row: &[u8], column: usize) -> Option<String> {
    let range = Values::new(row).nth(column)??;
    Some(String::from_utf8_lossy(&row[range]).into_owned())
}

fn text(row: &[u8], column: usize) -> String {
    optional(row, column).unwrap_or_default()
}

fn number(row: &[u8], column: usize) -> u32 {
    text(row, column).parse().unwrap_or(0)
}

fn is_true(row: &[u8], column: usize) -> bool {
    text(row, column) == "t"
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}
