//! Finds the server's programs. It installs nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::broken;
use crate::error::{Error, Result};

/// The versions that the kernel is tested with.
const SUPPORTED: std::ops::RangeInclusive<u32> = 14..=18;

/// Where distributions put servers beside `PATH`: the directories, and what stands between them and the version.
const PLACES: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
];

/// The server's programs, of one version.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    directory: PathBuf,
    pub(super) version: u32,
}

impl Programs {
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// The configured programs, or the newest that are found; of the version that the data were made by when there are any.
pub(super) fn find(configured: Option<&Path>, data: Option<u32>) -> Result<Programs> {
    let candidates = match configured {
        Some(directory) => vec![directory.to_path_buf()],
        None => candidates(),
    };
    let found: Vec<_> = candidates.into_iter().filter_map(|directory| probe(&directory)).collect();
    let fits = |programs: &&Programs| match data {
        Some(version) => programs.version == version,
        None => SUPPORTED.contains(&programs.version),
    };
    found.iter().find(fits).cloned().ok_or_else(|| missing(&found, configured, data))
}

/// `PATH` first, for that is what the operator chose; then newest first.
fn candidates() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = PLACES.iter().flat_map(|place| installed(*place)).collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(found.into_iter().map(|(_, directory)| directory)).collect()
}

fn installed((root, prefix, bin): (&str, &str, &str)) -> Vec<(u32, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(root) else { return Vec::new() };
    let version = |name: &str| name.strip_prefix(prefix)?.parse::<u32>().ok();
    let found = entries.flatten().filter_map(|entry| {
        let version = version(&entry.file_name().to_string_lossy())?;
        Some((version, entry.path().join(bin)))
    });
    found.collect()
}

/// What is there, by its own word. Both programs are needed: clients' packages have neither.
fn probe(directory: &Path) -> Option<Programs> {
    let version = version_of(&directory.join("postgres"))?;
    version_of(&directory.join("initdb"))?;
    Some(Programs { directory: directory.to_path_buf(), version })
}

fn version_of(program: &Path) -> Option<u32> {
    // An empty entry of `PATH` means the working directory to some; nothing is run from there.
    let program = program.is_absolute().then_some(program)?;
    let output = Command::new(program).arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// `postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)` → 15.
fn parse_version(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("(PostgreSQL) ")?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

fn missing(found: &[Programs], configured: Option<&Path>, data: Option<u32>) -> Error {
    let place = configured.map_or("on this machine".to_owned(), |directory| format!("in {}", directory.display()));
    let have: Vec<_> = found.iter().map(|programs| programs.version.to_string()).collect();
    let have = if have.is_empty() { "none".to_owned() } else { have.join(", ") };
    let wanted = match data {
        Some(version) => format!("Postgres {version}, which made the data that are there,"),
        None => format!("a Postgres server of version {} to {}", SUPPORTED.start(), SUPPORTED.end()),
    };
    let version = data.map_or(String::new(), |version| format!("-{version}"));
    broken(format!("{wanted} was not found {place} (found: {have})")).hint(format!(
        "Debian, Ubuntu: `apt-get install postgresql{version}`; Fedora: `dnf install postgresql-server`; Alpine: \
         `apk add postgresql`; macOS: `brew install postgresql@{}`. Or set `database.bin_dir` to the directory of \
         `initdb` and `postgres`, or `database.admin` to use a server of your own",
        data.unwrap_or(17)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_programs_print_them() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_version("initdb (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_version("PostgreSQL"), None);
    }

    #[test]
    fn what_is_missing_is_named_with_what_to_install() {
        let error = find(Some(Path::new("/nonexistent")), Some(16)).expect_err("nothing there");
        assert!(error.message.contains("Postgres 16"), "{error}");
        assert!(error.hint.expect("a hint").contains("apt-get install postgresql-16"));
    }
}
