//! The digests of the operator keys. It never sees a key.

use super::plugin::{hex, unhex};
use super::session::Session;
use super::visit::Desk;
use super::{Parameter, Store};
use crate::error::Result;

impl Store {
    /// The SHA-256 of each operator key, as last seen: a key made elsewhere counts a moment later.
    pub fn operator_keys(&self) -> Vec<Vec<u8>> {
        self.notice().keys().iter().filter_map(|digits| unhex(digits)).collect()
    }

    /// Adds a key.
    pub async fn add_operator_key(&self, digest: [u8; 32]) -> Result<()> {
        add(&mut *self.visit().await?, digest, false).await?;
        self.notice().add_key(&hex(&digest));
        Ok(())
    }
}

impl Desk {
    /// Adds a key; with `alone` it is the only one from now on.
    pub async fn add_operator_key(&mut self, digest: [u8; 32], alone: bool) -> Result<()> {
        add(&mut self.session, digest, alone).await
    }
}

async fn add(session: &mut Session, digest: [u8; 32], alone: bool) -> Result<()> {
    let digest = [Parameter::Raw(digest.to_vec().into())];
    session.execute("begin").await?;
    if alone {
        session.ask("delete from basalt.operator_key where digest <> $1", &digest).await?;
    }
    session.ask("insert into basalt.operator_key (digest) values ($1) on conflict do nothing", &digest).await?;
    session.execute("commit").await.map(drop)
}
