//! `basalt plugin keygen` and `sign`, and the real `minisign`: what one makes, the other takes.

use super::{Key, file, plugin, refused, run, text, trusting, well};
use crate::kernel::Setup;

/// A folder with a plugin's file, and its path.
fn scene() -> (Setup, String) {
    let setup = Setup::embedded(&[], "");
    let path = setup.path("shop.wasm");
    std::fs::write(&path, file("1.2.3", "")).expect("written");
    let path = path.to_str().expect("text").to_owned();
    (setup, path)
}

fn public(printed: &str) -> &str {
    printed.split("yourname = \"").nth(1).and_then(|rest| rest.split('"').next()).expect("a key")
}

#[test]
fn what_we_sign_minisign_checks() {
    let (setup, path) = scene();
    let (printed, _) = well(&setup, &["keygen", "--no-password"]);
    let (signed, _) = well(&setup, &["sign", &path]);
    assert!(signed.contains("shop.wasm.minisig: test-log 1.2.3, signed with RW"), "{signed}");
    let shown = text(&run("minisign", &["-V", "-P", public(&printed), "-m", &path]).stdout);
    assert!(shown.contains("plugin:test-log 1.2.3"), "{shown}");
    run("minisign", &["-V", "-p", setup.path("basalt.key.pub").to_str().expect("text"), "-m", &path]);
    run("minisign", &["-S", "-W", "-s", setup.path("basalt.key").to_str().expect("text"), "-m", &path]);
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(setup.path("basalt.key")).expect("a key"));
    assert_eq!(mode & 0o777, 0o600);
    refused(&setup, &["keygen", "--no-password"], "signature.invalid");
    std::fs::write(&path, "hello").expect("written");
    refused(&setup, &["sign", &path], "plugin.refused");
}

#[test]
fn a_key_of_minisign_signs_here() {
    let (setup, path) = scene();
    let key = Key::new();
    let secret = key.folder.path().join("key");
    well(&setup, &["sign", &path, "--key", secret.to_str().expect("text")]);
    run("minisign", &["-V", "-P", &key.public, "-m", &path]);
    setup.configure(&trusting(&[("acme", &key)], true));
    assert!(refused(&setup, &["sign", &path, "--key", "missing"], "signature.invalid").contains("keygen"));
    assert!(refused(&setup, &["sign", &path, "--key", &path], "signature.invalid").contains("shop.wasm"));
}

#[test]
fn a_key_with_a_password_wants_it() {
    let (setup, path) = scene();
    let with = |password: &str, arguments: &[&str]| {
        let mut command = setup.command();
        command.env("BASALT_SIGNING_PASSWORD", password).arg("plugin").args(arguments);
        command.output().expect("runs")
    };
    assert!(with("opensesame", &["keygen"]).status.success());
    assert!(with("opensesame", &["sign", &path]).status.success());
    run("minisign", &["-V", "-p", setup.path("basalt.key.pub").to_str().expect("text"), "-m", &path]);
    let wrong = with("sesame", &["sign", &path]);
    assert!(text(&wrong.stderr).contains("[signature.invalid]"), "{}", text(&wrong.stderr));
    assert!(!plugin(&setup, &["sign", &path]).status.success(), "a pipe has no password");
}
