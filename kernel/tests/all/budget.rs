//! What plugins may use, each and all together, and what becomes of one that only fails.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::kernel::{Answer, Kernel, wait_until};

const GRANTS: &str = "[plugins.test-http.grant]\nhttp = {}\n\
    [plugins.test-hostile]\ngrant = { http = {}, log = {} }\n";

const SQL: &str = "[plugins.test-neighbour.grant]\nhttp = {}\nsql = { modes = [\"own\"] }\n\
    [plugins.test-sql]\ntrusted = true\ngrant = { http = {}, sql = { modes = [\"own\", \"caller\"] } }\n";

fn run(kernel: &Kernel, mode: &str, statements: &[&str]) -> Answer {
    let statements: Vec<_> = statements.iter().map(|text| json!([text, []])).collect();
    let order = json!({ "mode": mode, "end": "one", "statements": statements });
    kernel.ask("POST", "/test/sql/", &[], order.to_string().as_bytes())
}

#[test]
fn the_memory_of_all_plugins_has_a_limit_and_idle_instances_make_room_first() {
    let config = format!("[host]\nmemory = \"24MiB\"\n{GRANTS}limits = {{ memory = \"128MiB\" }}");
    let kernel = Kernel::start(&["http", "hostile"], &config);
    assert_eq!(kernel.get("/test/http/echo").status, 200);
    assert_eq!(kernel.metric("basalt_plugin_idle_instances{plugin=\"test-http\"}"), 1);
    let refused = kernel.get("/test/hostile/memory");
    refused.refuses(503, "host.out-of-memory");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(kernel.metric("basalt_plugin_idle_instances{plugin=\"test-http\"}"), 0);
    kernel.get("/test/hostile/bodies").refuses(503, "host.out-of-memory");
    wait_until("the memory is given back", || kernel.metric("basalt_host_memory_bytes") == 0);
    assert_eq!(kernel.get("/test/http/echo").status, 200);
    assert_eq!(kernel.get("/test/hostile/good").text(), "well");
}

#[test]
fn a_place_that_an_idle_instance_holds_is_another_plugins_when_there_is_no_other() {
    let kernel = Kernel::start(&["http", "hostile"], &format!("[host]\nmax_instances = 1\n{GRANTS}"));
    for _ in 0..3 {
        assert_eq!(kernel.get("/test/http/echo").status, 200);
        assert_eq!(kernel.get("/test/hostile/good").status, 200);
    }
}

#[test]
fn a_call_has_so_many_statements_and_so_much_time_for_them() {
    let limits = "limits = { sql_statements = 2, sql_time = \"300ms\" }";
    let kernel = Kernel::start(&["neighbour", "sql"], &format!("{SQL}{limits}"));
    assert_eq!(run(&kernel, "own", &["select 1", "select 2"]).status, 200);
    run(&kernel, "own", &["select 1", "select 2", "select 3"]).refuses(500, "sql.too-many-statements");
    run(&kernel, "caller", &["select pg_sleep(60)"]).refuses(504, "sql.time-spent");
    assert_eq!(run(&kernel, "own", &["select 1"]).status, 200, "the next call has its own");
    assert_eq!(kernel.metric("basalt_plugin_sql_statements_total{plugin=\"test-sql\"}"), 6);
    assert!(kernel.metric("basalt_plugin_sql_microseconds_total{plugin=\"test-sql\"}") >= 300_000);
    assert_eq!(kernel.metric("basalt_plugin_sql_rows_total{plugin=\"test-sql\"}"), 5);
}

