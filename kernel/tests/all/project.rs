//! Projects of plugins, as far as nothing is compiled: `tutorial` does the rest.

use crate::kernel::Setup;

#[track_caller]
fn refused(setup: &Setup, arguments: &[&str], words: &str) {
    let output = setup.run(&[&["plugin"], arguments].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: ") && said.contains(words), "{arguments:?}: {said}");
}

fn read(setup: &Setup, path: &str) -> String {
    std::fs::read_to_string(setup.path(path)).unwrap_or_else(|fault| panic!("{path}: {fault}"))
}

#[test]
fn a_project_is_whole_and_of_its_name() {
    let setup = Setup::embedded(&[], "");
    assert!(setup.run(&["plugin", "new", "short-links", "--lang", "rust"]).status.success());
    assert!(read(&setup, "short-links/plugin.toml").contains("id = \"short-links\""));
    assert!(read(&setup, "short-links/Cargo.toml").contains("name = \"short-links\""));
    for (copy, own) in [("sdk-plugin/src/lib.rs", "sdk-plugin/src/lib.rs"), ("wit/http/http.wit", "wit/http/http.wit")]
    {
        let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(own);
        assert_eq!(read(&setup, &format!("short-links/.basalt/{copy}")), std::fs::read_to_string(own).expect("a file"));
    }
    assert!(!setup.path("short-links/.basalt/sdk-plugin/template").exists());
}

#[test]
fn a_project_overwrites_nothing() {
    let setup = Setup::embedded(&[], "");
    std::fs::create_dir(setup.path("mine")).expect("made");
    std::fs::write(setup.path("mine/plugin.toml"), "mine").expect("written");
    refused(&setup, &["new", "mine"], "there already");
    assert_eq!(read(&setup, "mine/plugin.toml"), "mine");
    assert!(setup.run(&["plugin", "new", "mine", "--folder", "elsewhere"]).status.success());
    assert!(read(&setup, "elsewhere/plugin.toml").contains("id = \"mine\""));
}

#[test]
fn a_name_is_an_id_and_nothing_else() {
    let setup = Setup::embedded(&[], "");
    for name in ["Hello", "../hello", "a b", "1st", "a\"\nx = 1"] {
        refused(&setup, &["new", name], "[plugin.refused]");
    }
    assert!(!setup.path("../hello").exists());
}

#[test]
fn what_is_no_project_is_said_before_anything_starts() {
    let setup = Setup::embedded(&[], "");
    std::fs::create_dir(setup.path("empty")).expect("made");
    for command in ["dev", "build", "test"] {
        refused(&setup, &[command, "empty"], "[plugin.refused]");
    }
    std::fs::write(setup.path("empty/Cargo.toml"), "").expect("written");
    refused(&setup, &["dev", "empty"], "basalt plugin new");
    assert!(!setup.path("data/kernel.lock").exists());
}
