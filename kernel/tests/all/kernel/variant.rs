//! Fixtures with manifests of a test's own: the same code, wanting something else. It compiles nothing.

use std::path::Path;

use super::{Setup, given};

const MANIFEST: &str = "basalt:manifest";

impl Setup {
    /// Puts the code of a fixture into the bundle as the plugin `id`, with what this adds to a manifest.
    pub fn variant(&self, fixture: &str, id: &str, manifest: &str) {
        let head = format!("id = \"{id}\"\nversion = \"0.1.0\"\ndescription = \"\"\nlicense = \"MIT\"\n");
        let packed = packed(fixture, &format!("{head}{manifest}"));
        std::fs::write(self.path("bundle").join(format!("{id}.wasm")), packed).expect("written");
    }
}

/// The code of a fixture with this manifest.
pub fn packed(fixture: &str, manifest: &str) -> Vec<u8> {
    let file = Path::new(&given("BASALT_TEST_PLUGINS")).join(format!("{fixture}.wasm"));
    repack(&std::fs::read(&file).unwrap_or_else(|_| panic!("no {fixture}")), manifest)
}

/// A component of these sections, with this manifest.
pub fn component(sections: &[u8], manifest: &str) -> Vec<u8> {
    repack(&[b"\0asm\x0d\0\x01\0", sections].concat(), manifest)
}

/// The component with another manifest in place of its own.
fn repack(wasm: &[u8], manifest: &str) -> Vec<u8> {
    let (head, mut rest) = wasm.split_at(8);
    let mut packed = head.to_vec();
    while let Some((id, after)) = rest.split_first() {
        let (length, content) = number(after);
        let (content, next) = content.split_at(length);
        if *id != 0 || !is_manifest(content) {
            packed.extend(&rest[..rest.len() - next.len()]);
        }
        rest = next;
    }
    let section = [&encoded(MANIFEST.len())[..], MANIFEST.as_bytes(), manifest.as_bytes()].concat();
    packed.push(0);
    packed.extend(encoded(section.len()));
    packed.extend(section);
    packed
}

fn is_manifest(content: &[u8]) -> bool {
    let (length, content) = number(content);
    &content[..length] == MANIFEST.as_bytes()
}

/// A number as WebAssembly writes it, seven bits at a time, and what follows.
fn number(bytes: &[u8]) -> (usize, &[u8]) {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0).expect("an end") + 1;
    let value = bytes[..end].iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f));
    (value, &bytes[end..])
}

/// A number as WebAssembly writes it.
pub fn encoded(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).expect("seven bits") | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).expect("seven bits"));
    bytes
}
