//! Attacks by SQL of a plugin that nobody trusts: its own login, its own schema.

use std::collections::BTreeSet;

use serde_json::json;

use super::attack::{Attack, How};
use super::beside::Good;
use super::{Group, Scene, residue};
use crate::kernel::Answer;

/// Both groups of statements have the same neighbours: `ann` attacks, `bob` reads his rows.
pub const CONFIG: &str = "[database]\nmax_connections = 20\nmin_connections = 4\nmax_plugin_connections = 4\n\
    [plugins.test-http.grant]\nhttp = {}\n\
    [plugins.test-sql]\ntrusted = true\ngrant = { http = {}, sql = { modes = [\"own\", \"caller\"] } }\n\
    limits = { deadline = \"1500ms\", sql_rows = 10_000, sql_bytes = \"4MiB\" }\n\
    [plugins.test-neighbour]\ngrant = { http = {}, sql = { modes = [\"own\"] } }\nlimits = { deadline = \"1500ms\", sql_rows = 10_000, sql_bytes = \"4MiB\" }\n";

pub const PREPARE: &str = "create table note (id int primary key, owner text);
    insert into note values (1, 'ann'), (2, 'bob');
    grant select, insert on note to authenticated;
    alter table note enable row level security;
    create policy own on note to authenticated
      using (owner = current_setting('request.jwt.claims')::json->>'sub');
    create table secret (id int); insert into secret values (1);
    create function all_of_it() returns bigint language sql security definer as 'select count(*) from public.secret';
    select lo_from_bytea(4242, 'secret');";

pub const GOOD: &[Good] = &[
    Good { path: "/test/http/echo", bob: false, body: "", says: "echo" },
    Good {
        path: "/test/sql/",
        bob: true,
        body: r#"{"mode": "caller", "end": "one", "statements": [["select id from public.note", []]]}"#,
        says: r#""rows":[["2"]]"#,
    },
    Good {
        path: "/test/sql/",
        bob: false,
        body: r#"{"mode": "own", "end": "one", "statements": [["select current_schema()::text", []]]}"#,
        says: "plugin_test-sql",
    },
];

const DENIED: &str = "42501";

