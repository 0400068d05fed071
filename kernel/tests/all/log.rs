//! `log`: lines that say which plugin and which request they belong to.

use crate::kernel::Kernel;

#[test]
fn a_line_names_the_plugin_and_the_request() {
    let kernel = Kernel::start(&["log"], "[plugins.test-log.grant]\nhttp = {}\nlog = {}");
    kernel.ask("GET", "/test/log/2", &[("x-request-id", "the-one")], b"");
    kernel.wait_for_log("line 1 of a fixture");
    let log = kernel.log.lock();
    let line = log.lines().find(|line| line.contains("line 1 of a fixture")).expect("logged");
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    assert_eq!((&line["plugin"], &line["request_id"]), (&"test-log".into(), &"the-one".into()));
    assert!(line["fields"].as_str().expect("fields").contains("green"));
}

#[test]
fn lines_over_the_limit_of_a_call_are_dropped_and_counted() {
    let config = "[plugins.test-log]\ngrant = { http = {}, log = {} }\nlimits = { log_lines = 3 }";
    let kernel = Kernel::start(&["log"], config);
    kernel.get("/test/log/10");
    kernel.wait_for_log("\"dropped\":7");
    assert_eq!(kernel.log.lock().matches("of a fixture").count(), 3);
}
