//! Secrets that the operator set, as far as the plugin was granted them by name. It keeps no value in the clear: each is
//! opened when it is asked for, and its copy in the host is overwritten unless it goes to the guest.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use wasmtime::component::{HasSelf, Linker};

use super::Call;
use super::bindings::basalt::secret::secret::{Host, add_to_linker};
use crate::auth::seal::Seal;
use crate::error::{Error, Result, code};
use crate::store::Store;

/// The scope of the capability: `secret = { names = ["stripe_key"] }`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The secrets that the plugin may read.
    #[serde(default)]
    pub names: BTreeSet<String>,
}

/// What holds for every call.
#[derive(Clone)]
pub struct Fixed {
    store: Store,
    seal: Seal,
    grant: Grant,
}

/// Adds the interface to a linker.
pub fn link(linker: &mut Linker<Call>) -> wasmtime::Result<()> {
    add_to_linker::<Call, HasSelf<Call>>(linker, |call| call)
}

impl Fixed {
    /// The secrets of this database, as far as they are granted.
    pub fn new(store: &Store, grant: Grant) -> Self {
        Self { store: store.clone(), seal: Seal::new(store.key()), grant }
    }

    async fn get(&self, name: &str) -> Result<String> {
        if !self.grant.names.contains(name) {
            let message = format!("the plugin was not granted the secret {name:?}");
            return Err(Error::new(&code::SECRET_NOT_GRANTED, message));
        }
        let unset = || {
            Error::new(&code::SECRET_UNSET, format!("the secret {name:?} is not set"))
                .hint(format!("an operator sets it: `basalt secret set {name}`"))
        };
        let sealed = self.store.sealed(name).await?.ok_or_else(unset)?;
        // The guest gets its copy from this one, which wasmtime drops.
        Ok(std::mem::take(&mut *self.seal.open(name, &sealed)?))
    }
}

impl Host for Call {
    async fn get(&mut self, name: String) -> Result<String> {
        // Only during a call: a value read while an instance is made would outlive every change.
        let deadline = self.scope()?.deadline;
        let fixed = Arc::clone(&self.fixed);
        let late = |_| Error::new(&code::SQL_UNAVAILABLE, "the database does not answer");
        tokio::time::timeout_at(deadline, fixed.secret.get(&name)).await.map_err(late)?
    }
}
