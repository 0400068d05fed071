//! A Postgres of the instance's own. stub

use std::path::Path;

use super::Config;
use super::wire::Address;
use crate::error::{Error, Result, code};

/// The embedded server.
pub(crate) struct Embedded;

impl Embedded {
    pub(crate) async fn start(_: &Config, _: &Path) -> Result<Self> {
        Err(Error::new(&code::STORE_EMBEDDED, "not finished"))
    }

    pub(crate) fn admin(&self) -> Address {
        unreachable!()
    }

    pub(crate) async fn stop(&self) {}
}

pub(crate) async fn running(_: &Config, _: &Path) -> Option<Address> {
    None
}