#[test]
fn a_plugin_that_sleeps_as_its_callers_leaves_connections_to_others() {
    let kernel = Kernel::start(&["neighbour", "sql"], &format!("[database]\nmax_connections = 4\n{SQL}"));
    let sleeping = || {
        let count = kernel.sql("select count(*) from pg_stat_activity where query ~ 'pg_[s]leep' and state = 'active'");
        count.trim().lines().last().and_then(|line| line.trim().parse().ok()).unwrap_or(0)
    };
    std::thread::scope(|scope| {
        let greedy: Vec<_> =
            (0..6).map(|_| scope.spawn(|| run(&kernel, "caller", &["select pg_sleep(4)"]).status)).collect();
        wait_until("they sleep", || sleeping() == 3);
        for _ in 0..3 {
            assert_eq!(kernel.ask("POST", "/test/neighbour/", &[], b"select 1").status, 200);
        }
        assert_eq!(sleeping(), 3, "the others were answered meanwhile, and no more than its share sleep");
        greedy.into_iter().for_each(|greedy| assert_eq!(greedy.join().expect("answered"), 200));
    });
}

#[test]
fn requests_are_answered_while_more_guests_compute_than_there_are_threads() {
    let limits = "limits = { fuel = 1_000_000_000_000, deadline = \"8s\" }";
    let kernel = Kernel::start(&["http", "hostile"], &format!("{GRANTS}{limits}"));
    let ended = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let burn = || {
            kernel.get("/test/hostile/loop").refuses(504, "plugin.timeout");
            ended.fetch_add(1, Ordering::Relaxed);
        };
        let count = 2 * std::thread::available_parallelism().map_or(1, usize::from);
        (0..count).for_each(|_| drop(scope.spawn(burn)));
        kernel.wait_for_requests(count);
        (0..50).for_each(|_| assert_eq!(kernel.get("/test/http/echo").status, 200));
        assert_eq!(ended.load(Ordering::Relaxed), 0, "they were answered before any of those ended");
    });
}

#[test]
fn a_plugin_that_only_fails_is_left_alone_and_tried_again() {
    let limits = "limits = { breaker_failures = 3, breaker_pause = \"2s\" }";
    let kernel = Kernel::start(&["http", "hostile"], &format!("{GRANTS}{limits}"));
    let stage = "basalt_plugin_breaker{plugin=\"test-hostile\"}";
    (0..3).for_each(|_| kernel.get("/test/hostile/trap").refuses(500, "plugin.trap"));
    let refused = kernel.get("/test/hostile/good");
    refused.refuses(503, "plugin.circuit-open");
    assert_eq!(refused.header("retry-after"), refused.json()["details"]["retry_after"].to_string());
    assert_eq!(kernel.metric(stage), 2);
    assert_eq!(kernel.get("/test/http/echo").status, 200, "the others are asked");
    wait_until("it is tried again", || kernel.get("/test/hostile/good").status == 200);
    assert_eq!(kernel.metric(stage), 0);
    kernel.wait_for_log("the plugin failed too often");
    kernel.wait_for_log("the plugin works again");
}

#[test]
fn a_filter_that_may_be_skipped_is_while_it_is_left_alone() {
    let config = "[plugins.test-http.grant]\nhttp = {}\n[plugins.test-filter]\ngrant = { http = { filter = true } }\n\
        filter = { on_failure = \"skip\" }\nlimits = { breaker_failures = 3, breaker_pause = \"1h\" }";
    let kernel = Kernel::start(&["http", "filter"], config);
    let ask = |what| kernel.ask("POST", "/test/http/echo", &[("x-filter", what)], b"content");
    // Half of its calls: it fails in front of the handler, and not behind it.
    (0..4).for_each(|_| assert_eq!(ask("trap").status, 200));
    let skipped = ask("");
    assert_eq!((skipped.status, skipped.header("x-back")), (200, ""));
}

#[test]
fn what_a_plugin_uses_is_counted() {
    let kernel = Kernel::start(&["http", "hostile"], GRANTS);
    kernel.get("/test/hostile/log");
    kernel.get("/test/hostile/memory").refuses(500, "plugin.out-of-memory");
    assert!(kernel.metric("basalt_plugin_fuel_total{plugin=\"test-hostile\"}") > 1000);
    assert_eq!(kernel.metric("basalt_plugin_log_lines_total{plugin=\"test-hostile\"}"), 100);
    let peak = kernel.metric("basalt_plugin_peak_memory_bytes{plugin=\"test-hostile\"}");
    assert!(peak > 50 << 20 && peak <= 64 << 20, "{peak}");
}
