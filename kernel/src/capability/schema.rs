//! What is in the database, as far as the plugin was granted it. It reads nothing: the snapshot is `store`'s.

use std::collections::BTreeSet;

use serde::Deserialize;
use wasmtime::component::{HasSelf, Linker};

use super::Call;
use super::bindings::basalt::schema::schema::{Host, add_to_linker};
use crate::error::{Error, Result, code};
use crate::store::Store;

/// The scope of the capability: `schema = { schemas = ["public"] }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The schemas whose relations the plugin may look up; `"*"` stands for all.
    #[serde(default)]
    pub schemas: BTreeSet<String>,
}

/// What holds for every call.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// Where the snapshot is.
    pub store: Option<Store>,
    /// The granted scope.
    pub grant: Grant,
}

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}

impl Fixed {
    fn store(&self) -> Result<&Store> {
        self.store.as_ref().ok_or_else(|| Error::new(&code::SQL_UNAVAILABLE, "this kernel runs without a database"))
    }

    fn check(&self, schema: &str) -> Result<()> {
        if self.grant.schemas.contains(schema) || self.grant.schemas.contains("*") {
            return Ok(());
        }
        Err(Error::new(&code::SCHEMA_NOT_GRANTED, format!("the plugin was not granted the schema {schema:?}")))
    }
}

impl Host for Call {
    fn version(&mut self) -> wasmtime::Result<u64> {
        Ok(self.fixed.schema.store.as_ref().map_or(0, |store| store.catalogue().version))
    }

    fn schemas(&mut self) -> wasmtime::Result<Vec<String>> {
        let granted = &self.fixed.schema.grant.schemas;
        let Some(store) = self.fixed.schema.store.as_ref().filter(|_| granted.contains("*")) else {
            return Ok(granted.iter().cloned().collect());
        };
        Ok(store.catalogue().schemas().map(str::to_owned).collect())
    }

    fn relations(&mut self, schema: String) -> Result<Vec<String>> {
        self.fixed.schema.check(&schema)?;
        Ok(self.fixed.schema.store()?.catalogue().relations(&schema).map(str::to_owned).collect())
    }

    fn relation(&mut self, schema: String, name: String) -> Result<Option<String>> {
        self.fixed.schema.check(&schema)?;
        let catalogue = self.fixed.schema.store()?.catalogue();
        Ok(catalogue.relation(&schema, &name).map(|relation| relation.json.clone()))
    }
}
