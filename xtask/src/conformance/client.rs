//! The client that applications use, from npm, against a kernel that serves the fixtures.

use std::path::Path;
use std::process::Command;

use anyhow::bail;

use crate::tree::Tree;
use crate::{command, package, progress};

/// The line of versions that today's `@supabase/supabase-js` brings.
const CLIENT: &str = "@supabase/postgrest-js@2";

/// Runs the script; a step that fails fails this.
pub(super) fn run(tree: &Tree, url: &str, home: &Path) -> anyhow::Result<()> {
    if !package::command_exists("npm") && !package::install(&["npm"])? {
        bail!("the script of real client calls needs node and npm");
    }
    let modules = home.join("client");
    if !modules.join("node_modules").exists() {
        std::fs::create_dir_all(&modules)?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(&modules).arg(CLIENT);
        progress::step("fetching postgrest-js", || command::read(&mut npm).map(drop))?;
    }
    let mut node = Command::new("node");
    node.arg(tree.root.join("plugins/rest/tests/client/script.mjs")).arg(url).arg(&modules);
    command::run(&mut node)
}
