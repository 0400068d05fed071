//! A plugin's file: a WASM component that carries its manifest and migrations as custom sections.
//!
//! Reading it runs nothing. It does not compile either: that is [`super::engine`]'s.

use std::path::Path;

use bytes::Bytes;
use wasmparser::{Encoding, Parser, Payload};

use super::manifest::{Manifest, refused};
use crate::error::Result;

/// The section with `plugin.toml`.
pub const MANIFEST_SECTION: &str = "basalt:manifest";
/// A section for each migration: its file name, a NUL byte, its text.
pub const MIGRATION_SECTION: &str = "basalt:migration";

/// No useful component is larger: the largest language runtime measured is 19 MB.
const MAX_SIZE: usize = 64 << 20;

/// A plugin's file, taken apart.
#[derive(Debug, Clone)]
pub struct Package {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its migrations by name, in order.
    pub migrations: Vec<(String, String)>,
    /// The whole file.
    pub wasm: Bytes,
}

impl Package {
    /// Reads a file.
    ///
    /// # Errors
    /// `plugin.refused` when it cannot be read or is no plugin.
    pub fn open(path: &Path) -> Result<Self> {
        let wasm =
            std::fs::read(path).map_err(|fault| refused(format!("{} cannot be read: {fault}", path.display())))?;
        Self::parse(wasm.into())
    }

    /// Takes a file's content apart.
    ///
    /// # Errors
    /// `plugin.refused` when it is too large, no component, or has no valid manifest.
    pub fn parse(wasm: Bytes) -> Result<Self> {
        if wasm.len() > MAX_SIZE {
            return Err(refused(format!("it has {} bytes, more than {MAX_SIZE}", wasm.len())));
        }
        let sections = sections(&wasm)?;
        let mut manifests = sections.iter().filter(|(name, _)| name == MANIFEST_SECTION);
        let manifest = match (manifests.next(), manifests.next()) {
            (Some((_, data)), None) => Manifest::parse(&text(data)?)?,
            (None, _) => return Err(refused("it carries no manifest; `cargo xtask plugins` packs one into it")),
            (Some(_), Some(_)) => return Err(refused("it carries two manifests")),
        };
        let migrations = sections.iter().filter(|(name, _)| name == MIGRATION_SECTION);
        let migrations = migrations.map(|(_, data)| migration(data)).collect::<Result<_>>()?;
        Ok(Self { manifest, migrations, wasm })
    }
}

/// The custom sections of the outermost component: those of nested modules say nothing about the plugin.
fn sections(wasm: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
    let mut sections = Vec::new();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(|fault| refused(format!("it is not valid WebAssembly: {fault}")))? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(refused("it is a core module, not a component"));
            }
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section) if depth == 1 => {
                sections.push((section.name().to_owned(), section.data().to_vec()));
            }
            _ => {}
        }
    }
    Ok(sections)
}

fn text(data: &[u8]) -> Result<String> {
    String::from_utf8(data.to_vec()).map_err(|_| refused("its manifest or a migration is not UTF-8"))
}

fn migration(data: &[u8]) -> Result<(String, String)> {
    let text = text(data)?;
    let (name, sql) = text.split_once('\0').ok_or_else(|| refused("a migration has no name"))?;
    Ok((name.to_owned(), sql.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_component_is_refused_with_a_reason() {
        for (content, reason) in [
            (&b""[..], "not valid WebAssembly"),
            (b"hello, this is text", "not valid WebAssembly"),
            (b"\0asm\x01\0\0\0", "a core module"),
            (b"\0asm\x0d\0\x01\0", "no manifest"),
        ] {
            let error = Package::parse(Bytes::from_static(content)).expect_err("refused");
            assert!(error.message.contains(reason), "{content:?}: {error}");
        }
    }
}
