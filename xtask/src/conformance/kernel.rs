//! A kernel that serves the fixtures, for one configuration. It ends with the value.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use crate::postgres::cluster::Cluster;
use crate::tree::Tree;
use crate::{bundle, command, file};

/// A running kernel.
pub(super) struct Kernel {
    process: Child,
    url: String,
}

/// Requests' own login is a member of the roles that the cases act as; the one of the fixtures can create nothing, and the kernel
/// makes its own.
const ROLES: &str = "grant postgrest_test_anonymous, postgrest_test_default_role, postgrest_test_author, \
                     postgrest_test_superuser to basalt_authenticator";

impl Kernel {
    /// Starts one and waits until it serves.
    pub(super) fn start(
        tree: &Tree,
        cluster: &Cluster,
        home: &Path,
        database: &str,
        config: &str,
    ) -> anyhow::Result<Self> {
        let admin = format!("host={} user=postgres dbname={database}", cluster.socket());
        let head = format!(
            "data_dir = \"data\"\n[server]\naddress = \"127.0.0.1:0\"\n[database]\nadmin = {admin:?}\n[host]\nbundle = {:?}\n",
            bundle::folder(tree),
        );
        file::write(&home.join("basalt.toml"), format!("{head}{config}").as_bytes())?;
        let basalt = || {
            let mut basalt = Command::new(tree.kernel());
            basalt.current_dir(home);
            basalt
        };
        command::read(basalt().arg("migrate"))?;
        command::read(basalt().args(["sql", ROLES]))?;
        let mut serve = basalt();
        let log = std::fs::File::create(home.join("kernel.log"))?;
        serve.arg("serve").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut process = serve.spawn().with_context(|| format!("cannot start {}", tree.kernel().display()))?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("the kernel has no output")?).read_line(&mut line)?;
        let url = line.split_once("http://").map(|(_, address)| format!("http://{}", address.trim()));
        let failed = || {
            format!(
                "the kernel did not start: {}",
                std::fs::read_to_string(home.join("kernel.log")).unwrap_or_default()
            )
        };
        Ok(Self { url: url.with_context(failed)?, process })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        // Whatever went wrong, it must not outlive the run.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