pub const GROUP: Group = Group {
    title: "SQL as a plugin's own login",
    who: "A plugin that is not trusted, with `sql = { modes = [\"own\"] }`; the good requests are another plugin's, as its \
          own login and as a caller under row-level security.",
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
    // Time and memory.
    Attack::refused("a query that sleeps", "select pg_sleep(60)", "sql.timeout"),
    Attack::refused_after(
        "`set statement_timeout = 0`, then sleep",
        &["set statement_timeout = 0", "select pg_sleep(60)"],
        "sql.timeout",
    ),
    Attack::refused(
        "a query that computes for ever",
        "with recursive r (i) as (select 1 union all select 1 from r) select count(*) from r",
        "sql.timeout",
    ),
    Attack::refused("rows without end", "select generate_series(1, 1000000000)", "sql.too-large"),
    Attack::refused("a value over the limit", "select repeat('x', 20000000)", "sql.too-large").alone(),
    Attack::refused_after(
        "`work_mem` of 1 GB and a large sort",
        &[
            "set work_mem = '1GB'",
            "select count(*) from (select distinct repeat(md5(i::text), 9) from generate_series(1, 9000000) i) _",
        ],
        "sql.timeout",
    )
    .alone(),
    Attack::harmless_after(
        "settings for whoever comes next",
        &[
            "set work_mem = '1GB'",
            "set search_path = public",
            "set default_transaction_read_only = on",
            "set client_encoding = 'LATIN1'",
            "set app.secret = 'kept'",
            "select 1::text",
        ],
        "1",
        "the connection is cleaned before its next use",
    ),
    Attack::refused("`alter system`", "alter system set work_mem = '1GB'", DENIED),
    // Becoming somebody else.
    Attack::refused("`alter role self superuser`", "alter role current_user superuser", DENIED),
    Attack::refused("`alter role self createrole`", "alter role current_user createrole", DENIED),
    Attack::refused("`alter role self connection limit`", "alter role current_user connection limit 1000", DENIED),
    Attack::harmless(
        "`alter role self set …`",
        "do $$ begin alter role current_user set work_mem = '1MB'; exception when others then null; end $$",
        "",
        "holds for the plugin's own connections, which could `set` it anyway",
    )
    .then(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() \
           and usename like '%neighbour'; \
         do $$ begin execute 'alter role ' || (select nspowner::regrole from pg_namespace \
           where nspname = 'plugin_test-neighbour') || ' reset all'; end $$",
    ),
    Attack::refused("`set role` to a request role", "set role authenticated", DENIED),
    Attack::refused("`set role` to the admin", "set role postgres", DENIED),
    Attack::refused("`set role` in `do`", "do $$ begin set role service_role; end $$", DENIED),
    Attack::refused_after(
        "`set role` in a function of its own",
        &[
            "create function climb() returns text language plpgsql as \
             $$ begin set local role anon; return current_user; end $$",
            "select climb()",
        ],
        DENIED,
    ),
    Attack::refused_after(
        "a function with `set role` in its head",
        &["create function climb() returns text language sql set role = 'postgres' as 'select 1'", "select climb()"],
        DENIED,
    ),
    Attack::refused("`set session authorization`", "set session authorization postgres", DENIED),
    Attack::harmless_after(
        "`reset role`",
        &["reset role", "select current_user = session_user"],
        "t",
        "there is nobody else to come back to",
    ),
    Attack::harmless_after(
        "`reset role` in `do`",
        &["do $$ begin reset role; end $$", "select current_user = session_user"],
        "t",
        "the same",
    ),
    Attack::refused("`set_config` of the role", "select set_config('role', 'service_role', false)", DENIED),
    Attack::refused_after(
        "`set_config` of the claims, then a table under row-level security",
        &["select set_config('request.jwt.claims', '{\"sub\":\"ann\"}', false)", "select id::text from public.note"],
        DENIED,
    ),
    Attack::refused_after(
        "forged claims, then a `security definer` function of the schema `public`",
        &["select set_config('request.jwt.claims', '{\"sub\":\"ann\"}', false)", "select public.all_of_it()"],
        DENIED,
    ),
    // Names.
    Attack::harmless_after(
        "`search_path` to other schemas",
        &["set search_path = public, pg_temp", "select to_regclass('secret')::text"],
        "",
        "a schema without a grant is not searched, and the path does not outlive the call",
    ),
    Attack::refused("a temporary table", "create temp table note (id int)", DENIED),
    Attack::refused(
        "a function in `pg_temp`",
        "create function pg_temp.now() returns int language sql as 'select 1'",
        DENIED,
    ),
    Attack::refused("a table in `public`", "create table public.note (id int)", DENIED),
    Attack::refused("a table in the kernel's schema", "create table basalt.mine (id int)", DENIED),
    Attack::refused("the kernel's tables", "select * from basalt.migration", DENIED),
    Attack::refused("a schema of its own beside its own", "create schema another", DENIED),
    // The server's files, programs and network.
    Attack::refused("`copy … program`", "copy (select 1) to program 'true'", DENIED),
    Attack::refused("`copy … from` a file", "copy public.note from '/etc/passwd'", DENIED),
    Attack::refused("`copy … to stdout`", "copy (select 1) to stdout", "0A000"),
    Attack::refused("`pg_read_file`", "select pg_read_file('/etc/passwd')", DENIED),
    Attack::refused("`pg_ls_dir`", "select pg_ls_dir('/')", DENIED),
    Attack::refused("`dblink`", "select dblink_connect('host=localhost')", "42883"),
    Attack::refused("an extension", "create extension dblink", DENIED),
    Attack::refused("a foreign server", "create server s foreign data wrapper postgres_fdw", "42704"),
    Attack::refused("a function in C", "create function c() returns int language c as '/tmp/x', 'y'", DENIED),
    Attack::refused("a library", "load '/tmp/x.so'", DENIED),
    Attack::refused("a database of its own", "create database mine", DENIED),
    Attack::refused("an event trigger", "create event trigger e on ddl_command_end execute function f()", DENIED),
    Attack::refused("a replication slot", "select pg_create_physical_replication_slot('s')", DENIED),
    Attack::refused_after("a prepared transaction", &["select 1", "prepare transaction 'kept'"], "55000"),
    // Large objects and locks.
    Attack::refused("`lo_import`", "select lo_import('/etc/passwd')", DENIED),
    Attack::refused("a large object of somebody else", "select lo_get(4242)", DENIED),
    Attack::refused("the table of large objects", "select count(*) from pg_largeobject", DENIED),
    Attack::harmless(
        "a large object",
        "select (lo_create(0) > 0)::text",
        "true",
        "it is the plugin's alone, as a table of its own would be",
    )
    .then("select lo_unlink(oid) from pg_largeobject_metadata where oid <> 4242"),
    Attack::harmless(
        "an advisory lock kept",
        "select (pg_advisory_lock_shared(7) is null)::text",
        "false",
        "it ends with the call",
    ),
    Attack::harmless(
        "the kernel's own advisory lock",
        "select (pg_try_advisory_lock_shared(107114963790964))::text",
        "true",
        "the kernel locks its own table, which nobody else can",
    ),
    Attack::refused(
        "every lock that the server has",
        // In the list, a series is made one by one, and the statement ends at the first lock that is not there: some 20,000
        // of them, a small part of the deadline. In `from` all of it would be made before the first lock.
        "select count(pg_advisory_lock(i)) from (select generate_series(1, 100000000) i) _",
        "53200",
    )
    .alone(),
    Attack::refused_after(
        "a lock on somebody else's table",
        &["select 1", "lock table public.note in access share mode"],
        DENIED,
    ),
    Attack::refused_after(
        "a lock on the catalogue",
        &["select 1", "lock table pg_class in access exclusive mode"],
        DENIED,
    ),
    // Others' sessions.
    Attack::harmless("a forged notice of DDL", "notify basalt_ddl, 'forged'", "", "costs one look at the catalogue"),
    Attack::harmless(
        "a flood of forged notices",
        "select count(pg_notify('basalt_ddl', i::text))::text from generate_series(1, 5000) i",
        "5000",
        "looks at the catalogue are 100 ms apart, however many notices there are",
    ),
    Attack::harmless_after(
        "notices to itself without end",
        &["listen x", "select count(pg_notify('x', repeat('x', 5000) || i))::text from generate_series(1, 1000) i"],
        "1000",
        "the kernel keeps none of them",
    ),
    Attack::harmless(
        "others' statements in `pg_stat_activity`",
        "select count(*)::text from pg_stat_activity where usename <> current_user and query <> '' \
         and query <> '<insufficient privilege>'",
        "0",
        "Postgres shows none",
    ),
    Attack::refused(
        "ending others' connections",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename <> current_user",
        DENIED,
    ),
    Attack::refused("others' passwords", "select rolpassword from pg_authid", DENIED),
    Attack::harmless(
        "others' values in `pg_stats`",
        "select count(*)::text from pg_stats where schemaname = 'public'",
        "0",
        "Postgres shows none",
    ),
    // The kernel's own protocol.
    Attack::refused("several statements in one text", "select 1; select 2", "42601"),
    Attack::refused_after("a transaction that ends itself and goes on", &["commit", "select 1"], "sql.closed"),
    Attack::refused("`commit` in `do`, then sleep", "do $$ begin commit; perform pg_sleep(60); end $$", "sql.timeout"),
    Attack::harmless_after(
        "cursors and prepared statements kept",
        &[
            "declare c cursor with hold for select generate_series(1, 10)",
            "prepare kept as select 1",
            "deallocate all",
            "select 1::text",
        ],
        "1",
        "the connection is cleaned before its next use",
    ),
    Attack::harmless(
        "a flood of `raise notice`",
        "do $$ begin for i in 1..20000 loop raise notice 'loud'; end loop; end $$",
        "",
        "the kernel keeps none of them",
    ),
    Attack::harmless(
        "a storm of DDL",
        "do $$ begin for i in 1..30 loop execute format('create table storm_%s (id int)', i); \
         execute format('drop table storm_%s', i); end loop; end $$",
        "",
        "the old snapshot serves, and looks at the catalogue are 100 ms apart",
    ),
];

fn ask(scene: &Scene, how: &How) -> Answer {
    match how {
        How::Statement(sql) => scene.kernel.ask("POST", "/test/neighbour/", &[], sql.as_bytes()),
        How::Transaction(statements) => scene.kernel.post("/test/neighbour/transaction", &json!(statements)),
        How::Path(_) => panic!("a login is attacked with by SQL"),
    }
}

/// On as many connections as one login can have.
pub fn settings(scene: &Scene) -> BTreeSet<String> {
    let own = || scene.kernel.ask("POST", "/test/neighbour/", &[], residue::SETTINGS.as_bytes()).text();
    let caller = || super::caller::ask(scene, &How::Statement(residue::SETTINGS)).text();
    std::thread::scope(|scope| {
        let own: Vec<_> = (0..4).map(|_| scope.spawn(own)).collect();
        let caller: Vec<_> = (0..8).map(|_| scope.spawn(caller)).collect();
        own.into_iter().chain(caller).map(|asked| asked.join().expect("answered")).collect()
    })
}
