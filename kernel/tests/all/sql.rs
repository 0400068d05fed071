//! `sql`: every type without loss, transactions that keep or undo, caps, deadlines, and logins that cannot be escaped.

use serde_json::{Value, json};

use crate::kernel::{Answer, Kernel};

const CONFIG: &str = "[plugins.test-sql]\ntrusted = true\n\
    grant = { http = {}, sql = { modes = [\"own\", \"caller\"] } }\n";

fn kernel(more: &str) -> Kernel {
    Kernel::start(&["sql"], &format!("{CONFIG}{more}"))
}

fn order(mode: &str, end: &str, statements: &[(&str, &[Option<&str>])]) -> Value {
    json!({ "mode": mode, "end": end, "statements": statements })
}

fn run(kernel: &Kernel, order: &Value) -> Answer {
    kernel.post("/test/sql/", order)
}

/// The first value that one statement returns.
fn value(kernel: &Kernel, mode: &str, text: &str, parameters: &[Option<&str>]) -> Value {
    run(kernel, &order(mode, "one", &[(text, parameters)])).ok()[0]["rows"][0][0].clone()
}

#[test]
fn every_type_comes_back_as_it_went() {
    let kernel = kernel("");
    run(
        &kernel,
        &order(
            "own",
            "one",
            &[
                ("create type mood as enum ('sad', 'glad')", &[]),
                ("create domain year as int check (value > 1900)", &[]),
                ("create type point3 as (x int, y numeric, z text)", &[]),
            ],
        ),
    )
    .ok();
    for (kind, text) in [
        ("bool", "t"),
        ("int2", "-32768"),
        ("int8", "9223372036854775807"),
        ("numeric", "12345678901234567890.123456789012345678901"),
        ("numeric", "NaN"),
        ("float8", "1e-307"),
        ("float8", "Infinity"),
        ("float4", "3.4028235e+38"),
        ("text", "a'b\"c\\d\u{1F600}"),
        ("varchar(3)", "abc"),
        ("bytea", "\\x00ff10"),
        ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("date", "infinity"),
        ("timestamptz", "2026-01-31 12:00:00.123456+00"),
        ("interval", "1 year 2 mons 3 days 04:05:06.789"),
        ("time", "23:59:59.999999"),
        ("json", "{\"b\": 1,  \"a\":null}"),
        ("jsonb", "null"),
        ("int4[]", "{{1,2},{3,NULL}}"),
        ("text[]", "{\"a,b\",NULL,\"NULL\"}"),
        ("int8range", "[1,10)"),
        ("nummultirange", "{[1,2),[3,4)}"),
        ("inet", "192.168.0.1/24"),
        ("macaddr", "08:00:2b:01:02:03"),
        ("tsvector", "'a':1 'b':2"),
        ("point", "(1,2)"),
        ("xml", "<a/>"),
        ("money", "$1.00"),
        ("bit(3)", "101"),
        ("oid", "42"),
        ("mood", "glad"),
        ("year", "2026"),
        ("point3", "(1,2.50,\"a b\")"),
        ("mood[]", "{sad,glad}"),
    ] {
        let got = value(&kernel, "own", &format!("select $1::{kind}"), &[Some(text)]);
        assert_eq!(got, text, "{kind}");
        assert_eq!(value(&kernel, "own", &format!("select $1::{kind}"), &[None]), Value::Null, "{kind}");
    }
    assert_eq!(value(&kernel, "own", "select 'null'::jsonb", &[]), "null", "a JSON null is no NULL");
}

#[test]
fn parameters_take_the_type_that_the_statement_gives_them() {
    let kernel = kernel("");
    let made = order("own", "one", &[("create table t (id int primary key, at timestamptz, tags text[])", &[])]);
    run(&kernel, &made).ok();
    let insert = order(
        "own",
        "one",
        &[("insert into t values ($1, $2, $3) returning *", &[Some("7"), Some("2026-01-01Z"), Some("{a,b}")])],
    );
    let result = run(&kernel, &insert).ok();
    assert_eq!(result[0]["rows"], json!([["7", "2026-01-01 00:00:00+00", "{a,b}"]]));
    assert_eq!(result[0]["columns"], json!([["id", "int4"], ["at", "timestamptz"], ["tags", "_text"]]));
    assert_eq!(result[0]["backwards"], json!(["{a,b}", "2026-01-01 00:00:00+00", "7"]));
    assert_eq!(result[0]["affected"], 1);
    let bad = run(&kernel, &order("own", "one", &[("insert into t values ($1)", &[Some("seven")])]));
    bad.refuses(400, "22P02");
}

