//! What a version is granted, through its life: asked for once, kept with it, taken with it.

use serde_json::{Value, json};

use super::{ONE, add, events, install, speaks, version};
use crate::kernel::variant::packed;
use crate::kernel::{Kernel, Setup, wait_until};

/// The fixture of `sql` as a version that reads a table, or none.
fn reader(version: &str, tables: &str) -> Vec<u8> {
    let head = format!("id = \"test-reader\"\nversion = \"{version}\"\ndescription = \"\"\nlicense = \"MIT\"\n");
    let route = "[[route]]\nname = \"main\"\npath = \"/\"\nmounts = [\"/test/reader\"]\n[want.http]\n";
    packed("sql", &format!("{head}{route}[want.sql]\nmodes = [\"own\"]\n{tables}"))
}

#[test]
fn an_upgrade_that_wants_more_waits_until_exactly_that_is_approved() {
    let kernel = Kernel::start(&[], "");
    let added = add(&kernel, &version("1.0.0", "", ""));
    assert_eq!(
        (&added["outcome"], &added["previous"], &added["share"]),
        (&json!("installed"), &Value::Null, &json!(100))
    );
    let (two, three) = (version("2.0.0", "", "[want.log]\n"), version("3.0.0", "", "[want.log]\n[want.clock]\n"));
    let asked = install(&kernel, "", &two);
    asked.refuses(409, "plugin.asks");
    let details = &asked.json()["details"];
    let words = |part: &str| {
        let lines = details["difference"][part].as_array().expect("lines").iter();
        lines.map(|line| line["words"].as_str().expect("words").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(words("added"), ["write to the log"], "the difference, not all of it");
    assert!(words("kept").contains(&"call GET /test/life/inner of this instance as the caller".to_owned()));
    assert_eq!(speaks(&kernel), "1.0.0", "nothing has changed");
    let seal = details["seal"].as_str().expect("a seal");
    // Neither a guess nor an answer to another question.
    install(&kernel, "?approve=yes", &two).refuses(409, "plugin.asks");
    install(&kernel, &format!("?approve={seal}"), &three).refuses(409, "plugin.asks");
    let upgraded = install(&kernel, &format!("?approve={seal}&reason=as+agreed"), &two).ok();
    assert_eq!(upgraded["previous"], "1.0.0");
    assert_eq!(speaks(&kernel), "2.0.0");
    let log = kernel.operate("GET", &format!("{ONE}/log"), b"").ok();
    let last = &log["events"][0];
    assert_eq!((&last["event"], &last["reason"]), (&json!("upgrade"), &json!("as agreed")));
    assert!(last["actor"].as_str().is_some_and(|actor| actor.starts_with("operator:")));
    // What was dropped is asked for again.
    install(&kernel, "", &version("2.1.0", "", "")).ok();
    install(&kernel, "", &version("2.2.0", "", "[want.log]\n")).refuses(409, "plugin.asks");
}

#[test]
fn a_file_with_the_id_of_a_trusted_plugin_has_nothing_of_its_grant() {
    let setup = Setup::new(&["life"], "");
    let preset = "[plugins.test-life]\ntrusted = true\ngrant = { http = {}, settings = {}, log = {}, \
        sql = { modes = [\"caller\"] }, dispatch = { routes = [\"GET /test/life/inner\"] } }\n";
    std::fs::write(setup.path("bundle/bundle.toml"), preset).expect("written");
    let kernel = setup.start();
    assert_eq!(speaks(&kernel), "1");
    let stranger = version("9.0.0", "", "[want.sql]\nmodes = [\"caller\"]\n");
    let asked = install(&kernel, "", &stranger);
    asked.refuses(409, "plugin.asks");
    let added = asked.json()["details"]["difference"]["added"].clone();
    assert_eq!(added[0]["words"], "act as any signed-in user (trusted)", "grave ones first: {added}");
    let added = add(&kernel, &version("9.1.0", "", ""));
    assert_eq!((speaks(&kernel), &added["previous"]), (json!("9.1.0"), &json!("1.0.0")));
    install(&kernel, "?downgrade=true", &stranger).refuses(409, "plugin.asks");
}

#[test]
fn going_back_goes_back_to_what_that_version_was_granted() {
    let kernel = Kernel::start(&[], "");
    add(&kernel, &version("1.0.0", "", "[want.log]\n"));
    install(&kernel, "", &version("2.0.0", "", "")).ok();
    assert_eq!(kernel.operate("POST", &format!("{ONE}/rollback"), b"").status, 204);
    assert_eq!(speaks(&kernel), "1.0.0");
    // By itself, too, and for good.
    install(&kernel, "", &version("3.0.0", "trap", "")).ok();
    assert_eq!(speaks(&kernel), "1.0.0");
    wait_until("the crash is rolled back", || events(&kernel)[0] == "rollback 1.0.0");
    let kernel = kernel.stop().start();
    assert_eq!(speaks(&kernel), "1.0.0");
}

#[test]
fn what_was_approved_for_a_version_that_did_not_stay_is_asked_again() {
    let kernel = Kernel::start(&[], "");
    add(&kernel, &version("1.0.0", "", ""));
    add(&kernel, &version("2.0.0", "trap", "[want.log]\n"));
    assert_eq!(speaks(&kernel), "1.0.0");
    wait_until("the crash is rolled back", || events(&kernel)[0] == "rollback 1.0.0");
    install(&kernel, "", &version("2.0.1", "", "[want.log]\n")).refuses(409, "plugin.asks");
}

#[test]
fn a_login_reaches_what_the_version_that_stays_may_reach() {
    let kernel = Kernel::start(&[], "");
    kernel.sql("create table public.orders (id int); insert into public.orders values (7)");
    let reads = || {
        let order = json!({ "mode": "own", "end": "one", "statements": [["select id from public.orders", []]] });
        kernel.post("/test/reader/", &order).status
    };
    let table = "tables = { \"public.orders\" = [\"select\"] }\n";
    add(&kernel, &reader("1.0.0", table));
    assert_eq!(reads(), 200);
    install(&kernel, "?canary=50&calls=100000", &reader("2.0.0", "")).ok();
    assert!((0..20).any(|_| reads() == 200), "the version beside the canary reads on");
    assert_eq!(kernel.operate("POST", "plugins/test-reader/promote", b"").status, 204);
    assert_eq!(reads(), 403, "what nobody is granted any more is gone");
    assert_eq!(kernel.operate("POST", "plugins/test-reader/rollback", b"").status, 204);
    assert_eq!(reads(), 200);
    let other = "[[route]]\nname = \"other\"\npath = \"/\"\nmounts = [\"/health\"]\n";
    let _ = install(&kernel, "", &reader("3.0.0", other));
    assert_eq!(reads(), 200, "a version that was not installed has taken nothing");
}

#[test]
fn a_limit_beyond_what_all_have_is_asked_for_and_had() {
    let kernel = Kernel::start(&[], "");
    let limits = "[limits]\nmemory = \"128MiB\"\nlog_lines = 10\n";
    let file = version("1.0.0", "", limits);
    let asked = install(&kernel, "", &file);
    asked.refuses(409, "plugin.asks");
    let added = asked.json()["details"]["difference"]["added"].to_string();
    assert!(added.contains("use up to 128MiB of memory in each instance"), "{added}");
    assert!(!added.contains("lines to the log in a call"), "less than all have: {added}");
    add(&kernel, &file);
    let limits = |kernel: &Kernel| kernel.operate("GET", ONE, b"").ok()["limits"].clone();
    assert_eq!((&limits(&kernel)["memory"], &limits(&kernel)["log_lines"]), (&json!("128MiB"), &json!(100)));
    let setup = kernel.stop();
    setup.configure("[plugins.test-life.limits]\nmemory = \"100MiB\"\n");
    let kernel = setup.start();
    kernel.get("/test/life/").refuses(503, "plugin.unavailable");
    let reason = kernel.operate("GET", ONE, b"").ok()["reason"].clone();
    assert_eq!(reason["code"], "plugin.not-granted");
    assert_eq!(reason["hint"], "[plugins.test-life.limits]\nmemory = \"128MiB\"");
}
