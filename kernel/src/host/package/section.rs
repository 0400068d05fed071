//! The sections of a component's outermost level: what the file carries, and the names that its code imports and exports.
//!
//! What is nested is counted and not kept: it says nothing about the plugin. Whether the code is valid shows when it is
//! compiled.

use bytes::Bytes;
use wasmparser::{BinaryReaderError, Chunk, ComponentTypeRef, Encoding, Parser, Payload};

use super::{ASSET_SECTION, Interface, MANIFEST_SECTION, MIGRATION_SECTION};
use crate::error::{Error, Result};
use crate::host::manifest::refused;

/// The prefix of our sections. One that this kernel does not know may matter: it is not ignored.
const OURS: &str = "basalt:";

/// A component needs an import for each interface that it uses; the contract has some twenty.
const MOST_NAMES: usize = 1000;

/// Components in components come from composing them; the deepest that was met has three levels.
const DEEPEST: u32 = 16;
const MOST_COMPONENTS: usize = 10_000;

/// Where what a file carries lies in it, in its order.
#[derive(Debug, Default)]
pub(super) struct Sections {
    pub(super) manifests: Vec<Bytes>,
    pub(super) migrations: Vec<Bytes>,
    pub(super) assets: Vec<Bytes>,
    pub(super) interface: Interface,
    names: usize,
}

impl Sections {
    pub(super) fn read(wasm: &Bytes) -> Result<Self> {
        let mut sections = Self::default();
        let mut count = 0;
        walk(wasm, 0, &mut |depth, payload| match payload {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => Err(module()),
            Payload::ComponentSection { .. } => within(&mut count, MOST_COMPONENTS, "components"),
            payload if depth == 0 => sections.take(wasm, payload),
            _ => Ok(()),
        })?;
        Ok(sections)
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
                    within(&mut self.names, MOST_NAMES, "imports and exports")?;
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    self.interface.exports.push(export.map_err(invalid)?.name.name.to_owned());
                    within(&mut self.names, MOST_NAMES, "imports and exports")?;
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
}

/// Hands on what a component has, and what the components in it have, each with its depth. Core modules are stepped over:
/// they cannot hold anything of a plugin's. What the compiler would meet without an end in depth is refused here.
fn walk(wasm: &[u8], depth: u32, see: &mut dyn FnMut(u32, Payload<'_>) -> Result<()>) -> Result<()> {
    if depth > DEEPEST {
        return Err(refused(format!("its components are nested deeper than {DEEPEST}")));
    }
    let short = || refused("it is not valid WebAssembly: it ends too early");
    let (mut parser, mut rest) = (Parser::new(0), wasm);
    loop {
        let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).map_err(invalid)? else {
            return Err(short());
        };
        rest = rest.get(consumed..).ok_or_else(short)?;
        match payload {
            Payload::End(_) => return Ok(()),
            Payload::ModuleSection { unchecked_range, .. } => {
                rest = rest.get(unchecked_range.len()..).ok_or_else(short)?;
            }
            Payload::ComponentSection { ref unchecked_range, .. } => {
                let (nested, after) = rest.split_at_checked(unchecked_range.len()).ok_or_else(short)?;
                see(depth, payload)?;
                walk(nested, depth + 1, see)?;
                rest = after;
            }
            payload => see(depth, payload)?,
        }
    }
}

/// Counts one more.
fn within(count: &mut usize, most: usize, what: &str) -> Result<()> {
    *count += 1;
    if *count > most { Err(refused(format!("it has more than {most} {what}"))) } else { Ok(()) }
}

fn invalid(fault: BinaryReaderError) -> Error {
    refused(format!("it is not valid WebAssembly: {}", fault.to_string().escape_debug()))
}

fn module() -> Error {
    refused("it is a core module, not a component")
        .hint("`basalt plugin build` makes components of Rust; for other languages see docs/plugins.md")
}
