//! `basalt migrate`: brings the database up to this version without serving.

use std::process::ExitCode;

use super::{Setup, block_on};
use crate::app::data_dir::DataDir;
use crate::error::Result;
use crate::store::{InstanceKey, Store};

pub(super) fn run(setup: &Setup) -> Result<ExitCode> {
    let data_dir = DataDir::lock(&setup.config.root.data_dir)?;
    let key = InstanceKey::open(data_dir.path())?;
    block_on(async {
        let store = Store::open(&setup.config.database, data_dir.path(), &key).await?;
        store.close().await;
        Ok(())
    })?;
    println!("the database is up to date");
    Ok(ExitCode::SUCCESS)
}
