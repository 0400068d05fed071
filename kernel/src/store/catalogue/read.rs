//! Reads a snapshot: five queries, however many tables there are. It keeps nothing.

use serde_json::{Value, json};

use super::Catalogue;
use super::relation::{Draft, Drafts};
use crate::error::Result;
use crate::store::rows::Values;
use crate::store::session::{Answer, Session};
use crate::telemetry;

const SCHEMAS: &str = concat!("select n.nspname from pg_namespace n where ", hidden!(), " order by 1");

/// `pg_relation_is_updatable` is costly, and only for views in doubt: bits 8, 4 and 16 are insert, update and delete.
const RELATIONS: &str = concat!(
    "select c.oid, n.nspname, c.relname, c.relkind, obj_description(c.oid, 'pg_class'), \
     case c.relkind when 'r' then 28 when 'p' then 28 when 'm' then 0 else pg_relation_is_updatable(c.oid, true) end, ",
    stamp!(),
    " from pg_class c join pg_namespace n on n.oid = c.relnamespace \
     where c.relkind in ('r', 'v', 'm', 'f', 'p') and ",
    hidden!()
);

const COLUMNS: &str = concat!(
    "with recursive base (oid, root, typmod) as ( \
       select oid, oid, -1 from pg_type where typtype <> 'd' \
       union all select t.oid, b.root, t.typtypmod from pg_type t join base b on b.oid = t.typbasetype where t.typtype = 'd') \
     select a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), \
       format_type(b.root, case when b.root = a.atttypid then a.atttypmod else b.typmod end), \
       not (a.attnotnull or t.typnotnull), a.atthasdef or a.attidentity <> '' or t.typdefault is not null, \
       case when a.attidentity <> '' then 'identity' when a.attgenerated <> '' then 'stored' end, \
       case c.relkind when 'r' then a.attgenerated = '' and a.attidentity <> 'a' \
         when 'p' then a.attgenerated = '' and a.attidentity <> 'a' when 'm' then false \
         else pg_column_is_updatable(c.oid, a.attnum, true) end, \
       d.description, e.labels \
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace \
     join pg_type t on t.oid = a.atttypid join base b on b.oid = a.atttypid \
     left join pg_description d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = a.attnum \
     left join (select enumtypid, json_agg(enumlabel order by enumsortorder)::text as labels from pg_enum group by 1) e \
       on e.enumtypid = b.root \
     where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v', 'm', 'f', 'p') and ",
    hidden!(),
    " order by a.attrelid, a.attnum"
);

/// A partition's keys are its parent's again (`conparentid`); they would double every relationship.
const CONSTRAINTS: &str = concat!(
    "select k.conname, k.contype, k.conrelid, k.confrelid, \
       (select json_agg(a.attname order by o.ord) from unnest(k.conkey) with ordinality o (num, ord) \
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = o.num)::text, \
       (select json_agg(a.attname order by o.ord) from unnest(k.confkey) with ordinality o (num, ord) \
        join pg_attribute a on a.attrelid = k.confrelid and a.attnum = o.num)::text \
     from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace \
     where k.contype in ('p', 'u', 'f') and (k.contype <> 'f' or k.conparentid = 0) and ",
    hidden!(),
    " order by k.conrelid, k.conname"
);

const TYPES: &str = "select oid, typname from pg_type where oid >= 16384";

/// A view that somebody is changing cannot be asked whether it is updatable; others must not wait for that long.
/// Plans are made anew: those for a handful of tables are slow ones for thousands.
const BEGIN: &str = "begin isolation level repeatable read read only; set local lock_timeout = '1s'; discard plans";

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
    for row in &ask(session, SCHEMAS).await?.rows {
        catalogue.schemas.entry(text(row, 0)).or_default();
    }
    let mut drafts = Drafts::default();
    each(&ask(session, RELATIONS).await?, |row| drafts.add(number(row, 0), relation(row)));
    each(&ask(session, COLUMNS).await?, |row| drafts.column(number(row, 0), column(row)));
    each(&ask(session, CONSTRAINTS).await?, |row| constraint(&mut drafts, row));
    each(&ask(session, TYPES).await?, |row| drop(catalogue.types.insert(number(row, 0), text(row, 1))));
    for (schema, name, relation) in drafts.finish() {
        catalogue.schemas.entry(schema).or_default().insert(name, relation);
    }
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
    Draft::new((text(row, 1), text(row, 2)), kind, optional(row, 4), number(row, 5), stamp)
}

fn column(row: &[u8]) -> Value {
    json!({
        "name": text(row, 1),
        "type": text(row, 2),
        "base_type": text(row, 3),
        "nullable": is_true(row, 4),
        "has_default": is_true(row, 5),
        "generated": optional(row, 6),
        "updatable": is_true(row, 7),
        "comment": optional(row, 8),
        "enum": optional(row, 9).map_or(json!([]), |labels| names(&labels)),
    })
}

fn constraint(drafts: &mut Drafts, row: &[u8]) {
    let (name, of, target) = (text(row, 0), number(row, 2), number(row, 3));
    let columns = names(&text(row, 4));
    match text(row, 1).as_str() {
        "p" => drafts.primary_key(of, columns),
        "u" => drafts.unique(of, columns),
        _ => drafts.foreign_key(&name, of, target, columns, names(&text(row, 5))),
    }
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

fn names(array: &str) -> Value {
    serde_json::from_str(array).unwrap_or_default()
}
