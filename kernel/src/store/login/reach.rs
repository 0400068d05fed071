//! What a plugin's own login may do outside of its schema: exactly what the operator granted, as grants and policies that
//! Postgres enforces.
//!
//! Brought about at load: what is missing is given, what is too much is taken, in one transaction. It knows no columns,
//! and what somebody else changes afterwards it sees at the next load.

use std::collections::BTreeSet;

use super::right::{Reach, Right, TableName, Verb};
use crate::error::{Error, Result, code};
use crate::store::migrate::LOCK;
use crate::store::session::{Cap, Failure, Session, Step};
use crate::store::wire::Address;
use crate::store::{Parameter, rows::Values};

/// Whose rights, and which.
pub(super) struct Wanted<'a> {
    pub(super) plugin: &'a str,
    pub(super) login: &'a str,
    pub(super) reach: &'a Reach,
}

/// What has to change: what is too much, and what is missing.
#[derive(Debug, Default)]
pub(super) struct Change {
    take: BTreeSet<Right>,
    give: BTreeSet<Right>,
}

/// Whoever asks may have a search path of a plugin's, in which its own operators would answer.
const PLAIN_NAMES: &str = "select pg_catalog.set_config('search_path', 'pg_catalog', false)";

/// Each row is a fact: its kind, a schema, a name in it, and a word more.
const FACTS: &str = "with me as (select oid from pg_roles where rolname = $1),
wanted as (
  select c.oid, n.nspname, c.relname, c.relkind in ('r', 'p') and c.relrowsecurity as is_secured, w->>2 as inserts
  from json_array_elements($2::json) w
  join pg_namespace n on n.nspname = w->>0
  join pg_class c on c.relnamespace = n.oid and c.relname = w->>1 and c.relkind in ('r', 'p', 'v', 'm', 'f')
)
select 'found', nspname, relname, is_secured::text from wanted
union all
select 'serial', n.nspname, s.relname, ''
  from wanted
  join pg_depend d on d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
    and d.refobjid = wanted.oid and d.deptype = 'a'
  join pg_class s on s.oid = d.objid and s.relkind = 'S'
  join pg_namespace n on n.oid = s.relnamespace
  where inserts = 'true'
union all
select 'schema', nspname, '', lower(a.privilege_type)
  from pg_namespace, me, aclexplode(nspacl) a where a.grantee = me.oid and nspowner <> me.oid
union all
select case relkind when 'S' then 'sequence' else 'table' end, nspname, relname, lower(a.privilege_type)
  from pg_class c join pg_namespace n on n.oid = relnamespace, me, aclexplode(relacl) a
  where a.grantee = me.oid and relowner <> me.oid
union all
select 'policy', nspname, relname, polname
  from pg_policy join pg_class c on c.oid = polrelid join pg_namespace n on n.oid = relnamespace, me
  where me.oid = any (polroles) and starts_with(polname::text, 'basalt_') and relowner <> me.oid";

/// How long a change waits for somebody who works with a table: shorter than anybody waits for a start.
const PATIENCE: &str = "set local lock_timeout = '10s'";

/// Looks, as whoever the session is, what would have to change.
///
/// # Errors
/// `plugin.refused` when a table does not exist.
pub(super) async fn look(session: &mut Session, wanted: &Wanted<'_>) -> Result<Change> {
    let tables = wanted.reach.iter().map(|(table, verbs)| {
        let inserts = verbs.contains(&Verb::Insert).to_string();
        [table.schema.clone(), table.name.clone(), inserts]
    });
    let tables = serde_json::to_string(&tables.collect::<Vec<_>>()).map_err(Error::internal)?;
    let parameters = [wanted.login.to_owned(), tables].map(Parameter::Text);
    let steps =
        [Step { role: "", sql: PLAIN_NAMES, parameters: &[] }, Step { role: "", sql: FACTS, parameters: &parameters }];
    let answer = session.run(&steps, 1, Cap::NONE).await.map_err(Failure::into_error)?;
    let facts: Vec<_> = answer.rows.iter().map(|row| Fact::read(row)).collect();
    change(&facts, wanted)
}

/// Brings it about, as the admin.
///
/// # Errors
/// `plugin.refused` when a table does not exist, `store.privilege` when the admin may not, with the SQL for whoever may.
pub(super) async fn reach(admin: &Address, wanted: &Wanted<'_>) -> Result<()> {
    let mut session = Session::open(admin).await?;
    // Whatever goes wrong: the end of the session is the end of its transaction.
    let reached = reach_in(&mut session, wanted, admin).await;
    session.close().await;
    reached
}

