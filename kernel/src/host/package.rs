//! A plugin's file: a WASM component that carries its manifest, migrations and assets as custom sections.
//!
//! Reading it runs nothing, copies nothing, and allocates no more than in proportion to what it keeps: files come from
//! strangers. It does not compile either: that is [`super::engine`]'s.

mod asset;
mod interface;
mod migration;
mod pack;
mod section;

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;

pub use interface::Interface;
pub use pack::{Parts, pack};

use super::manifest::{Manifest, refused};
use crate::error::Result;
use section::Sections;

/// The section with `plugin.toml`.
pub const MANIFEST_SECTION: &str = "basalt:manifest";
/// A section for each migration: its file name, a NUL byte, its text.
pub const MIGRATION_SECTION: &str = "basalt:migration";
/// A section for each asset: its path, a NUL byte, its bytes.
pub const ASSET_SECTION: &str = "basalt:asset";

/// No useful component is larger: the largest language runtime measured is 19 MB.
const MAX_SIZE: u64 = 64 << 20;

/// A plugin's file, taken apart.
#[derive(Debug, Clone)]
pub struct Package {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The manifest as it is written.
    pub source: String,
    /// Its migrations by name, in order.
    pub migrations: Vec<(String, String)>,
    /// Its assets by path: relative, with `/`, without `.` and `..`.
    pub assets: BTreeMap<String, Bytes>,
    /// What its code imports and exports, as the component's type has it.
    pub interface: Interface,
    /// The whole file.
    pub wasm: Bytes,
}

impl Package {
    /// Reads a file.
    ///
    /// # Errors
    /// `plugin.refused` when it cannot be read or is no plugin.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |fault| refused(format!("{} cannot be read: {fault}", path.display()));
        check_size(std::fs::metadata(path).map_err(unreadable)?.len())?;
        Self::parse(std::fs::read(path).map_err(unreadable)?.into())
    }

    /// Takes a file's content apart.
    ///
    /// # Errors
    /// `plugin.refused` when it is too large, no component, or carries something that is not valid.
    pub fn parse(wasm: Bytes) -> Result<Self> {
        check_size(wasm.len() as u64)?;
        let sections = Sections::read(&wasm)?;
        let source = match sections.manifests.as_slice() {
            [manifest] => text(manifest, "its manifest")?.to_owned(),
            [] => return Err(refused("it carries no manifest").hint(PACK)),
            _ => return Err(refused("it carries more than one manifest")),
        };
        let manifest = Manifest::parse(&source)?;
        let migrations = migration::read(&sections.migrations)?;
        let assets = asset::read(&sections.assets)?;
        Ok(Self { manifest, source, migrations, assets, interface: sections.interface, wasm })
    }

    /// Checks that the code is what the manifest says: it imports no more than that wants, and exports what it promises.
    ///
    /// # Errors
    /// `plugin.refused` with the first difference.
    pub fn check(&self) -> Result<()> {
        migration::check(&self.migrations, &self.manifest)?;
        self.interface.check(&self.manifest)
    }
}

const PACK: &str = "`basalt plugin build` packs one into it, `basalt plugin pack` does for any language's component";

fn check_size(size: u64) -> Result<()> {
    if size > MAX_SIZE { Err(refused(format!("it has {size} bytes, more than {MAX_SIZE}"))) } else { Ok(()) }
}

fn text<'a>(data: &'a [u8], what: &str) -> Result<&'a str> {
    std::str::from_utf8(data).map_err(|_| refused(format!("{what} is not UTF-8")))
}

/// A section's name, a NUL byte, and the content, which shares the file's bytes.
fn named(section: &Bytes, what: &str) -> Result<(String, Bytes)> {
    let end = section.iter().position(|byte| *byte == 0).ok_or_else(|| refused(format!("{what} has no name")))?;
    let name = text(&section[..end], "a name")?.to_owned();
    Ok((name, section.slice(end + 1..)))
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
