//! The sections of a component's outermost level: what the file carries, and the names that its code imports and exports.
//!
//! What is nested is stepped over, not read: it says nothing about the plugin, and its depth is a stranger's choice. Whether
//! the code is valid shows when it is compiled.

use bytes::Bytes;
use wasmparser::{BinaryReaderError, Chunk, ComponentTypeRef, Encoding, Parser, Payload};

use super::{ASSET_SECTION, Interface, MANIFEST_SECTION, MIGRATION_SECTION};
use crate::error::{Error, Result};
use crate::host::manifest::refused;

/// The prefix of our sections. One that this kernel does not know may matter: it is not ignored.
const OURS: &str = "basalt:";

/// A component needs an import for each interface that it uses; the contract has some twenty.
const MOST_NAMES: usize = 1000;

/// Where what a file carries lies in it, in its order.
#[derive(Debug, Default)]
pub(super) struct Sections {
    pub(super) manifests: Vec<Bytes>,
    pub(super) migrations: Vec<Bytes>,
    pub(super) assets: Vec<Bytes>,
    pub(super) interface: Interface,
}

impl Sections {
    pub(super) fn read(wasm: &Bytes) -> Result<Self> {
        let mut sections = Self::default();
        let (mut parser, mut rest) = (Parser::new(0), &wasm[..]);
        loop {
            let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).map_err(invalid)? else {
                return Err(refused("it is not valid WebAssembly: it ends too early"));
            };
            rest = rest.get(consumed..).unwrap_or_default();
            match payload {
                Payload::Version { encoding: Encoding::Module, .. } => return Err(module()),
                Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                    let nested = rest.get(unchecked_range.len()..);
                    rest = nested.ok_or_else(|| refused("it is not valid WebAssembly: it ends too early"))?;
                }
                Payload::End(_) => return Ok(sections),
                payload => sections.take(wasm, payload)?,
            }
        }
    }

    fn take(&mut self, wasm: &Bytes, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::CustomSection(section) => self.carry(section.name(), wasm.slice_ref(section.data()))?,
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    let import = import.map_err(invalid)?;
                    // The type of a resource alone lets nobody call anything.
                    if !matches!(import.ty, ComponentTypeRef::Type(_)) {
                        self.interface.imports.push(import.name.name.to_owned());
                    }
                    self.check_names()?;
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    self.interface.exports.push(export.map_err(invalid)?.name.name.to_owned());
                    self.check_names()?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn carry(&mut self, name: &str, data: Bytes) -> Result<()> {
        match name {
            MANIFEST_SECTION => self.manifests.push(data),
            MIGRATION_SECTION => self.migrations.push(data),
            ASSET_SECTION => self.assets.push(data),
            name if name.starts_with(OURS) => {
                let name: String = name.chars().take(50).flat_map(char::escape_debug).collect();
                return Err(refused(format!("it carries a section {name}, which this kernel does not know"))
                    .hint("a newer kernel may"));
            }
            _ => {}
        }
        Ok(())
    }

    fn check_names(&self) -> Result<()> {
        let names = self.interface.imports.len() + self.interface.exports.len();
        if names > MOST_NAMES { Err(refused(format!("it has more than {MOST_NAMES} imports and exports"))) } else { Ok(()) }
    }
}

fn invalid(fault: BinaryReaderError) -> Error {
    refused(format!("it is not valid WebAssembly: {}", fault.to_string().escape_debug()))
}

fn module() -> Error {
    refused("it is a core module, not a component")
        .hint("`basalt plugin build` makes components of Rust; for other languages see docs/plugins.md")
}
