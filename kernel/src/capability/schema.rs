//! What is in the database, as far as the plugin was granted it. It reads nothing: the snapshot is
//! `store`'s.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use wasmtime::component::{HasSelf, Linker};

use super::Call;
use super::bindings::basalt::schema::schema::{Host, add_to_linker};
use crate::error::{Error, Result, code};
use crate::store::{Catalogue, Store};

/// The scope of the capability: `schema = { schemas = ["public"] }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The schemas whose relations the plugin may look up; `"*"` stands for all.
    #[serde(default)]
    pub schemas: BTreeSet<String>,
}

/// What holds for every call.
#[derive(Clone)]
pub struct Fixed {
    /// Where the snapshot is.
    pub store: Store,
    /// The granted scope.
    pub grant: Grant,
}

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}

impl Fixed {
    fn check(&self, schema: &str) -> Result<()> {
        if self.grant.schemas.contains(schema) || self.grant.schemas.contains("*") {
            return Ok(());
        }
        Err(Error::new(&code::SCHEMA_NOT_GRANTED, format!("the plugin was not granted the schema {schema:?}")))
    }
}

fn describe(catalogue: &Catalogue, schema: &str, name: &str) -> Option<String> {
    catalogue.relation(schema, name).map(|relation| relation.json.clone())
}

impl Host for Call {
    fn version(&mut self) -> wasmtime::Result<u64> {
        Ok(self.fixed.schema.store.catalogue().version())
    }

    fn schemas(&mut self) -> wasmtime::Result<Vec<String>> {
        let granted = &self.fixed.schema.grant.schemas;
        if granted.contains("*") {
            return Ok(self.fixed.schema.store.catalogue().schemas().map(str::to_owned).collect());
        }
        Ok(granted.iter().cloned().collect())
    }

    fn relations(&mut self, schema: String) -> Result<Vec<String>> {
        self.fixed.schema.check(&schema)?;
        let catalogue = self.fixed.schema.store.catalogue();
        Ok(catalogue.relations(&schema).map(|names| names.map(str::to_owned).collect()).unwrap_or_default())
    }

    fn describe(&mut self, schema: String) -> Result<Option<String>> {
        self.fixed.schema.check(&schema)?;
        Ok(self.fixed.schema.store.catalogue().schema(&schema).map(|schema| schema.json.clone()))
    }

    async fn function(&mut self, schema: String, name: String) -> Result<Option<String>> {
        let fixed = Arc::clone(&self.fixed);
        fixed.schema.check(&schema)?;
        let known = fixed.schema.store.catalogue().function(&schema, &name).map(|function| function.json.clone());
        if known.is_some() {
            return Ok(known);
        }
        let catalogue = fixed.schema.store.recheck_function(&schema, &name).await;
        Ok(catalogue.function(&schema, &name).map(|function| function.json.clone()))
    }

    async fn relation(&mut self, schema: String, name: String) -> Result<Option<String>> {
        self.fixed.schema.check(&schema)?;
        match describe(&self.fixed.schema.store.catalogue(), &schema, &name) {
            // "There is none" has to be true: it may have been made a moment ago.
            None => self.relation_now(schema, name).await,
            known => Ok(known),
        }
    }

    async fn relation_now(&mut self, schema: String, name: String) -> Result<Option<String>> {
        let fixed = Arc::clone(&self.fixed);
        fixed.schema.check(&schema)?;
        let catalogue = fixed.schema.store.recheck(&schema, &name).await;
        Ok(describe(&catalogue, &schema, &name))
    }
}
