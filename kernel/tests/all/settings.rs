//! `settings`: the operator's values over the manifest's defaults.

use crate::kernel::Kernel;

#[test]
fn a_setting_is_the_operators_or_the_manifests() {
    let grant = "[plugins.test-settings]\ngrant = { http = {}, settings = {} }\n";
    let kernel = Kernel::start(&["settings"], &format!("{grant}settings = {{ greeting = \"salut\" }}"));
    assert_eq!(kernel.get("/test/settings/greeting").text(), "\"salut\"");
    assert_eq!(kernel.get("/test/settings/times").text(), "2");
    assert_eq!(kernel.get("/test/settings/unknown").status, 404);
}

#[test]
fn a_setting_of_another_type_or_name_keeps_the_plugin_from_loading() {
    for (settings, reason) in [("times = \"two\"", "has to be an integer"), ("tmes = 3", "is not a setting of it")] {
        let config =
            format!("[plugins.test-settings]\ngrant = {{ http = {{}}, settings = {{}} }}\nsettings = {{ {settings} }}");
        let kernel = Kernel::start(&["settings"], &config);
        kernel.get("/test/settings/times").refuses(503, "plugin.unavailable");
        kernel.wait_for_log(reason);
    }
}
