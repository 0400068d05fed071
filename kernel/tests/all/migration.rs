//! Plugins' migrations: in order, each once, as the plugin's own login, and nothing half done.

use serde_json::json;

use crate::kernel::{Kernel, Setup, wait_until};

const CONFIG: &str = "[plugins.test-http.grant]\nhttp = {}\n\
                      [plugins.test-migration.grant]\nhttp = {}\nsql = { modes = [\"own\"] }\n";

/// The file with one more custom section, as packing appends them.
fn with(file: &[u8], name: &str, sql: &str) -> Vec<u8> {
    let section = "basalt:migration";
    let mut content = length(section.len());
    content.extend(section.as_bytes());
    content.extend([name.as_bytes(), b"\0", sql.as_bytes()].concat());
    [file, &[0], &length(content.len()), &content].concat()
}

/// LEB128.
fn length(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// The file with a text replaced by one of the same length.
fn replaced(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut file = file.to_vec();
    let at = file.windows(from.len()).position(|part| part == from.as_bytes()).expect("the text");
    file[at..at + to.len()].copy_from_slice(to.as_bytes());
    file
}

fn setup() -> Setup {
    Setup::new(&["http", "migration"], CONFIG)
}

/// Why the plugin does not run; the other one does.
#[track_caller]
fn refusal(kernel: &Kernel) -> serde_json::Value {
    assert_eq!(kernel.get("/test/http/echo").status, 200, "the others run");
    kernel.get("/test/migration/note").refuses(503, "plugin.unavailable");
    kernel.operate("GET", "plugins/test-migration", b"").ok()["reason"].clone()
}

const LEDGER: &str = "select string_agg(name, ' ' order by name) from \"plugin_test-migration\".basalt_migration";

#[test]
fn a_new_version_runs_what_is_new_and_an_old_one_still_loads() {
    let kernel = setup().start();
    let first = json!([["1", "from the first migration"]]);
    assert_eq!(kernel.get("/test/migration/note").ok(), first);
    let owner = "select string_agg(distinct relowner::regrole::text, ' ') from pg_class \
                 where relnamespace = '\"plugin_test-migration\"'::regnamespace";
    assert!(kernel.sql(owner).contains("_plugin_test-migration"), "{}", kernel.sql(owner));
    let setup = kernel.stop();
    let old = setup.file("migration");
    let new = replaced(&old, "version = \"0.1.0\"", "version = \"0.2.0\"");
    setup.put(
        "migration",
        &with(
            &new,
            "0002_more.sql",
            "alter table note add done bool; insert into note values (2, 'b', true); select 1",
        ),
    );
    let kernel = setup.start();
    let second = json!([["1", "from the first migration", null], ["2", "b", "t"]]);
    assert_eq!(kernel.get("/test/migration/note").ok(), second);
    assert!(kernel.sql(LEDGER).contains("0001_note.sql 0002_more.sql"));
    let setup = kernel.stop();
    setup.put("migration", &old);
    let kernel = setup.start();
    assert_eq!(kernel.get("/test/migration/note").ok(), second, "forward only: what was made stays");
}

#[test]
fn a_changed_or_late_migration_is_refused() {
    let setup = setup().start().stop();
    let old = setup.file("migration");
    setup.put("migration", &replaced(&old, "from the first", "from the FIRST"));
    let kernel = setup.start();
    let reason = refusal(&kernel);
    assert_eq!(reason["code"], "plugin.migration");
    assert!(reason["message"].as_str().expect("text").contains("0001_note.sql was changed after it ran"), "{reason}");
    let setup = kernel.stop();
    let newer = |file: &[u8]| with(file, "0003_newer.sql", "select 1");
    setup.put("migration", &newer(&old));
    let setup = setup.start().stop();
    setup.put("migration", &newer(&with(&old, "0002_late.sql", "select 1")));
    let kernel = setup.start();
    let reason = refusal(&kernel);
    assert!(reason["message"].as_str().expect("text").contains("0002_late.sql"), "{reason}");
    let setup = kernel.stop();
    setup.put("migration", &old);
    let kernel = setup.start();
    assert_eq!(kernel.get("/test/migration/note").status, 200);
}

#[test]
fn a_failing_migration_leaves_nothing_and_the_mended_one_goes_on() {
    let setup = setup();
    let old = setup.file("migration");
    let good = with(&old, "0002_a.sql", "create table a (id int)");
    setup.put("migration", &with(&good, "0003_b.sql", "create table b (id int);\n\ninsert into b values ('x');"));
    let kernel = setup.start();
    let reason = refusal(&kernel);
    let message = reason["message"].as_str().expect("text");
    for part in ["0003_b.sql", "at line 3", "invalid input syntax for type integer", "22P02"] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert_eq!((&reason["details"]["migration"], &reason["details"]["line"]), (&"0003_b.sql".into(), &3.into()));
    assert!(kernel.sql(LEDGER).contains("0001_note.sql 0002_a.sql\n"), "those before it are kept");
    assert!(kernel.sql("select to_regclass('\"plugin_test-migration\".b') is null").contains("\nt\n"));
    let setup = kernel.stop();
    setup.put("migration", &with(&good, "0003_b.sql", "create table b (id int);\n\ninsert into b values (1);"));
    let kernel = setup.start();
    assert_eq!(kernel.get("/test/migration/b").ok(), json!([["1"]]));
}

#[test]
fn a_migration_can_do_no_more_than_its_plugin() {
    let mut kernel = setup().start();
    kernel.sql("create table public.mine (id int)");
    for (sql, said) in [
        ("create table public.t (id int)", "42501"),
        ("select * from public.mine", "42501"),
        ("create table basalt.t (id int)", "42501"),
        ("delete from basalt.migration", "42501"),
        ("create schema other", "42501"),
        ("create role other", "42501"),
        ("create extension dblink", "42501"),
        ("set role postgres", "42501"),
        ("reset role; set session authorization postgres", "42501"),
        (
            "create function f() returns event_trigger language plpgsql as 'begin end'; \
             create event trigger e on ddl_command_end execute function f()",
            "42501",
        ),
        (
            "create function f() returns int language sql security definer set role = 'postgres' as 'select 1'; select f()",
            "42501",
        ),
        ("copy note from stdin", "COPY"),
        ("select 1; commit; create table half (id int)", "ends its own transaction"),
        ("commit; begin", "ends its own transaction"),
        ("rollback", "ends its own transaction"),
        ("drop table basalt_migration", "the ledger of the migrations cannot be used"),
        ("select pg_sleep(60)", "did not end within 1s"),
        ("set statement_timeout = 0; select count(*) from generate_series(1, 100000000000)", "did not end within 1s"),
        ("select repeat('x', 100000) from generate_series(1, 1000000000)", "did not end within 1s"),
    ] {
        let setup = kernel.stop().env("BASALT_DATABASE__MIGRATION_TIMEOUT", "1s");
        let old = if setup.path("old.wasm").exists() {
            std::fs::read(setup.path("old.wasm")).expect("read")
        } else {
            let old = setup.file("migration");
            std::fs::write(setup.path("old.wasm"), &old).expect("written");
            old
        };
        setup.put("migration", &with(&old, "0002_attack.sql", sql));
        kernel = setup.start();
        let reason = refusal(&kernel);
        assert!(reason["message"].as_str().expect("text").contains(said), "{sql}: {reason}");
        assert!(!kernel.sql(LEDGER).contains("attack"), "{sql}");
        let left =
            "select count(*) from pg_stat_activity where usename like '%\\_plugin\\_test-migration' and state <> 'idle'
                    and datname = current_database()";
        wait_until("nothing of it runs any more", || kernel.sql(left) == "count\n0\n");
    }
}

#[test]
fn what_a_migration_sets_holds_for_that_migration_only() {
    let setup = setup();
    let file =
        with(&setup.file("migration"), "0002_a.sql", "set search_path = ''; set default_transaction_read_only = on");
    setup.put("migration", &with(&file, "0003_b.sql", "create table b (id int); insert into b values (3)"));
    let kernel = setup.start();
    assert_eq!(kernel.get("/test/migration/b").ok(), json!([["3"]]));
}

#[test]
fn two_kernels_at_once_run_each_migration_once() {
    let setup = setup();
    let mut file = setup.file("migration");
    for number in 2..12 {
        // Not to be run twice, and not in an instant.
        let sql =
            format!("create table t{number} (id int); insert into t{number} values ({number}); select pg_sleep(0.05)");
        file = with(&file, &format!("{number:04}_t.sql"), &sql);
    }
    setup.put("migration", &file);
    let other = setup.beside();
    let kernels = std::thread::scope(|scope| {
        let started = [setup, other].map(|setup| scope.spawn(move || setup.start()));
        started.map(|kernel| kernel.join().expect("started"))
    });
    for kernel in &kernels {
        assert_eq!(kernel.get("/test/migration/t11").ok(), json!([["11"]]), "{}", kernel.log.lock());
    }
    assert_eq!(kernels[0].sql("select count(*) from \"plugin_test-migration\".basalt_migration"), "count\n11\n");
    let ran = |kernel: &Kernel| kernel.log.lock().matches("\"message\":\"migrated\"").count();
    assert_eq!(ran(&kernels[0]) + ran(&kernels[1]), 11, "each once");
}

#[test]
fn migrations_want_a_schema_of_ones_own() {
    let setup = Setup::new(
        &["http", "clock"],
        "[plugins.test-http.grant]\nhttp = {}\n[plugins.test-clock.grant]\nhttp = {}\nclock = {}",
    );
    setup.put("http", &with(&setup.file("http"), "0001_a.sql", "create table a (id int)"));
    let kernel = setup.start();
    kernel.get("/test/http/echo").refuses(503, "plugin.unavailable");
    let reason = kernel.operate("GET", "plugins/test-http", b"").ok()["reason"].clone();
    assert_eq!(reason["code"], "plugin.refused");
    assert!(reason["message"].as_str().expect("text").contains("has migrations"), "{reason}");
}