#[test]
fn bytes_go_through_without_entering_the_guest() {
    let kernel = kernel("");
    let text = "x".repeat(100_000);
    let answer = run(&kernel, &order("own", "body", &[("select $1::text || '!'", &[Some(&text)])]));
    assert_eq!(answer.text(), format!("{text}!"));
    let bytea: &[(&str, &[Option<&str>])] = &[("select length($1::bytea)", &[Some("\\x00")])];
    assert_eq!(run(&kernel, &order("own", "body", bytea)).text(), "1", "the text form of one byte");
    assert_eq!(run(&kernel, &order("own", "raw", bytea)).text(), "4", "four bytes as they are");
}

#[test]
fn a_transaction_keeps_all_or_nothing() {
    let kernel = kernel("");
    run(&kernel, &order("own", "one", &[("create table t (id int primary key)", &[])])).ok();
    let insert = |end| order("own", end, &[("insert into t values (1)", &[]), ("insert into t values (2)", &[])]);
    for (end, rows) in [("rollback", "0"), ("leave", "0"), ("commit", "2")] {
        run(&kernel, &insert(end)).ok();
        assert_eq!(value(&kernel, "own", "select count(*) from t", &[]), rows, "{end}");
    }
    let failed =
        run(&kernel, &order("own", "commit", &[("insert into t values (3)", &[]), ("insert into t values (3)", &[])]));
    failed.refuses(409, "25P02");
    assert_eq!(value(&kernel, "own", "select count(*) from t", &[]), "2");
}

#[test]
fn a_read_only_call_cannot_write() {
    let kernel = kernel("");
    let mut order = order("own", "one", &[("create table t (id int)", &[])]);
    order["read_only"] = true.into();
    run(&kernel, &order).refuses(403, "25006");
}

#[test]
fn an_error_says_what_postgres_said() {
    let kernel = kernel("");
    run(
        &kernel,
        &order("own", "one", &[("create table t (id int primary key)", &[]), ("insert into t values (1)", &[])]),
    )
    .ok();
    let answer = run(&kernel, &order("own", "one", &[("insert into t values (1)", &[])]));
    answer.refuses(409, "23505");
    let details = &answer.json()["details"];
    assert_eq!((&details["table"], &details["constraint"]), (&json!("t"), &json!("t_pkey")));
    assert!(details["detail"].as_str().expect("a detail").contains("(id)=(1)"));
    run(&kernel, &order("own", "one", &[("select 1; select 2", &[])])).refuses(400, "42601");
    run(&kernel, &order("own", "one", &[("select $1::text", &[Some("\0")])])).refuses(400, "22021");
}

#[test]
fn a_result_over_the_limit_is_refused_and_the_connection_goes_on() {
    let kernel = kernel("limits = { sql_rows = 10, sql_bytes = \"1KiB\" }");
    run(&kernel, &order("own", "one", &[("select generate_series(1, 11)", &[])])).refuses(413, "sql.too-large");
    run(&kernel, &order("own", "one", &[("select repeat('x', 2000)", &[])])).refuses(413, "sql.too-large");
    assert_eq!(value(&kernel, "own", "select count(*) from generate_series(1, 11)", &[]), "11");
}

#[test]
fn an_error_or_a_notice_can_be_of_any_length() {
    let kernel = kernel("");
    let raise = |level: &str| format!("do $$ begin raise {level} '%', repeat('x', 3000000); end $$");
    run(&kernel, &order("own", "one", &[(&raise("exception"), &[])])).refuses(413, "sql.too-large");
    run(&kernel, &order("own", "one", &[(&raise("notice"), &[])])).ok();
    let long = run(&kernel, &order("own", "one", &[(&raise("exception").replace("3000000", "30000"), &[])]));
    assert!(long.status == 400 && long.body.len() < 20_000, "a long message is cut: {} bytes", long.body.len());
    assert_eq!(value(&kernel, "own", "select 1", &[]), "1");
}

#[test]
fn a_plugin_cannot_hold_more_results_than_its_limit() {
    let kernel = kernel("limits = { host_memory = \"1MiB\" }");
    let big: &[(&str, &[Option<&str>])] = &[("select repeat('x', 2000000)", &[])];
    run(&kernel, &order("own", "one", big)).refuses(413, "sql.too-large");
    assert_eq!(value(&kernel, "own", "select 1", &[]), "1");
}

