//! What the operator set for a plugin. It does not check values: `host` does, against the manifest, before loading.

use std::collections::BTreeMap;

use wasmtime::component::{HasSelf, Linker};

use super::Call;
use super::bindings::basalt::settings::settings::{Host, add_to_linker};

/// Settings as JSON text, by key.
pub type Fixed = BTreeMap<String, String>;

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}

impl Host for Call {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        Ok(self.fixed.settings.get(&key).cloned())
    }
}
