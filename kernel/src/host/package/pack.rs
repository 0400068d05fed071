//! Making a plugin's file: a component, with its manifest, migrations and assets behind it.
//!
//! The one place that writes one; what it wrote is read back, so that nothing leaves that would be refused. It compiles
//! nothing and makes no components.

use std::path::{Path, PathBuf};

use super::{ASSET_SECTION, MANIFEST_SECTION, MIGRATION_SECTION, Package};
use crate::error::{Error, Result};
use crate::host::manifest::refused;

/// What goes into a component.
#[derive(Debug, Default)]
pub struct Parts {
    /// The text of `plugin.toml`.
    pub manifest: Vec<u8>,
    /// Name and text of each migration, in order.
    pub migrations: Vec<(String, Vec<u8>)>,
    /// Path and content of each asset.
    pub assets: Vec<(String, Vec<u8>)>,
}

impl Parts {
    /// Reads them from a manifest's file and two folders, each of which need not be there. The same content always
    /// makes the same file. Of migrations `*.sql` counts; of assets every file, in all folders below, but for those whose
    /// names begin with a dot.
    ///
    /// # Errors
    /// `plugin.refused` with what cannot be read.
    pub fn read(manifest: &Path, migrations: Option<&Path>, assets: Option<&Path>) -> Result<Self> {
        let mut parts = Self { manifest: read(manifest)?, ..Self::default() };
        for (name, path) in migrations.map(list).transpose()?.unwrap_or_default() {
            if name.ends_with(".sql") {
                parts.migrations.push((name, read(&path)?));
            }
        }
        if let Some(folder) = assets {
            parts.collect(folder, "")?;
        }
        Ok(parts)
    }

    fn collect(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        for (name, path) in list(folder)? {
            let kind = path.symlink_metadata().map_err(|fault| unreadable(&path, &fault))?.file_type();
            let name = format!("{prefix}{name}");
            if kind.is_dir() {
                self.collect(&path, &format!("{name}/"))?;
            } else if kind.is_file() {
                self.assets.push((name, read(&path)?));
            } else {
                // A link could carry a file of its author's machine away that nobody looked at.
                return Err(refused(format!("the asset {} is no ordinary file", path.display())));
            }
        }
        Ok(())
    }
}

/// Makes a plugin's file of a component.
///
/// # Errors
/// `plugin.refused` when what comes out would be.
pub fn pack(component: &[u8], parts: &Parts) -> Result<Package> {
    let mut wasm = component.to_vec();
    append(&mut wasm, MANIFEST_SECTION, &[&parts.manifest]);
    for (name, content) in &parts.migrations {
        append(&mut wasm, MIGRATION_SECTION, &[name.as_bytes(), b"\0", content]);
    }
    for (path, content) in &parts.assets {
        append(&mut wasm, ASSET_SECTION, &[path.as_bytes(), b"\0", content]);
    }
    let package = Package::parse(wasm.into())?;
    package.check()?;
    Ok(package)
}

/// Adds a custom section: the byte 0, the length of what follows, the length of the name, the name, the content.
fn append(wasm: &mut Vec<u8>, name: &str, content: &[&[u8]]) {
    let mut section = Vec::new();
    length(&mut section, name.len());
    section.extend_from_slice(name.as_bytes());
    content.iter().for_each(|part| section.extend_from_slice(part));
    wasm.push(0);
    length(wasm, section.len());
    wasm.append(&mut section);
}

/// As LEB128: seven bits a byte, the lowest first, the highest bit set on all but the last.
fn length(out: &mut Vec<u8>, mut length: usize) {
    while length > 0x7f {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

/// Names and paths in a folder, sorted; hidden ones left out. Nothing when there is no such folder.
fn list(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|fault| unreadable(folder, &fault))? {
        let path = entry.map_err(|fault| unreadable(folder, &fault))?.path();
        let name = path.file_name().unwrap_or_default();
        let name = name.to_str().ok_or_else(|| refused(format!("{} is not UTF-8", path.display())))?.to_owned();
        if !name.starts_with('.') {
            entries.push((name, path));
        }
    }
    entries.sort();
    Ok(entries)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|fault| unreadable(path, &fault))
}

fn unreadable(path: &Path, fault: &std::io::Error) -> Error {
    refused(format!("{} cannot be read: {fault}", path.display()))
}
