//! `clock`: the same time as everybody else's, and one that never goes backwards.

use std::time::SystemTime;

use crate::kernel::Kernel;

#[test]
fn a_plugin_knows_what_time_it_is() {
    let kernel = Kernel::start(&["clock"], "[plugins.test-clock.grant]\nhttp = {}\nclock = {}");
    let answer = kernel.get("/test/clock/").ok();
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
    assert!(now.abs_diff(answer["now"].as_u64().expect("a number")) < 60);
    assert_eq!(answer["forward"], true);
}
