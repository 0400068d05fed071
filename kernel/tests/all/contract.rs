//! What was built for an older contract still runs: the guest that is kept of each published version, as it was packed.
//!
//! `cargo xtask freeze` keeps one; `xtask/tests/contract` compares the texts.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use basalt::host::package::Package;
use serde_json::Value;

use crate::kernel::{Kernel, Setup};

const GRANT: &str = "[plugins.test-contract]\ngrant = { http = { filter = true }, sql = { modes = [\"own\"] }, \
    schema = { schemas = [\"public\"] }, log = {}, clock = {}, random = {}, settings = {}, \
    dispatch = { routes = [\"GET /test/contract/{word}\"] }, secret = { names = [\"kept_word\"] }, \
    identity = {} }\n";

fn kept() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract");
    std::fs::read_dir(folder).expect("kept contracts").flatten().map(|entry| entry.path()).collect()
}

fn start(guest: &[u8]) -> Kernel {
    let setup = Setup::new(&[], GRANT);
    std::fs::write(setup.path("bundle/guest.wasm"), guest).expect("written");
    let kernel = setup.start();
    assert_eq!(kernel.operate("PUT", "secrets/kept_word", b"quiet").status, 204);
    kernel
}

/// The capabilities that answered, once all of them did well.
fn call(kernel: &Kernel) -> BTreeSet<String> {
    let answer = kernel.ask("POST", "/test/contract/word?a=b", &[], b"content");
    let results = answer.ok();
    let results = results.as_object().expect("an object");
    assert!(results.values().all(|result| result == "well"), "{results:?}");
    assert_eq!(answer.header("x-after"), "seen");
    results.iter().map(|(name, _): (&String, &Value)| name.clone()).collect()
}

/// The packages of a kept contract that have functions; `plugin` has the worlds.
fn packages(folder: &Path) -> BTreeSet<String> {
    let folders = std::fs::read_dir(folder.join("wit")).expect("a contract").flatten();
    folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).filter(|name| name != "plugin").collect()
}

#[test]
fn the_guest_of_every_version_loads_and_answers() {
    let kept = kept();
    assert!(!kept.is_empty());
    for folder in kept {
        let guest = std::fs::read(folder.join("guest.wasm")).expect("a guest");
        assert!(guest.len() < 70_000, "{} bytes are kept for good", guest.len());
        let answered = call(&start(&guest));
        assert_eq!(answered, packages(&folder), "the guest uses every package of its contract");
    }
}

/// The names in a component carry a version; another one of as many digits can stand there.
fn with_version(guest: &[u8], version: &str) -> Vec<u8> {
    let mut guest = guest.to_vec();
    let places: Vec<_> =
        guest.windows(6).enumerate().filter(|(_, bytes)| bytes == b"@0.1.0").map(|(at, _)| at).collect();
    assert!(places.len() > 8, "only {places:?}");
    for at in places {
        guest[at..at + 6].copy_from_slice(version.as_bytes());
    }
    guest
}

fn guest() -> Vec<u8> {
    let folder = kept().into_iter().find(|folder| folder.ends_with("0.1.0")).expect("the first version");
    std::fs::read(folder.join("guest.wasm")).expect("a guest")
}

#[test]
fn patch_versions_of_the_contract_go_together() {
    call(&start(&with_version(&guest(), "@0.1.9")));
}

#[test]
fn another_version_of_the_contract_is_refused_by_name() {
    let guest = with_version(&guest(), "@0.2.0");
    Package::parse(guest.clone().into()).expect("a whole file: only its contract is not ours");
    let kernel = start(&guest);
    kernel.ask("POST", "/test/contract/word", &[], b"").refuses(503, "plugin.unavailable");
    kernel.wait_for_log("basalt:");
    kernel.wait_for_log("@0.2.0");
}
