//! The newcomer's first hour with the product's own plugins: tables over HTTP, under row-level security.

use serde_json::json;

use crate::kernel::{Kernel, Setup, wait_until, without_plugins};

const GRANT: &str = "[plugins.rest]\ntrusted = true\n\
    grant = { http = {}, sql = { modes = [\"caller\"] }, schema = { schemas = [\"*\"] }, log = {}, clock = {}, settings = {} }\n";

/// A kernel with the table of the README.
fn kernel(more: &str) -> Kernel {
    let kernel = Kernel::start(&["rest"], &format!("{GRANT}{more}"));
    kernel.sql(
        "create table todo (id bigint generated always as identity primary key, task text not null, done boolean not null
           default false, owner text not null default current_setting('request.jwt.claims', true)::json->>'sub');
         alter table todo enable row level security;
         grant select, insert, update, delete on todo to authenticated;
         create policy own on todo to authenticated using (owner = current_setting('request.jwt.claims', true)::json->>'sub')",
    );
    wait_until("the table is known", || kernel.get("/rest/v1/todo").status != 404);
    kernel
}

#[test]
fn a_newcomer_reads_and_writes_their_own_rows() {
    if without_plugins() {
        return;
    }
    let kernel = kernel("");
    let (ann, bob) = (kernel.bearer("authenticated", "ann"), kernel.bearer("authenticated", "bob"));
    let refused = kernel.get("/rest/v1/todo");
    assert_eq!(
        (refused.status, refused.json()["code"].as_str()),
        (401, Some("42501")),
        "anonymous callers are refused"
    );
    let headers =
        |bearer| [("authorization", bearer), ("content-type", "application/json"), ("prefer", "return=representation")];
    let body = json!([{ "task": "write" }, { "task": "read" }, { "task": "rest" }]).to_string();
    let made = kernel.ask("POST", "/rest/v1/todo", &headers(&ann), body.as_bytes());
    assert_eq!((made.status, made.json()[2]["owner"].as_str()), (201, Some("ann")), "{}", made.text());
    let list = kernel.ask("GET", "/api/v1/tables/todo?task=like.r*&order=id.desc&select=task", &headers(&ann), b"");
    assert_eq!(list.ok(), json!([{ "task": "rest" }, { "task": "read" }]));
    assert_eq!(kernel.ask("GET", "/rest/v1/todo", &headers(&bob), b"").ok(), json!([]), "row security holds");
    let page =
        kernel.ask("GET", "/rest/v1/todo?limit=2&order=id", &[("authorization", &ann), ("prefer", "count=exact")], b"");
    assert_eq!((page.status, page.header("content-range")), (206, "0-1/3"));
    let head = kernel.ask("HEAD", "/rest/v1/todo", &headers(&ann), b"");
    assert_eq!((head.status, head.header("content-range")), (200, "0-2/*"), "{}", head.header("proxy-status"));
    let done = kernel.ask("PATCH", "/rest/v1/todo?id=eq.1", &headers(&ann), br#"{"done":true}"#).ok();
    assert_eq!(done[0]["done"], true);
    let foreign = kernel.ask("PATCH", "/rest/v1/todo?id=eq.1", &headers(&bob), br#"{"done":false}"#).ok();
    assert_eq!(foreign, json!([]));
    assert_eq!(kernel.ask("DELETE", "/rest/v1/todo?id=eq.1", &[("authorization", &ann)], b"").status, 204);
    let unfiltered = kernel.ask("DELETE", "/rest/v1/todo", &[("authorization", &ann)], b"");
    assert_eq!((unfiltered.status, unfiltered.json()["code"].as_str()), (400, Some("21000")));
}

#[test]
fn errors_have_the_four_members_of_the_dialect() {
    if without_plugins() {
        return;
    }
    let kernel = kernel("");
    let bearer = kernel.bearer("authenticated", "ann");
    for (path, status, code) in [
        ("/rest/v1/todos", 404, "PGRST205"),
        ("/rest/v1/todo?id=is.5", 400, "PGRST100"),
        ("/rest/v1/todo?id=eq.x", 400, "22P02"),
        ("/rest/v1/todo?nothing=eq.1", 400, "42703"),
    ] {
        let answer = kernel.ask("GET", path, &[("authorization", &bearer)], b"");
        let body = answer.json();
        assert_eq!((answer.status, body["code"].as_str()), (status, Some(code)), "{path}: {body}");
        let mut members: Vec<_> = body.as_object().expect("an object").keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["code", "details", "hint", "message"], "{path}");
    }
    let hint = kernel.ask("GET", "/rest/v1/todos", &[("authorization", &bearer)], b"").json();
    assert!(hint["hint"].as_str().is_some_and(|hint| hint.contains("public.todo")), "{hint}");
}

#[test]
fn no_input_reaches_sql_as_sql() {
    if without_plugins() {
        return;
    }
    let kernel = kernel("");
    let bearer = kernel.bearer("authenticated", "ann");
    for attack in [
        "todo?id=eq.1;drop table todo",
        "todo?task=eq.';drop table todo;--",
        "todo?select=id,task;drop table todo",
        "todo?order=id;drop table todo",
        "todo?\"id\"';drop table todo=eq.1",
        "todo?task=in.('a');drop table todo",
        "todo';drop table todo",
        "todo?limit=1;drop table todo",
        "todo?select=id::int);drop table todo",
        "todo?task=eq.%00",
    ] {
        let path = format!("/rest/v1/{}", attack.replace(' ', "%20").replace('"', "%22"));
        let answer = kernel.ask("GET", &path, &[("authorization", &bearer)], b"");
        assert!(answer.status < 500, "{attack}: {}", answer.text());
    }
    assert_eq!(
        kernel.ask("GET", "/rest/v1/todo", &[("authorization", &bearer)], b"").status,
        200,
        "the table is still there"
    );
}

#[test]
fn the_feature_can_be_switched_off() {
    if without_plugins() {
        return;
    }
    let kernel = Kernel::start(&["rest"], &format!("{GRANT}enabled = false"));
    let answer = kernel.get("/rest/v1/todo");
    answer.refuses(404, "http.not-found");
    assert!(answer.json()["hint"].as_str().expect("a hint").contains("[plugins.rest] enabled = true"));
}

#[test]
fn rows_are_written_in_a_schema_that_only_the_role_may_use() {
    if without_plugins() {
        return;
    }
    let kernel = kernel("settings = { schemas = [\"public\", \"shop\"] }");
    kernel.sql(
        "create schema shop; create table shop.item (id int primary key, name text);
         grant usage on schema shop to authenticated; grant select, insert, update on shop.item to authenticated",
    );
    let bearer = kernel.bearer("authenticated", "ann");
    let headers = [
        ("authorization", bearer.as_str()),
        ("accept-profile", "shop"),
        ("content-profile", "shop"),
        ("prefer", "return=representation"),
    ];
    wait_until("the table is known", || kernel.ask("GET", "/rest/v1/item", &headers, b"").status == 200);
    let made = kernel.ask("POST", "/rest/v1/item", &headers, br#"[{"id":1,"name":"a"}]"#);
    assert_eq!((made.status, made.text().as_str()), (201, r#"[{"id":1,"name":"a"}]"#));
    let changed = kernel.ask("PATCH", "/rest/v1/item?id=eq.1", &headers, br#"{"name":"b"}"#);
    assert_eq!(changed.text(), r#"[{"id":1,"name":"b"}]"#);
    kernel.sql("revoke usage on schema shop from authenticated");
    wait_until("nobody may use it", || kernel.ask("GET", "/rest/v1/item", &headers, b"").status == 403);
}

/// An instance that nobody tells of changes, so that every one of them meets a stale snapshot.
fn untold() -> Kernel {
    Setup::new(&["rest"], GRANT).without_superuser().start()
}

#[test]
fn a_table_answers_the_moment_it_was_made() {
    if without_plugins() {
        return;
    }
    for kernel in [Kernel::start(&["rest"], GRANT), untold()] {
        for round in 0..5 {
            kernel.sql(&format!("create table t{round} (id int); grant select, insert on t{round} to anon"));
            assert_eq!(kernel.get(&format!("/rest/v1/t{round}")).ok(), json!([]));
            assert_eq!(kernel.post(&format!("/rest/v1/t{round}"), &json!({ "id": round })).status, 201);
            kernel.sql(&format!("drop table t{round}"));
            let gone = kernel.get(&format!("/rest/v1/t{round}"));
            assert_eq!((gone.status, gone.json()["code"].as_str()), (404, Some("PGRST205")), "{}", gone.text());
        }
    }
}

#[test]
fn a_request_that_meets_a_stale_snapshot_is_planned_again() {
    if without_plugins() {
        return;
    }
    let kernel = untold();
    kernel.sql("create table item (id int primary key, a int); grant select, insert, update on item to anon");
    assert_eq!(kernel.post("/rest/v1/item", &json!({ "id": 1, "a": 1 })).status, 201);
    for (change, path, expected) in [
        ("rename column a to b", "item?select=b&b=eq.1", json!([{ "b": 1 }])),
        ("alter column b type text", "item?select=b&b=neq.word", json!([{ "b": "1" }])),
        ("add column c text default 'new'", "item?select=c&c=eq.new", json!([{ "c": "new" }])),
        ("drop column b", "item?order=c", json!([{ "id": 1, "c": "new" }])),
    ] {
        kernel.sql(&format!("alter table item {change}"));
        assert_eq!(kernel.get(&format!("/rest/v1/{path}")).ok(), expected, "{change}");
    }
}

#[test]
fn a_write_that_is_planned_again_happens_once() {
    if without_plugins() {
        return;
    }
    let kernel = untold();
    kernel.sql("create table entry (n int); grant select, insert, update on entry to anon");
    assert_eq!(kernel.post("/rest/v1/entry", &json!({ "n": 0 })).status, 201);
    for round in 1..=5 {
        kernel.sql(&format!("alter table entry add column c{round} text"));
        let body = json!({ "n": round, (format!("c{round}")): "x" });
        assert_eq!(kernel.post("/rest/v1/entry", &body).status, 201);
    }
    let rows = kernel.get("/rest/v1/entry?select=n&order=n").ok();
    assert_eq!(rows, json!([{ "n": 0 }, { "n": 1 }, { "n": 2 }, { "n": 3 }, { "n": 4 }, { "n": 5 }]));
    let unknown = kernel.post("/rest/v1/entry", &json!({ "n": 6, "nothing": "x" }));
    assert_eq!((unknown.status, unknown.json()["code"].as_str()), (400, Some("PGRST204")), "{}", unknown.text());
}

/// Two tables that belong together, and functions; the settings are the test's.
fn shop(more: &str) -> Kernel {
    let kernel = Kernel::start(&["rest"], &format!("{GRANT}{more}"));
    kernel.sql(
        "create table client (id int primary key, name text not null);
         create table project (id int primary key, name text not null, client_id int references client);
         insert into client values (1, 'ann'), (2, 'bob');
         insert into project values (1, 'roof', 1), (2, 'wall', 1), (3, 'door', null);
         create view job as select id, name as title, client_id from project;
         create function initial(client) returns text stable language sql as $$ select left($1.name, 1) $$;
         create function jobs_of(client int, variadic words text[] default '{}') returns setof project stable language sql as
           $$ select * from project where client_id = $1 order by id $$;
         create function note() returns void language plpgsql as $$ begin
           perform set_config('response.status', '202', true), set_config('response.headers', '[{\"X-Note\": \"done\"}]', true);
         end $$;
         create function who() returns text stable language sql as $$ select current_setting('app.before', true) $$;
         create function before() returns void language sql as $$ select set_config('app.before', current_user, true) $$;
         grant all on client, project, job to anon",
    );
    wait_until("the tables are known", || kernel.get("/rest/v1/job").status == 200);
    kernel
}

#[test]
fn what_belongs_together_is_read_together() {
    if without_plugins() {
        return;
    }
    let kernel = shop("");
    let read = |path: &str| kernel.get(&format!("/rest/v1/{path}")).ok();
    assert_eq!(
        read("client?select=initial,project(name)&project.order=id.desc&order=id"),
        json!([{ "initial": "a", "project": [{ "name": "wall" }, { "name": "roof" }] }, { "initial": "b", "project": [] }])
    );
    assert_eq!(
        read("job?select=title,client!inner(name)&client.name=eq.ann&limit=1&order=id"),
        json!([{ "title": "roof", "client": { "name": "ann" } }])
    );
    assert_eq!(
        read("project?select=name,...client(client:name)&client=is.null"),
        json!([{ "name": "door", "client": null }])
    );
    assert_eq!(kernel.get("/rest/v1/client?select=project(nothing)").json()["code"], "42703");
    assert_eq!(
        kernel.get("/rest/v1/client?select=projects(*)").json()["hint"],
        "Perhaps you meant 'project' instead of 'projects'."
    );
}

#[test]
fn functions_are_called_and_can_say_how_to_answer() {
    if without_plugins() {
        return;
    }
    let kernel = shop("");
    assert_eq!(
        kernel.get("/api/v1/rpc/jobs_of?client=1&words=x&select=name,client(name)&id=gt.1").ok(),
        json!([{ "name": "wall", "client": { "name": "ann" } }])
    );
    assert_eq!(
        kernel.post("/rest/v1/rpc/jobs_of", &json!({ "client": 1, "words": ["x"] })).ok().as_array().map(Vec::len),
        Some(2)
    );
    let note = kernel.post("/rest/v1/rpc/note", &json!({}));
    assert_eq!((note.status, note.header("x-note"), note.text().as_str()), (202, "done", ""));
    let refused = kernel.get("/rest/v1/rpc/jobs_off?client=1");
    assert_eq!(
        (refused.status, refused.json()["hint"].as_str()),
        (404, Some("Perhaps you meant to call the function public.jobs_of"))
    );
    assert_eq!(kernel.get("/rest/v1/rpc/note").status, 202, "reading transactions can set what is answered");
}

#[test]
fn limits_are_said_aloud_and_settings_change_what_is_done() {
    if without_plugins() {
        return;
    }
    let kernel = shop(
        "settings = { default_limit = 2, pre_request = \"before\", transaction_end = \"rollback-allow-override\", server_timing = true, aggregates = true }\n",
    );
    let cut = kernel.get("/rest/v1/project");
    assert_eq!((cut.header("x-basalt-limit"), cut.header("content-range")), ("2", "0-1/*"));
    assert_eq!(kernel.get("/rest/v1/client").header("x-basalt-limit"), "", "nothing was cut");
    assert!(cut.header("server-timing").contains("transaction;dur="), "{}", cut.header("server-timing"));
    assert_eq!(kernel.get("/rest/v1/rpc/who").ok(), "anon", "the function before ran in the same transaction");
    assert_eq!(
        kernel.get("/rest/v1/project?select=n:count(),client_id&order=client_id").ok(),
        json!([{ "n": 2, "client_id": 1 }, { "n": 1, "client_id": null }])
    );
    let body = br#"{"name":"x"}"#;
    let patch = |prefer| {
        kernel.ask(
            "PATCH",
            "/rest/v1/project?id=gt.1",
            &[("content-type", "application/json"), ("prefer", prefer)],
            body,
        )
    };
    let written = || kernel.sql("select count(*) from project where name = 'x'").trim().to_owned();
    assert_eq!(patch("count=exact").header("x-affected-count"), "2");
    assert_eq!(written(), "count\n0", "undone");
    assert_eq!(patch("tx=commit").header("preference-applied"), "tx=commit");
    assert_eq!(written(), "count\n2", "kept");
    let limited = kernel.ask("DELETE", "/rest/v1/project?id=gt.1&limit=1", &[], b"");
    assert_eq!((limited.status, limited.json()["code"].as_str()), (400, Some("PGRST127")));
}

#[test]
fn a_role_has_its_own_patience() {
    if without_plugins() {
        return;
    }
    let kernel = shop("settings = { role_timeouts = { anon = \"50ms\" } }\n");
    kernel.sql("create function slow() returns int stable language sql as $$ select 1 from pg_sleep(10) $$");
    wait_until("the function is known", || kernel.get("/rest/v1/rpc/slow").status != 404);
    let answer = kernel.get("/rest/v1/rpc/slow");
    assert_eq!((answer.status, answer.json()["code"].as_str()), (500, Some("57014")), "{}", answer.text());
}
