//! Plugins that ask for more than they get: of capabilities, of instances, of the log. Attacks are `matrix`'s.

use crate::kernel::{Kernel, Setup};

const GRANTS: &str = "[plugins.test-http.grant]\nhttp = {}\n\
    [plugins.test-hostile]\ngrant = { http = {}, log = {} }\n";

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
    assert!(listed.contains("wants what is not granted to it: act as any signed-in user"), "{listed}");
    assert!(listed.contains("    [plugins.test-sql.grant]\n    sql = { modes = [\"own\", \"caller\"] }"), "{listed}");
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

/// A packed fixture with some of its bytes replaced by as many others.
fn forge(setup: &Setup, plugin: &str, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let path = setup.path("bundle").join(format!("{plugin}.wasm"));
    let mut wasm = std::fs::read(&path).expect("a fixture");
    let at = wasm.windows(from.len()).position(|window| window == from.as_bytes()).expect("there");
    wasm[at..at + from.len()].copy_from_slice(to.as_bytes());
    std::fs::write(&path, wasm).expect("written");
}

#[test]
fn code_that_imports_more_than_its_manifest_says_is_refused() {
    let setup = Setup::new(&["clock"], "[plugins.test-clock.grant]\nhttp = {}\nclock = {}\n");
    forge(&setup, "clock", "[want.clock]", "#want.clock#");
    let kernel = setup.start();
    kernel.get("/test/clock/").refuses(503, "plugin.unavailable");
    kernel.wait_for_log("imports the capability \\\"clock\\\"");
}

#[test]
fn routes_without_a_handler_are_refused() {
    let setup = Setup::new(&["filter"], "[plugins.test-filter.grant]\nhttp = { filter = true }\n");
    let from = "[filter]\nphases = [\"before\", \"after\"]\nmounts = [\"/test\"]\n\n[want.http]\nfilter = true";
    let to = "[[route]]\nname = \"a\"\npath = \"/a\"\nmounts = [\"/test\"]\n[want.http]";
    forge(&setup, "filter", from, &format!("{to:<width$}", width = from.len()));
    let kernel = setup.start();
    kernel.get("/test/a").refuses(503, "plugin.unavailable");
    kernel.wait_for_log("it has routes, but does not export basalt:http/handler");
}
