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
            match capability_of(import) {
                Some("types") => {}
                Some(name) if manifest.want.contains_key(name) => {}
                Some(name) if capability::find(name).is_some() => return Err(undeclared(manifest, name)),
                _ => {
                    let import: String = import.chars().take(100).flat_map(char::escape_debug).collect();
                    return Err(refused(format!("its code imports {import}, which this kernel does not offer")));
                }
            }
        }
        let promises = [
            (!manifest.routes.is_empty(), "routes", "http/handler"),
            (manifest.filter.is_some(), "a filter", "http/filter"),
        ];
        match promises.into_iter().find(|(promised, _, export)| *promised && !self.has_export(export)) {
            Some((_, what, export)) => Err(refused(format!("it has {what}, but does not export basalt:{export}"))),
            None => Ok(()),
        }
    }

    /// In whatever version: whether that is one of ours is found when it is linked.
    fn has_export(&self, name: &str) -> bool {
        let name = format!("basalt:{name}@");
        self.exports.iter().any(|export| export.starts_with(&name))
    }
}

fn capability_of(import: &str) -> Option<&str> {
    import.strip_prefix("basalt:")?.split('/').next()
}

fn undeclared(manifest: &Manifest, name: &str) -> Error {
    let id = &manifest.id;
    let message = format!("the plugin {id} imports the capability {name:?}, which its manifest does not ask for");
    Error::new(&code::PLUGIN_REFUSED, message).hint(format!("its author adds [want.{name}] to plugin.toml"))
}
