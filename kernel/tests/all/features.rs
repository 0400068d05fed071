//! Features by configuration: what is switched off is not there, and needs no rebuild.

use crate::kernel::{Kernel, Setup};

const GRANT: &str = "grant = { http = {} }\n";

#[test]
fn a_plugin_that_is_switched_off_is_absent_with_a_hint() {
    let kernel = Kernel::start(&["http"], &format!("[plugins.test-http]\n{GRANT}"));
    assert_eq!(kernel.get("/test/http/echo").status, 200);
    let setup = kernel.stop();
    setup.configure(&format!("[plugins.test-http]\nenabled = false\n{GRANT}"));
    let kernel = setup.start();
    let answer = kernel.get("/test/http/echo");
    answer.refuses(404, "http.not-found");
    assert!(answer.json()["hint"].as_str().expect("a hint").contains("[plugins.test-http] enabled = true"));
}

#[test]
fn the_environment_can_switch_a_plugin_off() {
    let setup = Setup::new(&["http"], &format!("[plugins.test-http]\n{GRANT}"));
    let kernel = setup.env("BASALT_PLUGINS__TEST-HTTP__ENABLED", "false").start();
    kernel.get("/test/http/echo").refuses(404, "http.not-found");
}

#[test]
fn routes_hang_where_the_operator_says() {
    let kernel =
        Kernel::start(&["http"], &format!("[plugins.test-http]\n{GRANT}mounts = {{ main = [\"/\", \"/a/b\"] }}"));
    assert_eq!(kernel.get("/echo").ok()["mount"], "");
    assert_eq!(kernel.get("/a/b/echo").ok()["mount"], "/a/b");
    kernel.get("/test/http/echo").refuses(404, "http.not-found");
    assert_eq!(kernel.get("/health").ok()["status"], "ok", "no plugin can take the kernel's own paths");
}

#[test]
fn a_kernel_without_any_plugin_serves_its_own_endpoints() {
    let kernel = Kernel::start(&[], "");
    assert_eq!(kernel.get("/ready").ok()["status"], "ready");
    kernel.get("/api/v1/tables/anything").refuses(404, "http.not-found");
}

#[test]
fn what_a_plugin_keeps_in_memory_does_not_outlive_a_call_without_reuse() {
    let kernel = Kernel::start(&["http"], &format!("[plugins.test-http]\n{GRANT}limits = {{ reuse = false }}"));
    for _ in 0..3 {
        assert_eq!(kernel.get("/test/http/echo").status, 200);
    }
    let metrics = kernel.get("/metrics").text();
    assert!(metrics.contains("basalt_plugin_idle_instances{plugin=\"test-http\"} 0"), "{metrics}");
}
