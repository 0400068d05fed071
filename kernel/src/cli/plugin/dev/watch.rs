//! Whether a project's files changed. It looks again and again, which works in containers, on network drives and with every editor;
//! being told by the system works on some of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::cli::plugin::language::Language;

/// What is packed whatever the language.
const COMMON: [&str; 3] = ["plugin.toml", "migrations", "assets"];

type Stamps = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// The files of a project as they were.
pub(super) struct Watch {
    places: Vec<PathBuf>,
    stamps: Stamps,
}

impl Watch {
    /// Notes how they are: before a build, so that what changes meanwhile is seen after it.
    pub(super) fn start(folder: &Path, language: Language) -> Self {
        let mut places: Vec<_> = COMMON.iter().map(|name| folder.join(name)).collect();
        places.extend(language.watched(folder));
        let stamps = look(&places);
        Self { places, stamps }
    }

    /// Whether one came, went, or was written.
    pub(super) fn has_changed(&mut self) -> bool {
        look(&self.places) != self.stamps
    }
}

fn look(places: &[PathBuf]) -> Stamps {
    let mut stamps = Stamps::new();
    places.iter().for_each(|place| collect(place, &mut stamps));
    stamps
}

fn collect(path: &Path, stamps: &mut Stamps) {
    let Ok(metadata) = path.metadata() else { return };
    if metadata.is_file() {
        stamps.insert(path.to_owned(), (metadata.modified().ok(), metadata.len()));
    }
    let entries = metadata.is_dir().then(|| std::fs::read_dir(path).ok()).flatten();
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        // What editors keep beside a file while it is open.
        if !name.to_string_lossy().starts_with('.') && !name.to_string_lossy().ends_with('~') {
            collect(&entry.path(), stamps);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_and_what_editors_leave_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        };
        write("Cargo.toml", "");
        write("src/lib.rs", "one");
        let mut watch = Watch::start(folder.path(), Language::Rust);
        assert!(!watch.has_changed());
        write("src/.lib.rs.swp", "");
        write("src/lib.rs~", "");
        write("target/x", "");
        assert!(!watch.has_changed());
        for (name, text) in [("src/lib.rs", "three"), ("src/deep/new.rs", ""), ("plugin.toml", ""), ("assets/a", "")] {
            write(name, text);
            assert!(watch.has_changed(), "{name}");
            watch = Watch::start(folder.path(), Language::Rust);
        }
        std::fs::remove_file(folder.path().join("src/deep/new.rs")).expect("removed");
        assert!(watch.has_changed());
    }
}
