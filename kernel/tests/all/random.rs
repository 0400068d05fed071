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
