//! The operator's endpoints: who may use them, and what they say.

use std::os::unix::fs::PermissionsExt as _;

use crate::kernel::{Kernel, Setup, wait_until};

const PLUGINS: &str = "/api/v1/admin/plugins";

fn key(setup: &Setup) -> String {
    std::fs::read_to_string(setup.path("data/operator-key")).expect("a key").trim().to_owned()
}

fn with_key(kernel: &Kernel, key: &str) -> u16 {
    kernel.ask("GET", PLUGINS, &[("authorization", &format!("Bearer {key}"))], b"").status
}

#[test]
fn the_first_start_leaves_a_key_where_only_its_owner_reads_it() {
    let kernel = Setup::new(&[], "").env("BASALT_LOG__LEVEL", "trace").start();
    let (key, file) = (key(&kernel.setup), kernel.setup.path("data/operator-key"));
    assert!(key.starts_with("basalt_operator_"));
    assert_eq!(std::fs::metadata(file).expect("there").permissions().mode() & 0o777, 0o600);
    assert_eq!(with_key(&kernel, &key), 200);
    assert!(!kernel.log.lock().contains(&key[16..]), "the log never shows it");
    assert!(!kernel.sql("select * from basalt.operator_key").contains(&key));
    let setup = kernel.stop();
    let kernel = setup.start();
    assert_eq!(self::key(&kernel.setup), key, "a second start makes no other");
    assert_eq!(kernel.sql("select count(*) from basalt.operator_key"), "count\n1\n");
}

#[test]
fn the_operators_paths_take_the_operators_key() {
    let kernel = Kernel::start(&[], "");
    let key = key(&kernel.setup);
    let user = kernel.bearer("service_role", "root");
    for line in include_str!("../../src/http/endpoint/access.txt").lines() {
        let [access, method, path] = line.split_whitespace().collect::<Vec<_>>()[..] else { panic!("{line}") };
        let path = path.replace(['{', '}'], "");
        for headers in [
            &[][..],
            &[("authorization", user.as_str())],
            &[("authorization", &format!("Bearer {key}x"))],
            &[("authorization", "Bearer ")],
            &[("apikey", &key)],
        ] {
            let answer = kernel.ask(method, &path, headers, b"");
            match access {
                "public" => assert_eq!(answer.status, 200, "{line}"),
                // Who may do what there, the tests of keys say.
                "caller" if headers.first().is_some_and(|(_, value)| *value == user) => {}
                _ => assert_eq!(answer.status, 401, "{line} {headers:?}"),
            }
        }
    }
    let refused = kernel.get(PLUGINS);
    refused.refuses(401, "auth.operator-key");
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    assert!(refused.json()["hint"].as_str().expect("a hint").contains("operator-key"));
    assert_eq!(with_key(&kernel, &key), 200);
    // And the key is nobody's token.
    let bearer = format!("Bearer {key}");
    kernel.ask("GET", "/rest/v1/x", &[("authorization", &bearer)], b"").refuses(404, "http.not-found");
}

#[test]
fn no_plugin_answers_at_the_operators_paths() {
    let config = "[plugins.test-http]\ngrant = { http = {} }\nmounts = { main = [\"/api/v1/admin/x\"] }\n";
    let kernel = Kernel::start(&["http"], config);
    for path in ["x/echo", "nothing", "plugins/a/b"] {
        kernel.get(&format!("/api/v1/admin/{path}")).refuses(401, "auth.operator-key");
        kernel.operate("GET", path, b"").refuses(404, "http.not-found");
    }
    kernel.get("/api/v1/admin").refuses(401, "auth.operator-key");
}

#[test]
fn plugins_are_listed_with_their_state_and_reason() {
    let config = "[plugins.test-http.grant]\nhttp = {}\n[plugins.test-clock]\nenabled = false\n";
    let kernel = Kernel::start(&["http", "clock", "settings"], config);
    let list = kernel.operate("GET", "plugins", b"").ok();
    let states: Vec<_> = list["plugins"].as_array().expect("a list").iter().collect();
    let of = |id: &str| states.iter().find(|plugin| plugin["id"] == id).expect(id);
    assert_eq!((&of("test-http")["state"], &of("test-http")["enabled"]), (&"ready".into(), &true.into()));
    assert_eq!((&of("test-clock")["state"], &of("test-clock")["enabled"]), (&"disabled".into(), &false.into()));
    assert_eq!(of("test-settings")["reason"]["code"], "plugin.not-granted");
    let one = kernel.operate("GET", "plugins/test-http", b"").ok();
    assert_eq!((&one["version"], &one["license"]), (&"0.1.0".into(), &"MIT OR Apache-2.0".into()));
    assert!(
        one["routes"][0]["name"].is_string() && one["log"].is_array() && one["permissions"][0]["words"].is_string()
    );
    kernel.operate("GET", "plugins/nobody", b"").refuses(404, "plugin.not-found");
    kernel.operate("POST", "plugins/test-http", b"{}").refuses(405, "http.method-not-allowed");
}

#[test]
fn keys_are_made_and_revoked_beside_a_kernel() {
    let kernel = Kernel::start(&[], "");
    let first = key(&kernel.setup);
    let make = |arguments: &[&str]| {
        let output = kernel.setup.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    let second = make(&["key", "operator"]);
    wait_until("the second counts", || with_key(&kernel, &second) == 200);
    assert_eq!((with_key(&kernel, &first), key(&kernel.setup)), (200, first.clone()));
    let third = make(&["key", "operator", "--revoke"]);
    wait_until("only the third counts", || {
        (with_key(&kernel, &first), with_key(&kernel, &second), with_key(&kernel, &third)) == (401, 401, 200)
    });
    assert_eq!(key(&kernel.setup), third);
}

#[test]
fn what_the_kernel_keeps_is_nobody_elses_whatever_the_defaults_are() {
    let setup = Setup::new(
        &["sql"],
        "[plugins.test-sql]\ntrusted = true\ngrant = { http = {}, sql = { modes = [\"own\", \"caller\"] } }",
    );
    assert!(setup.run(&["migrate"]).status.success());
    setup.sql(
        "drop schema basalt, auth cascade; alter default privileges grant all on tables to public, anon, service_role;
         alter default privileges grant all on sequences to public, anon;
         alter default privileges grant usage on schemas to public, anon",
    );
    let kernel = setup.start();
    let readable = kernel.sql(
        "select string_agg(distinct c.relname, ' ') from pg_class c, pg_roles r
         where c.relnamespace in ('basalt'::regnamespace, 'auth'::regnamespace) and c.relkind in ('r', 'S') and c.relname <> 'migration'
         and not r.rolsuper and r.rolname !~ '^pg_'
         -- The login that keeps users is for them.
         and not (c.relnamespace = 'auth'::regnamespace and right(r.rolname, 7) = '_keeper')
         and case c.relkind when 'S' then has_sequence_privilege(r.oid, c.oid, 'usage, select, update')
             else has_table_privilege(r.oid, c.oid, 'select, insert, update, delete, truncate') end",
    );
    assert_eq!(readable, "string_agg\n\\N\n");
}
