//! `schema`: what the snapshot says, within the grant, soon after it changed.

use serde_json::json;

use crate::kernel::{Kernel, Setup, wait_until};

const CONFIG: &str = "[plugins.test-schema.grant]\nhttp = {}\nschema = { schemas = [\"public\"] }\n";

#[test]
fn a_relation_is_described_with_its_keys() {
    let kernel = Kernel::start(&["schema"], CONFIG);
    kernel.sql(
        "create type colour as enum ('red', 'blue'); create domain label as varchar(20);
         create table author (id int generated always as identity primary key, name label not null unique);
         create table book (id uuid primary key default gen_random_uuid(), author int references author, cover colour);
         comment on column book.cover is 'what it looks like';
         create view shelf as select * from book",
    );
    wait_until("the tables are known", || kernel.get("/test/schema/public/shelf").status == 200);
    let book = kernel.get("/test/schema/public/book").ok();
    assert_eq!((&book["schema"], &book["name"], &book["kind"]), (&json!("public"), &json!("book"), &json!("table")));
    assert_eq!(book["primary_key"], json!(["id"]));
    let cover = &book["columns"][2];
    assert_eq!(
        (&cover["name"], &cover["nullable"], &cover["enum"]),
        (&json!("cover"), &json!(true), &json!(["red", "blue"]))
    );
    assert_eq!(cover["comment"], "what it looks like");
    let key = &book["foreign_keys"][0];
    assert_eq!(
        (&key["columns"], &key["target"], &key["target_columns"]),
        (&json!(["author"]), &json!("author"), &json!(["id"]))
    );
    let author = kernel.get("/test/schema/public/author").ok();
    assert_eq!(author["referenced_by"][0]["relation"], "book");
    let name = &author["columns"][1];
    assert_eq!(
        (&name["type"], &name["base_type"], &name["nullable"]),
        (&json!("public.label"), &json!("character varying(20)"), &json!(false))
    );
    assert_eq!(kernel.get("/test/schema/public/shelf").ok()["kind"], "view");
    assert_eq!(kernel.get("/test/schema/public/nothing").status, 404);
}

#[test]
fn a_change_is_seen_and_the_version_grows() {
    let kernel = Kernel::start(&["schema"], CONFIG);
    let version = || kernel.get("/test/schema/public/-").ok()["version"].as_u64().expect("a number");
    let before = version();
    kernel.sql("create table fresh (id int)");
    wait_until("the new table is known", || kernel.get("/test/schema/public/fresh").status == 200);
    assert!(version() > before);
    kernel.sql("alter table fresh rename column id to number");
    wait_until("the new name is known", || kernel.get("/test/schema/public/fresh").text().contains("\"number\""));
    kernel.sql("drop table fresh");
    wait_until("the table is gone", || kernel.get("/test/schema/public/fresh").status == 404);
}

#[test]
fn a_schema_that_was_not_granted_is_refused() {
    let kernel = Kernel::start(&["schema"], CONFIG);
    kernel.sql("create schema private; create table private.t (id int)");
    kernel.get("/test/schema/private/t").refuses(500, "schema.not-granted");
    kernel.get("/test/schema/private/-").refuses(500, "schema.not-granted");
    assert_eq!(kernel.get("/test/schema/public/-").ok()["schemas"], json!(["public"]));
}

/// How often the catalogue was read, and with how many queries.
fn work(kernel: &Kernel) -> (u64, u64) {
    let count = |kind: &str| kernel.metric(&format!("basalt_catalogue_work_total{{kind=\"{kind}\"}}"));
    (count("reading"), count("query"))
}

/// No waiting: each answer is about the moment of its question.
fn changes_are_seen_at_once(kernel: &Kernel) {
    for round in 0..10 {
        kernel.sql(&format!("create table t{round} (id int)"));
        assert_eq!(kernel.get(&format!("/test/schema/public/t{round}")).status, 200);
        kernel.sql(&format!("alter table t{round} rename column id to number"));
        let now = kernel.get(&format!("/test/schema/public/now:t{round}"));
        assert!(now.text().contains("\"number\""), "{}", now.text());
        kernel.sql(&format!("drop table t{round}"));
        assert_eq!(kernel.get(&format!("/test/schema/public/now:t{round}")).status, 404);
    }
}

#[test]
fn what_is_asked_for_is_as_it_is_now() {
    let kernel = Kernel::start(&["schema"], CONFIG);
    changes_are_seen_at_once(&kernel);
    assert_eq!(kernel.metric("basalt_catalogue_work_total{kind=\"fingerprint\"}"), 0, "the trigger tells");
}

#[test]
fn without_superuser_changes_are_seen_too() {
    let kernel = Setup::new(&["schema"], CONFIG).without_superuser().start();
    changes_are_seen_at_once(&kernel);
    assert!(kernel.metric("basalt_catalogue_work_total{kind=\"fingerprint\"}") > 0, "nobody tells: it looks");
    let version = || kernel.get("/test/schema/public/-").ok()["version"].as_u64().expect("a number");
    let before = version();
    kernel.sql("create table unasked (id int)");
    wait_until("the version grows though nobody asks for the table", || version() > before);
    wait_until("it is listed", || kernel.get("/test/schema/public/-").text().contains("unasked"));
}

