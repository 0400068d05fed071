//! What a component's code can call and offers: the list that its manifest has to agree with.
//!
//! It is read from the outside, before anything is compiled; that nothing more is linked is [`crate::host::plugin`]'s doing.

use crate::capability;
use crate::error::{Error, Result, code};
use crate::host::manifest::{Manifest, refused};

/// The names that a component imports and exports, like `basalt:sql/sql@0.1.0`.
#[derive(Debug, Clone, Default)]
pub struct Interface {
    /// What its code can call.
    pub imports: Vec<String>,
    /// What it offers.
    pub exports: Vec<String>,
}

impl Interface {
    pub(super) fn check(&self, manifest: &Manifest) -> Result<()> {
        for import in &self.imports {
            let names = capabilities_of(import);
            if names.is_empty() || names.iter().any(|name| *name != TYPES && capability::find(name).is_none()) {
                let import: String = import.chars().take(100).flat_map(char::escape_debug).collect();
                return Err(refused(format!("its code imports {import}, which this kernel does not offer")));
            }
            let is_undeclared = |name: &&&str| **name != TYPES && !manifest.want.contains_key(**name);
            if let Some(name) = names.iter().find(is_undeclared) {
                return Err(undeclared(manifest, name, import));
            }
        }
        let is_handler = self.has_export("basalt:http/handler") || self.has_export("wasi:http/incoming-handler");
        if !manifest.routes.is_empty() && !is_handler {
            let handlers = "basalt:http/handler or wasi:http/incoming-handler";
            return Err(refused(format!("it has routes, but does not export {handlers}")));
        }
        if manifest.filter.is_some() && !self.has_export("basalt:http/filter") {
            return Err(refused("it has a filter, but does not export basalt:http/filter"));
        }
        Ok(())
    }

    /// In whatever version: whether that is one of ours is found when it is linked.
    fn has_export(&self, name: &str) -> bool {
        self.exports.iter().any(|export| export.strip_prefix(name).is_some_and(|rest| rest.starts_with('@')))
    }
}

/// What all packages of the contract share, which grants nothing.
const TYPES: &str = "types";

/// The capabilities that an import takes; none for what no kernel offers.
fn capabilities_of(import: &str) -> Vec<&str> {
    let name = import.split('@').next().unwrap_or_default();
    match name.split_once(':') {
        Some(("basalt", rest)) => rest.split('/').take(1).collect(),
        Some(("wasi", "http/outgoing-handler")) => vec!["wasi", "fetch"],
        Some(("wasi", _)) => vec!["wasi"],
        _ => Vec::new(),
    }
}

fn undeclared(manifest: &Manifest, name: &str, import: &str) -> Error {
    let id = &manifest.id;
    let message = format!("the plugin {id} imports the capability {name:?}, which its manifest does not ask for");
    let error = Error::new(&code::PLUGIN_REFUSED, message);
    match name {
        // A runtime that can fetch imports it for programs that do not.
        "fetch" if import.starts_with("wasi:") => error.hint(
            "its author adds [want.fetch] with the hosts that it asks to plugin.toml, or `hosts = []` when it asks none",
        ),
        _ => error.hint(format!("its author adds [want.{name}] to plugin.toml")),
    }
}
