//! From an OCI registry: the one that Debian packages, pushed to by skopeo.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use basalt::store::plugin::Digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Key, file, refused, run, trusting, well};
use crate::kernel::tls::Authority;
use crate::kernel::{Kernel, Setup};

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const WASM: &str = "application/wasm";
pub(super) const SIGNATURE: &str = "application/vnd.basalt.minisig";

/// The login `ann`, `secret`, as htpasswd keeps it.
const HTPASSWD: &str = "ann:$2b$05$TXzLaYVGxt1v7TwS4VC1QOoDxCE792WPasQB2uElOr3V8.gsb.Zc.";

pub(super) fn sha256(content: &[u8]) -> String {
    format!("sha256:{}", Digest::of(content))
}

pub(super) fn descriptor(kind: &str, content: &[u8]) -> Value {
    json!({ "mediaType": kind, "digest": sha256(content), "size": content.len() })
}

/// A manifest in the layout of WebAssembly artifacts.
pub(super) fn manifest(layers: &[(&str, &[u8])]) -> Vec<u8> {
    let layers: Vec<_> = layers.iter().map(|(kind, content)| descriptor(kind, content)).collect();
    let config = descriptor("application/vnd.wasm.config.v0+json", CONFIG);
    json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers }).to_string().into_bytes()
}

pub(super) const CONFIG: &[u8] = br#"{"architecture":"wasm","os":"wasip2","layerDigests":[]}"#;

/// The registry of Debian.
pub(super) struct Registry {
    process: Child,
    folder: TempDir,
    pub(super) authority: String,
}

