//! JavaScript and TypeScript. It deliberately says that it cannot, until it can.

use std::path::{Path, PathBuf};

use super::{File, Purpose, refused};
use crate::error::{Error, Result};

pub(super) fn template(_name: &str) -> Result<Vec<File>> {
    Err(unable())
}

pub(super) fn build(_folder: &Path, _purpose: Purpose) -> Result<PathBuf> {
    Err(unable())
}

pub(super) fn test(_folder: &Path) -> Result<()> {
    Err(unable())
}

pub(super) fn watched(folder: &Path) -> Vec<PathBuf> {
    ["package.json", "src"].map(|name| folder.join(name)).into()
}

fn unable() -> Error {
    refused("this version makes no plugins of JavaScript")
        .hint("jco makes a component of it, and `basalt plugin pack` a plugin of that")
}
