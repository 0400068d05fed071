//! Whether a file is a successor of what runs. It looks at versions and signatures, not at what either may do.

use semver::Version;

use super::Roster;
use super::act::Install;
use crate::error::{Error, Result, code};
use crate::host::manifest::Manifest;
use crate::host::signature;

impl Roster {
    /// Whether a file may take the place of what runs: who took over a server must bring back no old fault and slip in
    /// nothing of his own.
    ///
    /// # Errors
    /// `plugin.downgrade`, `signature.missing`.
    pub(super) fn check_descent(&self, manifest: &Manifest, install: &Install<'_>) -> Result<()> {
        let registry = self.fleet.registry();
        let Some(entry) = registry.entry(&manifest.id) else { return Ok(()) };
        let (id, version, before) = (&manifest.id, &manifest.version, &entry.manifest.version);
        if is_older(version, before) && !install.downgrade {
            let message = format!("the file is {id} {version}, older than {before}, which is installed");
            return Err(Error::new(&code::PLUGIN_DOWNGRADE, message).hint(format!(
                "`basalt plugin rollback {id}` goes back to the version before; `--downgrade` installs this file"
            )));
        }
        match &entry.signer {
            Some(signer) if install.signature.is_none() && !install.unsigned => {
                Err(signature::missing(&format!("{id} {before}, which is installed, is signed by {signer}")))
            }
            _ => Ok(()),
        }
    }
}

/// Whether both are versions, and the first comes before the second.
fn is_older(version: &str, than: &str) -> bool {
    let parse = |text| Version::parse(text).ok();
    // Builds of one version are equals.
    let compare = |(one, two): (Version, Version)| one.cmp_precedence(&two).is_lt();
    parse(version).zip(parse(than)).is_some_and(compare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_semver_says() {
        for (version, than) in
            [("1.0.0", "1.0.1"), ("1.9.0", "1.10.0"), ("1.0.0-rc.1", "1.0.0"), ("1.0.0-2", "1.0.0-10")]
        {
            assert!(is_older(version, than) && !is_older(than, version), "{version} < {than}");
        }
        for (version, than) in
            [("1.0.0", "1.0.0"), ("1.0.0+b", "1.0.0+a"), ("1.0.0+a", "1.0.0+b"), ("1.0.0", "unknown")]
        {
            assert!(!is_older(version, than), "{version} is no older than {than}");
        }
    }
}