#[test]
fn a_statement_ends_at_the_deadline_whatever_the_plugin_set() {
    let kernel = kernel("limits = { deadline = \"500ms\" }");
    let sleep = order("own", "leave", &[("set statement_timeout = 0", &[]), ("select pg_sleep(60)", &[])]);
    let answer = run(&kernel, &sleep);
    assert!([504, 200].contains(&answer.status), "{}", answer.text());
    assert!(answer.text().contains("sql.timeout") || answer.text().contains("plugin.timeout"), "{}", answer.text());
    let running = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()";
    crate::kernel::wait_until("the statement ended on the server", || kernel.sql(running).lines().nth(1) == Some("0"));
    assert_eq!(value(&kernel, "own", "select 1", &[]), "1");
}

#[test]
fn a_caller_is_the_role_and_the_claims_of_the_token() {
    let kernel = kernel("");
    kernel.sql(
        "create table note (id int primary key, owner text); insert into note values (1, 'ann'), (2, 'bob');
         grant select on note to authenticated; alter table note enable row level security;
         create policy own on note to authenticated using (owner = current_setting('request.jwt.claims')::json->>'sub')",
    );
    let select = order("caller", "one", &[("select current_user, id from public.note", &[])]);
    let bearer = kernel.bearer("authenticated", "bob");
    let body = select.to_string();
    let answer = kernel.ask("POST", "/test/sql/", &[("authorization", &bearer)], body.as_bytes()).ok();
    assert_eq!(answer[0]["rows"], json!([["authenticated", "2"]]));
    run(&kernel, &select).refuses(403, "42501");
    let nobody = kernel.bearer("no_such_role", "x");
    kernel
        .ask("POST", "/test/sql/", &[("authorization", &nobody)], body.as_bytes())
        .refuses(403, "auth.role-not-allowed");
    let superuser = kernel.bearer("postgres", "x");
    kernel
        .ask("POST", "/test/sql/", &[("authorization", &superuser)], body.as_bytes())
        .refuses(403, "auth.role-not-allowed");
}

#[test]
fn nothing_of_one_caller_is_left_for_the_next() {
    let kernel = kernel("");
    let bearer = kernel.bearer("authenticated", "ann");
    // Nobody has this unless an operator gives it; then it must not matter.
    kernel.sql("do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$");
    // Each is a plain statement, whose text does not say that it leaves something.
    for residue in [
        "select set_config('app.secret', 'ann', false), set_config('statement_timeout', '1', false)",
        "select pg_advisory_lock(42)",
        "select 'ann' as name into temp table mine",
    ] {
        let leave = order("caller", "one", &[(residue, &[])]).to_string();
        kernel.ask("POST", "/test/sql/", &[("authorization", &bearer)], leave.as_bytes()).ok();
    }
    for _ in 0..20 {
        assert_ne!(value(&kernel, "caller", "select current_setting('app.secret', true)", &[]), "ann");
        assert_eq!(value(&kernel, "caller", "select current_setting('statement_timeout')", &[]), "0");
        assert_eq!(value(&kernel, "caller", "select to_regclass('mine')::text", &[]), Value::Null);
        let locks = "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()";
        assert_eq!(value(&kernel, "caller", locks, &[]), "0");
        assert_eq!(value(&kernel, "caller", "select current_user::text", &[]), "anon");
        let claims = value(&kernel, "caller", "select current_setting('request.jwt.claims', true)", &[]);
        assert!(!claims.to_string().contains("ann"), "{claims}");
    }
}

#[test]
fn a_statement_that_ends_the_transaction_does_not_escape_the_role() {
    let kernel = kernel("");
    for escape in ["commit", "rollback", "commit and chain", "abort"] {
        let attempt = order("caller", "leave", &[("select 1", &[]), (escape, &[]), ("select current_user::text", &[])]);
        let text = run(&kernel, &attempt).text();
        assert!(!text.contains("authenticator"), "{escape}: {text}");
    }
}

#[test]
fn two_plugins_cannot_see_each_others_schema() {
    let config = format!("{CONFIG}[plugins.test-neighbour.grant]\nhttp = {{}}\nsql = {{ modes = [\"own\"] }}\n");
    let kernel = Kernel::start(&["sql", "neighbour"], &config);
    run(
        &kernel,
        &order("own", "one", &[("create table secret (id int)", &[]), ("insert into secret values (42)", &[])]),
    )
    .ok();
    let schema = value(&kernel, "own", "select current_schema()::text", &[]);
    let schema = schema.as_str().expect("a schema");
    let ask = |sql: &str| kernel.ask("POST", "/test/neighbour/", &[], sql.as_bytes());
    assert_ne!(ask("select current_schema()::text").ok()[0][0], schema);
    ask("select * from secret").refuses(404, "42P01");
    for attempt in [
        format!("select * from \"{schema}\".secret"),
        format!("create table \"{schema}\".mine (id int)"),
        format!("grant all on schema \"{schema}\" to current_user"),
        format!("set role \"{schema}\""),
    ] {
        let answer = ask(&attempt);
        assert!(answer.status >= 400, "{attempt}: {}", answer.text());
        assert!(!answer.text().contains("42,"), "{attempt}");
    }
}

