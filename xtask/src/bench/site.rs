//! Where the kernels under measurement run: a database with rows in it, a bundle of just the plugins that are measured, and
//! a folder for each kernel. It starts none of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::{database, load};
use crate::postgres::cluster::Cluster;
use crate::tree::Tree;
use crate::{command, dist, file, guest};

/// What tokens are signed with; nobody but this machine can reach these kernels.
const SECRET: &str = "the-secret-of-the-benchmark-is-no-secret";

/// What the two plugins are granted. Other plugins would stand in their way, and be measured with them.
const GRANTS: &str = r#"
[plugins.test-bench]
grant = { http = {}, dispatch = { routes = ["GET /test/bench/small"] } }
[plugins.rest]
trusted = true
grant = { http = {}, sql = { modes = ["caller"] }, schema = { schemas = ["public"] }, log = {}, clock = {}, settings = {} }
"#;

/// The folder of the kernel with bad plugins beside the good ones, and of its bundle.
pub(crate) const CROWD: &str = "crowd";

/// What the bad ones are granted.
const CROWD_GRANTS: &str = r#"
[plugins.test-hostile]
grant = { http = {}, log = {} }
limits = { fuel = 1_000_000_000_000, deadline = "2s", breaker_failures = 0 }
[plugins.test-neighbour]
grant = { http = {}, sql = { modes = ["own"] } }
limits = { deadline = "2s", breaker_failures = 0 }
"#;

/// The set-up of one run.
pub(crate) struct Site {
    folder: PathBuf,
    database: String,
    /// The custom build that the plugins are compared with.
    pub(crate) custom: PathBuf,
    /// The product as it is shipped.
    pub(crate) product: PathBuf,
    /// The command line.
    basalt: PathBuf,
    /// Of a user with rows of its own.
    pub(crate) token: String,
}

impl Site {
    pub(crate) fn lay_out(tree: &Tree, cluster: &Cluster) -> anyhow::Result<Self> {
        let mut site = Self {
            folder: tree.target.join("bench"),
            database: cluster.address(),
            custom: tree.target.join("dist/examples/bench"),
            product: dist::product(tree),
            basalt: dist::product(tree),
            token: String::new(),
        };
        site.lay_out_bundles(tree)?;
        load::write_scripts(&site.folder)?;
        site.token = site.run(&["key", "mint", "--sub", database::OWNER, "--expires", "1day"])?.trim().to_owned();
        site.run(&["migrate"])?;
        database::SCRIPT.iter().try_for_each(|statement| site.run(&["sql", statement]).map(drop))?;
        Ok(site)
    }

    fn lay_out_bundles(&self, tree: &Tree) -> anyhow::Result<()> {
        let (rest, fixtures) = (guest::plugins(tree).join("rest.wasm"), guest::fixtures(tree));
        let good = [rest, fixtures.join("bench.wasm")];
        let bad = [fixtures.join("hostile.wasm"), fixtures.join("neighbour.wasm")];
        lay_out_bundle(&self.bundle(""), &good, GRANTS)?;
        lay_out_bundle(&self.bundle(CROWD), &[good, bad].concat(), &format!("{GRANTS}{CROWD_GRANTS}"))
    }

    /// The bundle of the kernel that runs in the folder of this name.
    fn bundle(&self, kernel: &str) -> PathBuf {
        self.folder.join(if kernel == CROWD { "bundle-crowd" } else { "bundle" })
    }

    /// A kernel that runs in the folder of this name, with more configuration. What it compiles stays there for later runs.
    pub(crate) fn kernel(&self, program: &Path, name: &str, config: &str) -> anyhow::Result<Command> {
        let folder = self.folder.join(name);
        let head = format!(
            "data_dir = \"data\"\n[server]\naddress = \"127.0.0.1:0\"\n[database]\nadmin = {:?}\n[auth]\njwt_secret = {SECRET:?}\n[host]\nbundle = {:?}\n",
            self.database,
            self.bundle(name),
        );
        file::write(&folder.join("basalt.toml"), format!("{head}{config}").as_bytes())?;
        let mut kernel = Command::new(program);
        kernel.current_dir(folder);
        Ok(kernel)
    }

    /// Runs a command of the product and returns what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> anyhow::Result<String> {
        command::read(self.kernel(&self.basalt, "set-up", "")?.args(arguments))
    }

    /// A file of this run.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn lay_out_bundle(folder: &Path, plugins: &[PathBuf], preset: &str) -> anyhow::Result<()> {
    for plugin in plugins {
        let content = fs::read(plugin).with_context(|| format!("cannot read {}", plugin.display()))?;
        file::write(&folder.join(plugin.file_name().unwrap_or_default()), &content)?;
    }
    file::write(&folder.join("bundle.toml"), preset.as_bytes())?;
    Ok(())
}
