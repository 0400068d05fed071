//! PostgREST's configuration as the kernel's. Each of its keys is an ordinary setting of ours.

use serde_json::{Value, json};

/// The rest of a kernel's configuration file: everything but where things are.
pub(super) fn of(config: &Value) -> String {
    let text = |key: &str, default: &str| config[key].as_str().unwrap_or(default).to_owned();
    let list = |key: &str, default: &[&str]| if config[key].is_array() { config[key].clone() } else { json!(default) };
    let flag = |key: &str, default: bool| config[key].as_bool().unwrap_or(default);
    let most = config["db-max-rows"].as_str().and_then(|rows| rows.parse().ok()).unwrap_or(0);
    // The one that loads the extension `safeupdate`, which Debian does not have: our own setting says the same.
    let before = text("db-pre-request", "test.switch_role");
    let safe = before == "test.load_safeupdate";
    let before = if safe { "test.switch_role".to_owned() } else { before };
    let verbose = config["client-error-verbosity"] != "Minimal";
    let settings = [
        ("schemas", list("db-schemas", &["test"])),
        ("extra_search_path", list("db-extra-search-path", &[])),
        ("pre_request", json!(before)),
        ("root_spec", json!(text("db-root-spec", ""))),
        ("openapi", json!(text("openapi-mode", "follow-privileges"))),
        ("openapi_security", json!(flag("openapi-security-active", false))),
        ("transaction_end", json!("rollback-allow-override")),
        ("aggregates", json!(flag("db-aggregates-enabled", false))),
        ("plans", json!(flag("db-plan-enabled", false))),
        ("server_timing", json!(flag("server-timing-enabled", true))),
        ("verbose_errors", json!(verbose)),
        ("target_names", json!(flag("url-use-legacy-target-names", true))),
        ("default_limit", json!(0)),
        ("max_limit", json!(most)),
        ("max_results", json!(0)),
        ("require_filter", json!(safe)),
    ];
    let lines: Vec<_> = settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!(
        "[auth]\njwt_secret = \"reallyreallyreallyreallyverysafe\"\nanonymous_role = \"postgrest_test_anonymous\"\n\
         [server.cors]\norigins = {}\n\
         [plugins.rest.mounts]\ntable = [\"/\"]\nfunction = [\"/\"]\nroot = [\"/\"]\nnothing = [\"/\"]\nnothing-deep = [\"/\"]\n\
         [plugins.etag]\nenabled = false\n\
         [plugins.rest.settings]\n{}\n\
         [plugins.rest.settings.app_settings]\n\"app.settings.app_host\" = \"localhost\"\n\
         \"app.settings.external_api_secret\" = \"0123456789abcdef\"\n",
        list("server-cors-allowed-origins", &["*"]),
        lines.join("\n"),
    )
}
