//! The plugin file: one component with its manifest and migrations in custom sections.
//!
//! It only appends: nothing is read back and nothing is checked beyond the component's validity.

use anyhow::Context;
use wasm_encoder::{ComponentSection, CustomSection};
use wit_component::ComponentEncoder;

use crate::guest::Migration;

/// Make a core module (which carries its WIT types in a section of its own) one plugin file.
pub(crate) fn pack(module: &[u8], manifest: &[u8], migrations: &[Migration]) -> anyhow::Result<Vec<u8>> {
    let mut bytes = component(module)?;
    append(&mut bytes, "basalt:manifest", manifest);
    for migration in migrations {
        append(&mut bytes, "basalt:migration", &[migration.name.as_bytes(), &migration.content].join(&0));
    }
    Ok(bytes)
}

fn component(module: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(module).context("not a guest module")?;
    encoder.encode().context("cannot be made a component")
}

fn append(bytes: &mut Vec<u8>, name: &str, content: &[u8]) {
    CustomSection { name: name.into(), data: content.into() }.append_to_component(bytes);
}
