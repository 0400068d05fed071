//! Kernels that run while they are measured, one for each configuration that is.
//!
//! Those that are not being asked cost next to nothing, so they need not be stopped in between.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::Context;

use super::site::Site;
use super::variant::Place;

/// A running kernel; it ends with the value.
pub(crate) struct Kernel {
    process: Child,
    /// `127.0.0.1:…`
    pub(crate) address: String,
}

impl Kernel {
    /// Starts it and waits until it says that it is ready. What it logs goes into the file.
    pub(crate) fn start(mut command: Command, log: File) -> anyhow::Result<Self> {
        command.arg("serve").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut process = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let output = process.stdout.take().context("the kernel has no output")?;
        let mut kernel = Self { process, address: String::new() };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().strip_prefix("ready at http://");
        kernel.address = address.context("the kernel did not start: its log says why")?.to_owned();
        Ok(kernel)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One kernel for each place.
pub(crate) struct Crew(Vec<(Place, Kernel)>);

impl Crew {
    pub(crate) fn start(site: &Site) -> anyhow::Result<Self> {
        let places = [Place::Main, Place::Fresh, Place::Logging];
        Ok(Self(places.into_iter().map(|place| Ok((place, start(site, place)?))).collect::<anyhow::Result<_>>()?))
    }

    /// The kernel of this place.
    pub(crate) fn at(&self, place: Place) -> &Kernel {
        self.0
            .iter()
            .find(|(other, _)| *other == place)
            .map(|(_, kernel)| kernel)
            .expect("one is started for each place")
    }

    pub(crate) fn main(&self) -> &Kernel {
        self.at(Place::Main)
    }
}

fn start(site: &Site, place: Place) -> anyhow::Result<Kernel> {
    let (name, config) = match place {
        Place::Main => ("main", "[log]\nlevel = \"warn\"\n"),
        Place::Fresh => ("fresh", "[log]\nlevel = \"warn\"\n[plugins.test-bench.limits]\nreuse = false\n"),
        Place::Logging => ("logging", "[log]\nlevel = \"info\"\nformat = \"json\"\n"),
    };
    let log = site.path(&format!("{name}.log"));
    let command = site.kernel(&site.custom, name, config)?;
    Kernel::start(command, File::create(&log)?).with_context(|| format!("see {}", log.display()))
}