impl Registry {
    /// With more of its configuration's `http` and `auth`.
    pub(super) fn start(http: &str, auth: &str, folder: TempDir) -> Self {
        let config = folder.path().join("config.yml");
        let data = folder.path().join("data");
        let text = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {data:?}}}}}\nhttp: {{addr: \"127.0.0.1:0\"{http}}}\n{auth}\n"
        );
        std::fs::write(&config, text).expect("written");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("`cargo xtask test` installs docker-registry");
        let mut lines = BufReader::new(process.stderr.take().expect("piped")).lines().map_while(Result::ok);
        let listening = |line: String| Some(line.split("listening on ").nth(1)?.split([',', '"']).next()?.to_owned());
        let authority = lines.by_ref().find_map(listening).expect("it listens");
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, folder, authority }
    }

    /// With a certificate of this authority, and logins where there are some.
    pub(super) fn secured(authority: &Authority, users: Option<&str>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let (certificate, key) = authority.certify("127.0.0.1").pem();
        for (name, text) in [("cert", &*certificate), ("key", &*key), ("users", users.unwrap_or_default())] {
            std::fs::write(at(name), text).expect("written");
        }
        let http = format!(", tls: {{certificate: {:?}, key: {:?}}}", at("cert"), at("key"));
        let auth = users.map(|_| format!("auth: {{htpasswd: {{realm: here, path: {:?}}}}}", at("users")));
        Self::start(&http, &auth.unwrap_or_default(), folder)
    }

    fn plain() -> Self {
        Self::start("", "", TempDir::new().expect("a folder"))
    }

    /// Pushes what a manifest is made of, with skopeo.
    pub(super) fn push(&self, name: &str, manifest: &[u8], blobs: &[&[u8]], more: &[&str]) {
        let layout = self.folder.path().join(name.replace([':', '/'], "-"));
        std::fs::create_dir_all(layout.join("blobs/sha256")).expect("a folder");
        for blob in blobs.iter().chain(&[CONFIG, manifest]) {
            std::fs::write(layout.join("blobs/sha256").join(Digest::of(blob).as_str()), blob).expect("written");
        }
        let mut entry = descriptor(MANIFEST, manifest);
        entry["annotations"] = json!({ "org.opencontainers.image.ref.name": "it" });
        let index = json!({ "schemaVersion": 2, "manifests": [entry] }).to_string();
        std::fs::write(layout.join("index.json"), index).expect("written");
        std::fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).expect("written");
        let (from, to) = (format!("oci:{}:it", layout.display()), format!("docker://{}/{name}", self.authority));
        run("skopeo", &[&["copy", "--insecure-policy", "--dest-tls-verify=false"], more, &[&from, &to]].concat());
    }

    fn oci(&self, name: &str) -> String {
        format!("oci://{}/{name}", self.authority)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_plugin_comes_from_a_registry_with_its_signature() {
    let (registry, acme) = (Registry::plain(), Key::new());
    let kernel = Kernel::start(&[], &trusting(&[("acme", &acme)], true));
    let setup = &kernel.setup;
    let [one, two] = ["1.0.0", "2.0.0"].map(|version| file(version, ""));
    let signature = acme.sign(&one).into_bytes();
    let signed = manifest(&[(WASM, &one), (SIGNATURE, &signature)]);
    registry.push("team/shop:1.0.0", &signed, &[&one, &signature], &[]);
    registry.push("team/shop:2.0.0", &manifest(&[(WASM, &two)]), &[&two], &[]);

    let pinned = registry.oci(&format!("team/shop@{}", sha256(&signed)));
    let (out, err) = well(setup, &["add", &registry.oci("team/shop:1.0.0"), "--plain-http", "--yes"]);
    assert!(out.starts_with("test-log 1.0.0: Tests\nlicence: MIT, signed by acme\n"), "{out}");
    assert!(
        err.contains(&format!("fetched {pinned}: {} bytes, {}", one.len(), sha256(&one).replace(':', " "))),
        "{err}"
    );
    assert_eq!(well(setup, &["add", &pinned, "--plain-http"]).0, "test-log 1.0.0 is installed again\n");
    assert_eq!(kernel.get("/test/x/1").status, 204);

    let two_at = registry.oci("team/shop:2.0.0");
    refused(setup, &["upgrade", &two_at, "--plain-http", "--yes"], "signature.missing");
    let beside = setup.path("two.minisig");
    std::fs::write(&beside, acme.sign(&two)).expect("written");
    let beside = beside.to_str().expect("text");
    well(setup, &["upgrade", &two_at, "--plain-http", "--yes", "--signature", beside]);

    let other = registry.oci(&format!("team/shop:1.0.0@{}", sha256(&one)));
    for (source, code) in [
        (registry.oci("team/shop:3"), "source.unreachable"),
        (registry.oci("team/other:1.0.0"), "source.unreachable"),
        (other, "source.unreachable"),
        ("oci://example.com/team/shop:1".to_owned(), "source.invalid"),
    ] {
        refused(setup, &["add", &source, "--plain-http"], code);
    }
    refused(setup, &["add", &registry.oci("team/shop:1.0.0")], "source.unreachable");
}

#[test]
fn a_registry_with_tls_and_logins_is_asked_with_what_docker_keeps() {
    let authority = Authority::new();
    let registry = Registry::secured(&authority, Some(HTPASSWD));
    let setup = Setup::new(&[], "");
    std::fs::write(setup.path("ca.pem"), authority.pem()).expect("written");
    let (ca, one) = (setup.path("ca.pem").to_str().expect("text").to_owned(), file("1.0.0", ""));
    registry.push("shop:1", &manifest(&[(WASM, &one)]), &[&one], &["--dest-creds=ann:secret"]);
    let keeps = setup.path("").to_str().expect("text").to_owned();
    let setup = setup.env("DOCKER_CONFIG", &keeps);
    let arguments = ["add", &registry.oci("shop:1"), "--ca", &ca, "--yes"];
    assert!(refused(&setup, &arguments, "source.denied").contains("docker login"));
    log_in(&setup, &registry.authority, "ann:wrong");
    refused(&setup, &arguments, "source.denied");
    log_in(&setup, &registry.authority, "ann:secret");
    assert!(well(&setup, &arguments).0.ends_with("test-log 1.0.0 is installed\n"));
    refused(&setup, &["add", &registry.oci("shop:1")], "source.unreachable");
}

/// Leaves what `docker login` leaves.
fn log_in(setup: &Setup, registry: &str, login: &str) {
    let config = json!({ "auths": { registry: { "auth": STANDARD.encode(login) } } });
    std::fs::write(setup.path("config.json"), config.to_string()).expect("written");
}