async fn reach_in(session: &mut Session, wanted: &Wanted<'_>, admin: &Address) -> Result<()> {
    // Two kernels that start together would change the same row of the catalogue, which one of them cannot.
    session.execute(&format!("begin; {PATIENCE}; {LOCK}")).await?;
    let change = look(session, wanted).await?;
    if change.is_empty() {
        return Ok(());
    }
    session.execute(&change.sql(wanted.login)).await.map_err(|fault| denied(fault, &change, wanted, admin))?;
    // Without the right to grant, Postgres only warns.
    let left = look(session, wanted).await?;
    if !left.is_empty() {
        return Err(refused(&left, wanted, admin));
    }
    session.execute("commit").await.map(drop)
}

impl Change {
    pub(super) fn is_empty(&self) -> bool {
        self.take.is_empty() && self.give.is_empty()
    }

    fn sql(&self, login: &str) -> String {
        let take = self.take.iter().map(|right| right.take(login));
        take.chain(self.give.iter().map(|right| right.give(login))).collect::<Vec<_>>().join("; ")
    }
}

/// One row of [`FACTS`].
struct Fact {
    kind: String,
    name: TableName,
    word: String,
}

impl Fact {
    fn read(row: &[u8]) -> Self {
        let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&row[range]).into_owned();
        let mut texts = Values::new(row).map(|value| value.map(text).unwrap_or_default());
        let mut next = || texts.next().unwrap_or_default();
        Self { kind: next(), name: TableName { schema: next(), name: next() }, word: next() }
    }

    /// What the login holds by this fact, if it is one of those.
    fn right(&self) -> Option<Right> {
        let (name, privilege) = (self.name.clone(), self.word.clone());
        match self.kind.as_str() {
            "schema" => Some(Right::Schema { name: name.schema, privilege }),
            "sequence" => Some(Right::Sequence { name, privilege }),
            "table" => Some(Right::Table { name, privilege }),
            "policy" => Some(Right::Policy { table: name, name: privilege, verb: None }),
            _ => None,
        }
    }
}

fn change(facts: &[Fact], wanted: &Wanted<'_>) -> Result<Change> {
    let mut should = BTreeSet::new();
    for (table, verbs) in wanted.reach.iter().filter(|(_, verbs)| !verbs.is_empty()) {
        let found = facts.iter().find(|fact| fact.kind == "found" && fact.name == *table);
        let is_secured = found.ok_or_else(|| unknown(wanted.plugin, table))?.word == "true";
        should.insert(Right::Schema { name: table.schema.clone(), privilege: "usage".to_owned() });
        should.extend(verbs.iter().map(|verb| Right::Table { name: table.clone(), privilege: verb.name().to_owned() }));
        if is_secured {
            should.extend(verbs.iter().map(|verb| Right::policy(wanted.plugin, table, *verb)));
        }
    }
    // A column's default may take its number from a sequence, with the rights of who inserts.
    let serial = facts.iter().filter(|fact| fact.kind == "serial");
    should.extend(serial.map(|fact| Right::Sequence { name: fact.name.clone(), privilege: "usage".to_owned() }));
    let is = facts.iter().filter_map(Fact::right).collect::<Vec<_>>();
    let take = is.iter().filter(|right| !should.iter().any(|other| same(right, other))).cloned().collect();
    let give = should.iter().filter(|right| !is.iter().any(|other| same(right, other))).cloned().collect();
    Ok(Change { take, give })
}

/// A policy is known by its name: what it is for is in it.
fn same(one: &Right, other: &Right) -> bool {
    match (one, other) {
        (Right::Policy { table, name, .. }, Right::Policy { table: other_table, name: other_name, .. }) => {
            table == other_table && name == other_name
        }
        _ => one == other,
    }
}

fn unknown(plugin: &str, table: &TableName) -> Error {
    let message = format!("the plugin {plugin} was granted the table {table}, which does not exist");
    Error::new(&code::PLUGIN_REFUSED, message).hint(
        "make the table, then load the plugin again: a restart does; or take it out of what the plugin is granted",
    )
}

fn denied(fault: Error, change: &Change, wanted: &Wanted<'_>, admin: &Address) -> Error {
    match &*fault.code {
        "42501" => refused(change, wanted, admin).source(fault),
        "55P03" => {
            let message = format!("a table that {} is granted is locked by somebody: {}", wanted.plugin, fault.message);
            Error { message, ..fault }.hint("try again when they are done")
        }
        _ => fault,
    }
}

fn refused(change: &Change, wanted: &Wanted<'_>, admin: &Address) -> Error {
    let message = format!(
        "the admin login {:?} may not change what the plugin {} may do with tables that are not its own",
        admin.user(),
        wanted.plugin
    );
    Error::new(&code::STORE_PRIVILEGE, message)
        .hint(format!("as the owner of these tables: {};", change.sql(wanted.login)))
}
