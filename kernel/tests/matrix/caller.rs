//! Attacks by SQL as the caller. The plugin is trusted to act as any signed-in user; what it must not do is to reach others'
//! requests, or to leave anything behind for them.

use serde_json::json;

use super::attack::{Attack, How};
use super::own::{CONFIG, GOOD, PREPARE, settings};
use super::{Group, Scene};
use crate::kernel::Answer;

const DENIED: &str = "42501";

pub const GROUP: Group = Group {
    title: "SQL as the caller",
    who: "A trusted plugin with `sql = { modes = [\"caller\"] }`, in requests of `ann`; the good requests are `bob`'s, \
          through the same plugin and the same connections, and others'.",
    plugins: &["http", "sql", "neighbour"],
    variants: &[],
    config: CONFIG,
    prepare: PREPARE,
    attacks: ATTACKS,
    ask,
    good: GOOD,
    settings,
};

const ATTACKS: &[Attack] = &[
    Attack::refused("a query that sleeps", "select pg_sleep(60)", "sql.timeout"),
    Attack::refused_after(
        "`set statement_timeout = 0`, then sleep",
        &["set statement_timeout = 0", "select pg_sleep(60)"],
        "sql.timeout",
    ),
    Attack::refused("a value over the limit", "select repeat('x', 20000000)", "sql.too-large").alone(),
    Attack::harmless(
        "settings for the next caller, by function",
        "select set_config('app.secret', 'kept', false) || set_config('search_path', 'pg_temp', false) \
         || set_config('bytea_output', 'escape', false) || set_config('statement_timeout', '1', false)",
        "keptpg_tempescape1ms",
        "every use of a connection starts from its defaults",
    ),
    Attack::harmless_after(
        "settings for the next caller, by `set`",
        &["set app.secret = 'kept'", "set search_path = pg_temp", "set session role anon", "select 1::text"],
        "1",
        "the connection is cleaned before its next use",
    ),
    Attack::harmless(
        "forged claims for the next caller",
        "select set_config('request.jwt.claims', '{\"sub\":\"eve\"}', false)",
        "{\"sub\":\"eve\"}",
        "every use of a connection sets its own caller's",
    ),
    Attack::harmless(
        "a role for the next caller",
        "select set_config('role', 'service_role', false)",
        "service_role",
        "every use of a connection sets its own caller's; that a statement can change its own is why this takes trust",
    ),
    Attack::harmless_after(
        "`reset role`",
        &["reset role", "select (current_user = session_user)::text"],
        "true",
        "the login behind the callers owns and reads nothing; that it can be reached is why this takes trust",
    ),
    Attack::refused_after("`reset role`, then a table", &["reset role", "select id::text from public.note"], DENIED),
    Attack::refused_after(
        "`reset role`, then become more",
        &["reset role", "alter role current_user superuser"],
        DENIED,
    ),
    Attack::refused("`set role` to the admin", "set role postgres", DENIED),
    Attack::refused("`set session authorization`", "set session authorization postgres", DENIED),
    Attack::refused("`alter role`", "alter role authenticated createrole", DENIED),
    Attack::harmless(
        "others' rows",
        "select string_agg(owner, ',') from public.note",
        "ann",
        "row-level security holds",
    ),
    Attack::refused("a table without a grant", "select * from public.secret", DENIED),
    Attack::refused("a temporary table, by `create`", "create temp table note (id int)", DENIED),
    Attack::refused("a temporary table, by `select into`", "select 1 as id into temp note", DENIED),
    Attack::harmless(
        "an advisory lock kept",
        "select (pg_advisory_lock_shared(7) is null)::text",
        "false",
        "it is released when the connection is used again",
    ),
    Attack::harmless_after(
        "cursors and prepared statements kept",
        &[
            "declare c cursor with hold for select generate_series(1, 10)",
            "deallocate all",
            "prepare kept as select 1",
            "select 1::text",
        ],
        "1",
        "the connection is cleaned before its next use",
    ),
    Attack::refused("several statements in one text", "select 1; select 2", "42601"),
    Attack::refused_after("a transaction that ends itself and goes on", &["commit", "select 1"], "sql.closed"),
    Attack::harmless_after(
        "a transaction that chains another",
        &["commit and chain", "select current_user::text"],
        "authenticated",
        "the next transaction gets role and claims too",
    ),
    Attack::harmless_after(
        "a transaction that chains another, with functions of other names",
        &["set search_path = public, pg_catalog", "commit and chain", "select current_user::text"],
        "authenticated",
        "the kernel names its functions with their schema",
    ),
    Attack::refused("`commit` in `do`", "do $$ begin commit; end $$", "2D000"),
    Attack::refused("`copy … program`", "copy (select 1) to program 'true'", DENIED),
    Attack::refused("`copy … to stdout`", "copy (select 1) to stdout", "0A000"),
    Attack::refused("`pg_read_file`", "select pg_read_file('/etc/passwd')", DENIED),
    Attack::refused("a large object of somebody else", "select lo_get(4242)", DENIED),
    Attack::harmless(
        "others' statements in `pg_stat_activity`",
        "select count(*)::text from pg_stat_activity where usename <> current_user and query <> '' \
         and query <> '<insufficient privilege>'",
        "0",
        "Postgres shows none",
    ),
    Attack::refused(
        "ending others' connections",
        "select pg_terminate_backend(pid) from pg_stat_activity \
         where usename <> current_user",
        DENIED,
    ),
    Attack::harmless("a forged notice of DDL", "notify basalt_ddl, 'forged'", "", "costs one look at the catalogue"),
];

pub fn ask(scene: &Scene, how: &How) -> Answer {
    let (end, statements) = match how {
        How::Statement(sql) => ("one", vec![*sql]),
        How::Transaction(statements) => ("strict", statements.to_vec()),
        How::Path(_) => panic!("a caller is attacked with by SQL"),
    };
    let statements: Vec<_> = statements.into_iter().map(|sql| (sql, [(); 0])).collect();
    let order = json!({ "mode": "caller", "end": end, "statements": statements });
    scene.kernel.ask("POST", "/test/sql/", &[("authorization", &scene.ann)], order.to_string().as_bytes())
}
