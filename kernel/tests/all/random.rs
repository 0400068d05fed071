//! `random`: bytes that differ from call to call, in bounded amounts.

use crate::kernel::Kernel;

#[test]
fn random_bytes_differ_and_are_bounded() {
    let kernel = Kernel::start(&["random"], "[plugins.test-random.grant]\nhttp = {}\nrandom = {}");
    let (one, other) = (kernel.get("/test/random/32").ok(), kernel.get("/test/random/32").ok());
    assert_eq!(one["bytes"].as_array().map(Vec::len), Some(32));
    assert_ne!(one, other);
    assert_eq!(kernel.get("/test/random/65536").status, 200);
    kernel.get("/test/random/65537").refuses(500, "plugin.trap");
}

#[test]
fn ordinary_crates_are_given_it() {
    let kernel = Kernel::start(&["random"], "[plugins.test-random.grant]\nhttp = {}\nrandom = {}");
    let crates = || kernel.get("/test/random/0").ok()["crates"].as_array().expect("a list").clone();
    let given = [crates(), crates()].concat();
    assert_eq!(given.len(), 6);
    for (at, one) in given.iter().enumerate() {
        assert!(!given[..at].contains(one), "{given:?}");
        assert!(one.as_array().expect("bytes").iter().any(|byte| byte != 0));
    }
}