#[test]
fn two_thousand_tables_take_as_many_queries_as_two() {
    let kernel = Kernel::start(&["schema"], CONFIG);
    // Seven queries a reading; between them it is under way.
    let settled = || {
        let (readings, queries) = work(&kernel);
        queries == 7 * readings
    };
    wait_until("what the start changed is read", settled);
    let before = work(&kernel);
    kernel.sql(
        "do $$ begin for n in 1..2000 loop
           execute format('create table t%s (id bigint primary key, a text, b text not null, c int, d timestamptz)', n);
           if n % 100 = 0 then commit; end if;
         end loop; end $$",
    );
    assert_eq!(kernel.get("/test/schema/public/t2000").status, 200);
    assert_eq!(kernel.get("/test/schema/public/-").ok()["relations"].as_array().map(Vec::len), Some(2000));
    wait_until("as many queries a reading as before", settled);
    let after = work(&kernel);
    assert!(after.0 > before.0 && after.1 < 7 * 40, "{after:?}");
}

#[test]
fn asking_for_what_does_not_exist_makes_nobody_read() {
    let kernel = Kernel::start(&["schema"], CONFIG);
    let (before, _) = work(&kernel);
    let ask_all = |name: &(dyn Fn(usize, usize) -> String + Sync), status| {
        std::thread::scope(|scope| {
            for thread in 0..16 {
                let kernel = &kernel;
                scope.spawn(move || {
                    for round in 0..25 {
                        let path = format!("/test/schema/public/{}", name(thread, round));
                        assert_eq!(kernel.get(&path).status, status, "{path}");
                    }
                });
            }
        });
    };
    ask_all(&|thread, round| format!("nothing{thread}x{round}"), 404);
    assert_eq!(work(&kernel).0, before, "400 unknown names, and no reading");
    kernel.sql("create table fresh (id int)");
    ask_all(&|_, _| "fresh".to_owned(), 200);
    let readings = work(&kernel).0 - before;
    assert!((1..=2).contains(&readings), "one because it was asked for, one because it was told: {readings}");
    for odd in ["%22", "x'", "{}", "null", "%F0%9F%92%A9", &"x".repeat(200)] {
        assert_eq!(kernel.get(&format!("/test/schema/public/{odd}")).status, 404, "{odd}");
    }
    assert_eq!(kernel.get("/test/schema/public/fresh").status, 200);
}

#[test]
fn the_old_snapshot_serves_while_the_new_one_cannot_be_read() {
    let kernel = Kernel::start(&["schema"], CONFIG);
    kernel.sql("create table old (id int); create view locked as select * from old");
    assert_eq!(kernel.get("/test/schema/public/locked").status, 200);
    let hold = "begin; lock table locked in access exclusive mode; select pg_sleep(60)";
    let mut holder = kernel.setup.command().args(["sql", hold]).spawn().expect("started");
    let is_held = "select count(*) from pg_locks where relation = 'locked'::regclass and mode = 'AccessExclusiveLock' and granted";
    wait_until("the view is locked", || kernel.sql(is_held).contains('1'));
    kernel.sql("create table fresh (id int)");
    assert_eq!(kernel.get("/test/schema/public/old").status, 200);
    kernel.wait_for_log("the old snapshot stays");
    assert_eq!(kernel.get("/test/schema/public/old").status, 200);
    kernel.sql("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like '%pg_sleep(60)' and pid <> pg_backend_pid()");
    let _ = holder.wait();
    wait_until("the table is known", || kernel.get("/test/schema/public/fresh").status == 200);
}

#[test]
fn functions_and_what_belongs_to_rows_are_described() {
    let kernel = Kernel::start(&["schema"], CONFIG);
    kernel.sql(
        "create table author (id int primary key, name text); create table book (id int primary key, author int unique references author);
         create view shelf as select id as number, author as by from book;
         create function shout(a author) returns text stable language sql as $$ select upper(a.name) $$;
         create function books(author) returns setof book rows 1 language sql as $$ select * from book $$;
         create function add(a int, b int default 2, variadic c int[] default '{}') returns int immutable set statement_timeout = '5s' language sql as $$ select 1 $$;
         create function add(a text, out x int, out y int) language sql as $$ select 1, 2 $$;
         create domain \"text/html\" as text; create function page() returns \"text/html\" language sql as $$ select '' $$;
         comment on schema public is 'all there is'",
    );
    wait_until("the table is known", || kernel.get("/test/schema/public/fn:page").status == 200);
    let author = kernel.get("/test/schema/public/author").ok();
    let names: Vec<_> =
        author["computed"].as_array().expect("a list").iter().map(|computed| computed["name"].clone()).collect();
    assert!(names.contains(&json!("shout")) && names.contains(&json!("books")), "{names:?}");
    let shelf = kernel.get("/test/schema/public/shelf").ok();
    assert_eq!(shelf["primary_key"], json!(["number"]));
    let key = &shelf["derived_foreign_keys"][0];
    assert_eq!((&key["columns"], &key["target"], &key["unique"]), (&json!(["by"]), &json!("author"), &json!(true)));
    let add = kernel.get("/test/schema/public/fn:add").ok();
    assert_eq!(add[0]["returns"]["kind"], "composite");
    assert_eq!(add[1]["arguments"][1], json!({ "name": "b", "type": "integer", "mode": "in", "optional": true }));
    assert_eq!((&add[1]["arguments"][2]["mode"], &add[1]["volatility"]), (&json!("variadic"), &json!("immutable")));
    assert_eq!(add[1]["settings"], json!([["statement_timeout", "5s"]]));
    let schema = kernel.get("/test/schema/public/+").ok();
    assert_eq!(schema["comment"], "all there is");
    assert_eq!(schema["media"][0]["type"]["name"], "text/html");
    kernel.sql("create function fresh() returns int language sql as $$ select 1 $$");
    assert_eq!(kernel.get("/test/schema/public/fn:fresh").status, 200, "at once");
    assert_eq!(kernel.get("/test/schema/public/fn:never").status, 404);
}
