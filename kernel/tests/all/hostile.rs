//! Plugins that misbehave: each has its own stable code, and those who behave go on.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::kernel::{Kernel, Setup};

const GRANTS: &str = "[plugins.test-http.grant]\nhttp = {}\n\
    [plugins.test-hostile]\ngrant = { http = {}, log = {} }\n";

/// Attacks while good requests go on beside: in the same plugin and in another one. Every good request has to succeed.
fn attack(kernel: &Kernel, attack: &str, status: u16, code: &str) {
    let (stop, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for path in ["/test/hostile/good", "/test/http/echo"] {
            let (stop, served) = (&stop, &served);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let answer = kernel.get(path);
                    assert_eq!(answer.status, 200, "{path} during {attack}: {}", answer.text());
                    served.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let answers: Vec<_> = (0..3).map(|_| kernel.get(&format!("/test/hostile/{attack}"))).collect();
        // Before anything is asserted: a failure would leave the others asking for ever.
        stop.store(true, Ordering::Relaxed);
        answers.iter().for_each(|answer| answer.refuses(status, code));
    });
    assert!(served.into_inner() > 0, "nobody was served during {attack}");
    assert_eq!(kernel.get("/test/hostile/good").text(), "well", "after {attack}");
}

#[test]
fn an_endless_loop_ends_with_its_fuel() {
    let kernel = Kernel::start(&["http", "hostile"], &format!("{GRANTS}limits = {{ fuel = 100_000_000 }}"));
    attack(&kernel, "loop", 500, "plugin.out-of-fuel");
}

#[test]
fn an_endless_loop_ends_at_its_deadline() {
    let limits = "limits = { fuel = 1_000_000_000_000, deadline = \"300ms\" }";
    let kernel = Kernel::start(&["http", "hostile"], &format!("{GRANTS}{limits}"));
    attack(&kernel, "loop", 504, "plugin.timeout");
}

#[test]
fn a_memory_bomb_ends_at_its_limit() {
    let kernel = Kernel::start(&["http", "hostile"], &format!("{GRANTS}limits = {{ memory = \"16MiB\" }}"));
    attack(&kernel, "memory", 500, "plugin.out-of-memory");
}

#[test]
fn a_trap_a_panic_and_an_overflow_end_one_call() {
    let kernel = Kernel::start(&["http", "hostile"], GRANTS);
    attack(&kernel, "trap", 500, "plugin.trap");
    attack(&kernel, "panic", 500, "plugin.trap");
    attack(&kernel, "stack", 500, "plugin.stack-overflow");
    attack(&kernel, "handles", 500, "plugin.trap");
}

#[test]
fn a_response_over_the_limit_is_refused() {
    let kernel = Kernel::start(
        &["http", "hostile"],
        &format!("{GRANTS}limits = {{ response = \"1MiB\", memory = \"128MiB\" }}"),
    );
    let answer = kernel.get("/test/hostile/large");
    assert_eq!(answer.status, 500);
    assert!(["plugin.response-too-large", "plugin.trap"].contains(&answer.json()["code"].as_str().unwrap_or_default()));
    assert_eq!(kernel.get("/test/hostile/good").text(), "well");
}

#[test]
fn a_busy_plugin_says_so_and_its_neighbour_does_not_wait() {
    let limits = "limits = { fuel = 1_000_000_000_000, deadline = \"2s\", concurrency = 1 }";
    let kernel = Kernel::start(&["http", "hostile"], &format!("{GRANTS}{limits}"));
    std::thread::scope(|scope| {
        let answers: Vec<_> = (0..3).map(|_| scope.spawn(|| kernel.get("/test/hostile/loop"))).collect();
        assert_eq!(kernel.get("/test/http/echo").status, 200);
        let mut codes: Vec<_> =
            answers.into_iter().map(|answer| answer.join().expect("answered").json()["code"].to_string()).collect();
        codes.sort();
        assert_eq!(codes, ["\"plugin.busy\"", "\"plugin.busy\"", "\"plugin.timeout\""]);
    });
}

#[test]
fn the_log_of_one_call_is_bounded_and_the_gap_is_seen() {
    let kernel = Kernel::start(&["http", "hostile"], GRANTS);
    assert_eq!(kernel.get("/test/hostile/log").status, 200);
    kernel.wait_for_log("\"dropped\":9900");
    assert_eq!(kernel.log.lock().matches("flood ").count(), 100);
}

#[test]
fn a_capability_that_was_not_granted_is_refused_at_load_with_the_line_that_grants_it() {
    let setup =
        Setup::new(&["http", "sql"], "[plugins.test-http.grant]\nhttp = {}\n[plugins.test-sql.grant]\nhttp = {}\n");
    let listed = String::from_utf8(setup.run(&["plugin", "list"]).stdout).expect("text");
    assert!(listed.contains("wants the capability \"sql\""), "{listed}");
    assert!(
        listed.contains("[plugins.test-sql.grant]\nsql = { modes = [\"own\", \"caller\"] }")
            || listed.contains("sql = { modes ="),
        "{listed}"
    );
    let kernel = setup.start();
    kernel.wait_for_log("plugin.not-granted");
    kernel.get("/test/sql/").refuses(503, "plugin.unavailable");
    assert_eq!(kernel.get("/test/http/echo").status, 200, "the others run");
}

#[test]
fn acting_as_the_caller_needs_trust() {
    let grant = "[plugins.test-sql]\ngrant = { http = {}, sql = { modes = [\"own\", \"caller\"] } }\n";
    let kernel = Kernel::start(&["sql"], grant);
    kernel.get("/test/sql/").refuses(503, "plugin.unavailable");
    kernel.wait_for_log("only a trusted plugin");
}

#[test]
fn code_that_imports_more_than_its_manifest_says_is_refused() {
    let kernel = Kernel::start(&["lying"], "[plugins.test-lying.grant]\nhttp = {}\nsql = { modes = [\"caller\"] }\n");
    kernel.get("/test/lying/").refuses(503, "plugin.unavailable");
    kernel.wait_for_log("imports the capability \\\"sql\\\"");
}
