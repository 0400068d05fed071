//! `docs/plugins.md`, from "From elsewhere" on, followed to the letter: with the servers and the plugin of a test in the places
//! that it names.

use std::path::Path;
use std::process::Command;

use basalt::store::plugin::Digest;

use super::registry::{Registry, SIGNATURE, WASM, manifest, sha256};
use super::{file, text, well};
use crate::kernel::Setup;
use crate::kernel::tls::{Authority, Server, reply, target};

/// The blocks in this language behind the marker.
fn blocks(language: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/plugins.md");
    let page = std::fs::read_to_string(path).expect("a page");
    let tested = page.split_once("<!-- tested by kernel/tests/all/source/page.rs -->").expect("the marker").1;
    let fence = format!("```{language}\n");
    let blocks = tested.split(&fence).skip(1);
    blocks.filter_map(|block| Some(block.split_once("```")?.0.to_owned())).collect()
}

fn run(setup: &Setup, script: &str, environment: &[(&str, &str)]) {
    let binaries = Path::new(env!("CARGO_BIN_EXE_basalt")).parent().expect("a folder");
    let mut shell = Command::new("bash");
    shell.current_dir(setup.path("")).args(["-euc", script]).env("BASALT_DATA_DIR", setup.path("data"));
    shell.env("PATH", format!("{}:/usr/bin:/bin", binaries.display())).env("BASALT_SIGNING_PASSWORD", "opensesame");
    let output = shell.envs(environment.iter().copied()).output().expect("a shell");
    assert!(output.status.success(), "{script}\n{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn installing_goes_as_it_is_written() {
    let (scripts, authority) = (blocks("sh"), Authority::new());
    let setup = Setup::new(&[], "");
    std::fs::write(setup.path("ca.pem"), authority.pem()).expect("written");
    std::fs::write(setup.path("shop.wasm"), file("1.0.0", "")).expect("written");
    run(&setup, &scripts[2], &[]);
    let signature_of_one = std::fs::read(setup.path("shop.wasm.minisig")).expect("a signature");
    std::fs::write(setup.path("shop.wasm"), file("1.1.0", "")).expect("written");
    run(&setup, "basalt plugin sign shop.wasm", &[]);
    let signature = std::fs::read(setup.path("shop.wasm.minisig")).expect("a signature");

    let key = std::fs::read_to_string(setup.path("basalt.key.pub")).expect("a key");
    setup.configure(&blocks("toml")[0].replace("RW…", key.lines().nth(1).expect("a second line")));
    let (one, two) = (file("1.0.0", ""), file("1.1.0", ""));
    let registry = Registry::secured(&authority, None);
    let artifact = manifest(&[(WASM, &two), (SIGNATURE, &signature)]);
    registry.push("acme/shop:1.1.0", &artifact, &[&two, &signature], &[]);
    let (sha, digest) = (Digest::of(&two).to_string(), sha256(&artifact));
    let files = [("1.0.0", one, signature_of_one), ("1.1.0", two, signature)];
    let server = Server::start(Some(authority.certify("127.0.0.1").server(&[])), move |head, stream| {
        let path = target(head);
        let found = files.iter().find(|(version, ..)| path.starts_with(&format!("/shop-{version}.wasm")));
        let (_, file, signature) = found.expect("one of the two");
        reply(stream, "200 OK", if path.ends_with(".minisig") { signature } else { file });
    });
    let kernel = setup.start();
    let ca = kernel.setup.path("ca.pem").to_str().expect("text").to_owned();
    let environment = [("SSL_CERT_FILE", &*ca), ("SHA256", &sha), ("DIGEST", &digest)];
    for script in &scripts[..2] {
        let script = script.replace("https://plugins.example.com", &server.url(""));
        let script = script.replace("registry.example.com", &registry.authority);
        // Nobody is there to be asked.
        run(&kernel.setup, &script.replace("plugin add", "plugin add --yes"), &environment);
    }
    let (shown, _) = well(&kernel.setup, &["inspect", "test-log"]);
    assert!(shown.starts_with("test-log 1.1.0: ") && shown.contains("signed by  acme"), "{shown}");
}