#[test]
fn an_own_login_has_no_privilege_beyond_its_schema() {
    let kernel = kernel("");
    kernel.sql("create table public.private (id int); insert into public.private values (1)");
    for (attempt, codes) in [
        ("select * from public.private", ["42501", "42501"]),
        ("set role postgres", ["42501", "42501"]),
        ("set role anon", ["42501", "42501"]),
        ("create role mine", ["42501", "42501"]),
        ("create table public.mine (id int)", ["42501", "42501"]),
        ("copy (select 1) to program 'true'", ["42501", "42501"]),
        ("select pg_read_file('/etc/passwd')", ["42501", "42501"]),
        ("alter system set work_mem = '1GB'", ["42501", "25001"]),
        ("create extension dblink", ["42501", "42501"]),
    ] {
        let answer = run(&kernel, &order("own", "one", &[(attempt, &[])]));
        let body = answer.json();
        let code = body["code"].as_str().unwrap_or("none");
        assert!(codes.contains(&code), "{attempt}: {}", answer.text());
    }
}

/// An order with what its transactions start with.
fn with(mode: &str, end: &str, settings: &Value, before: &Value, statements: &[&str]) -> Value {
    let statements: Vec<_> = statements.iter().map(|text| json!([text, []])).collect();
    json!({ "mode": mode, "end": end, "settings": settings, "before": before, "statements": statements })
}

#[test]
fn a_transaction_starts_with_its_own_settings_and_statements() {
    let kernel = kernel("");
    kernel.sql("create schema shop; create table shop.visit (n int); grant usage on schema shop to anon; grant all on shop.visit to anon");
    let settings = json!([["search_path", "shop"], ["app.tenant", "seven"], ["timezone", "Asia/Tokyo"]]);
    let look = "select current_setting('app.tenant'), current_setting('timezone'), (select count(*) from visit)";
    for (mode, end) in [("caller", "one"), ("caller", "commit")] {
        let order = with(mode, end, &settings, &json!(["insert into visit values (1)"]), &[look]);
        let rows = run(&kernel, &order).ok()[0]["rows"][0].clone();
        assert_eq!((&rows[0], &rows[1]), (&json!("seven"), &json!("Asia/Tokyo")), "{end}");
        assert_ne!(rows[2], "0", "what went before is seen");
    }
    let after = value(&kernel, "caller", "select coalesce(current_setting('app.tenant', true), '')", &[]);
    assert_eq!(after, "", "the next transaction knows nothing of it");
}

#[test]
fn who_asks_is_no_setting_and_a_failure_before_ends_it_all() {
    let kernel = kernel("");
    for name in ["role", "request.jwt.claims", "session_authorization", "transaction_read_only", "BASALT.x"] {
        let order = with("caller", "one", &json!([[name, "postgres"]]), &json!([]), &["select 1"]);
        assert_eq!(run(&kernel, &order).json()["code"], "42501", "{name}");
    }
    let order = with("caller", "one", &json!([["timezone", "No/Where"]]), &json!([]), &["select 1"]);
    assert_eq!(run(&kernel, &order).json()["code"], "22023");
    kernel.sql("create table kept (n int); grant all on kept to anon");
    let order = with("caller", "one", &json!([]), &json!(["select 1 / 0"]), &["insert into kept values (1)"]);
    assert_eq!(run(&kernel, &order).json()["code"], "22012");
    // After a commit the statement would run as the login itself.
    let order = with("caller", "one", &json!([]), &json!(["commit"]), &["select current_user"]);
    assert_eq!(run(&kernel, &order).json()["code"], "42501");
    assert_eq!(kernel.sql("select count(*) from kept").trim(), "count\n0");
}

#[test]
fn the_content_of_a_bytea_comes_as_bytes() {
    let kernel = kernel("");
    let order = json!({ "mode": "own", "end": "raw", "statements": [["select '\\x68690a'::bytea", []]] });
    assert_eq!(run(&kernel, &order).text(), "hi\n");
}
