//! Plugins from anywhere: files, URLs and registries, signed and unsigned; and what hostile ones of each get.

mod lie;
mod page;
mod policy;
mod registry;
mod sign;
mod web;

use std::process::{Command, Output};

use crate::kernel::Setup;
use crate::kernel::variant::packed;

/// The fixture as this version of a plugin that asks for the log, or for something else.
fn file(version: &str, wants: &str) -> Vec<u8> {
    let head = format!("id = \"test-log\"\nversion = \"{version}\"\ndescription = \"Tests\"\nlicense = \"MIT\"\n");
    let route = "[[route]]\nname = \"main\"\npath = \"/{lines}\"\nmounts = [\"/test/x\"]\n[want.http]\n[want.log]\n";
    packed("log", &format!("{head}{route}{wants}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs `basalt plugin` with these.
fn plugin(setup: &Setup, arguments: &[&str]) -> Output {
    setup.run(&[&["plugin"], arguments].concat())
}

/// What a command that succeeds prints: its output, and what it says beside.
#[track_caller]
fn well(setup: &Setup, arguments: &[&str]) -> (String, String) {
    let output = plugin(setup, arguments);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {out}{err}");
    (out, err)
}

/// What a command says that is refused with this code.
#[track_caller]
fn refused(setup: &Setup, arguments: &[&str], code: &str) -> String {
    let output = plugin(setup, arguments);
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {err}");
    assert!(err.contains(&format!("[{code}]\n")), "{arguments:?}: {code} is not in {err}");
    err
}

/// Runs a program that `cargo xtask test` installed.
#[track_caller]
fn run(program: &str, arguments: &[&str]) -> Output {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|fault| panic!("{program}: {fault}; `cargo xtask test` installs it"));
    assert!(output.status.success(), "{program} {arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    output
}

/// A key of the real `minisign`.
struct Key {
    folder: tempfile::TempDir,
    public: String,
}

impl Key {
    fn new() -> Self {
        let folder = tempfile::TempDir::new().expect("a folder");
        let [public, secret] = ["pub", "key"].map(|name| folder.path().join(name).to_str().expect("text").to_owned());
        run("minisign", &["-G", "-W", "-p", &public, "-s", &secret]);
        let text = std::fs::read_to_string(public).expect("a key");
        let public = text.lines().nth(1).expect("two lines").to_owned();
        Self { folder, public }
    }

    /// The signature of a file, as the real `minisign` makes it.
    fn sign(&self, file: &[u8]) -> String {
        let [path, secret] =
            ["file", "key"].map(|name| self.folder.path().join(name).to_str().expect("text").to_owned());
        std::fs::write(&path, file).expect("written");
        run("minisign", &["-S", "-W", "-s", &secret, "-m", &path]);
        std::fs::read_to_string(format!("{path}.minisig")).expect("a signature")
    }
}

/// A configuration that trusts these.
fn trusting(keys: &[(&str, &Key)], required: bool) -> String {
    let keys: Vec<_> = keys.iter().map(|(name, key)| format!("{name} = {:?}", key.public)).collect();
    format!("[signature]\nrequired = {required}\nkeys = {{ {} }}\n", keys.join(", "))
}
