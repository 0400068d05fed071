//! The plugins that come with a binary: a folder, or a section of the executable that `basalt bundle` wrote.
//!
//! A bundle is a preset of configuration (`bundle.toml`: what its plugins are granted) and files. It is not a registry:
//! what of it runs is decided by configuration.

use std::io::Write;
use std::path::Path;

use bytes::Bytes;

use crate::error::{Error, Result, code};

/// The name of the section in an executable.
const SECTION: &str = "basalt_bundle";
/// The preset's file name in a bundle.
pub const PRESET: &str = "bundle.toml";

/// Plugins and what they are granted unless the operator says otherwise.
#[derive(Debug, Default)]
pub struct Bundle {
    /// Configuration, weaker than the operator's.
    pub preset: Option<String>,
    /// The plugins' files, by name.
    pub plugins: Vec<(String, Bytes)>,
}

impl Bundle {
    /// The bundle in a folder.
    ///
    /// # Errors
    /// `config.invalid` when the folder cannot be read.
    pub fn open(folder: &Path) -> Result<Self> {
        let failed = |fault: std::io::Error| {
            Error::new(&code::CONFIG_INVALID, format!("the bundle {} cannot be read: {fault}", folder.display()))
        };
        let mut bundle = Self::default();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name == PRESET || name.ends_with(".wasm") {
                bundle.add(name, std::fs::read(&path).map_err(failed)?.into())?;
            }
        }
        // In a fixed order, so that a conflict of two plugins always has the same winner.
        bundle.plugins.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(bundle)
    }

    /// The bundle inside this executable; empty when it carries none.
    ///
    /// # Errors
    /// When the executable cannot be read or its section is damaged.
    pub fn embedded() -> Result<Self> {
        match libsui::find_section(SECTION).map_err(Error::internal)? {
            Some(section) => Self::decode(section),
            None => Ok(Self::default()),
        }
    }

    /// Writes a copy of the executable `base` that carries this bundle.
    ///
    /// # Errors
    /// When `base` is of a format that cannot carry one.
    pub fn embed(&self, base: &[u8], out: &mut dyn Write) -> Result<()> {
        let section = self.encode();
        let failed = |fault: libsui::Error| Error::internal(anyhow::anyhow!("{fault}"));
        let mut whole = Vec::new();
        match base {
            [0x7f, b'E', b'L', b'F', ..] => {
                libsui::Elf::new(base).append(SECTION, &section, &mut whole).map_err(failed)?
            }
            _ => libsui::Macho::from(base.to_vec())
                .and_then(|file| file.write_section(SECTION, section))
                .and_then(|file| file.build_and_sign(&mut whole))
                .map_err(failed)?,
        }
        out.write_all(&whole).map_err(Error::internal)
    }

    fn add(&mut self, name: String, content: Bytes) -> Result<()> {
        if name == PRESET {
            let text = String::from_utf8(content.to_vec()).map_err(Error::internal)?;
            self.preset = Some(text);
        } else {
            self.plugins.push((name, content));
        }
        Ok(())
    }

    /// Each file as the length of its name, the name, the length of its content, the content; lengths are 64-bit
    /// little-endian.
    fn encode(&self) -> Vec<u8> {
        let preset = self.preset.iter().map(|text| (PRESET, text.as_bytes()));
        let plugins = self.plugins.iter().map(|(name, wasm)| (name.as_str(), wasm.as_ref()));
        let mut out = Vec::new();
        for (name, content) in preset.chain(plugins) {
            for part in [name.as_bytes(), content] {
                out.extend((part.len() as u64).to_le_bytes());
                out.extend(part);
            }
        }
        out
    }

    fn decode(section: &'static [u8]) -> Result<Self> {
        let mut rest = section;
        let mut bundle = Self::default();
        while !rest.is_empty() {
            let name = take(&mut rest)?;
            let content = take(&mut rest)?;
            bundle.add(String::from_utf8_lossy(name).into_owned(), Bytes::from_static(content))?;
        }
        Ok(bundle)
    }
}

fn take(rest: &mut &'static [u8]) -> Result<&'static [u8]> {
    let damaged = || Error::internal(anyhow::anyhow!("the bundle inside this executable is damaged"));
    let (length, after) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged())?;
    let (part, after) = after.split_at_checked(length).ok_or_else(damaged)?;
    *rest = after;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_survives_being_a_section() {
        let bundle = Bundle {
            preset: Some("[plugins.a]".to_owned()),
            plugins: vec![("a.wasm".to_owned(), Bytes::from_static(b"\0asm")), ("b.wasm".to_owned(), Bytes::new())],
        };
        let section: &'static [u8] = bundle.encode().leak();
        let read = Bundle::decode(section).expect("whole");
        assert_eq!((read.preset, read.plugins), (bundle.preset, bundle.plugins));
        for end in 1..section.len() {
            let _ = Bundle::decode(&section[..end]);
        }
        assert!(Bundle::decode(&section[..section.len() - 1]).is_err());
    }
}
