//! The files that a plugin carries for its own use: their paths and how many bytes they may have.
//!
//! They are never unpacked; the paths are safe all the same, because somebody will one day join one to a folder.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::named;
use crate::error::Result;
use crate::host::manifest::refused;

/// The largest asset, in bytes.
const MAX_SIZE: usize = 8 << 20;
/// All of them together: the rest of a file's 64 MiB is for code.
const MAX_TOTAL: usize = 32 << 20;
/// How many there may be: each is an entry in memory while the plugin is loaded.
const MOST: usize = 5000;
/// The longest path, in bytes, and the deepest.
const LONGEST_PATH: usize = 255;
const DEEPEST: usize = 16;

pub(super) fn read(sections: &[Bytes]) -> Result<BTreeMap<String, Bytes>> {
    if sections.len() > MOST {
        return Err(refused(format!("it carries {} assets, more than {MOST}", sections.len())));
    }
    let (mut assets, mut total) = (BTreeMap::new(), 0);
    for section in sections {
        let (path, content) = named(section, "an asset")?;
        check_path(&path)?;
        total += content.len();
        if content.len() > MAX_SIZE || total > MAX_TOTAL {
            let message = format!(
                "with the asset {path} it carries more than {MAX_SIZE} bytes in one asset, or {MAX_TOTAL} in all"
            );
            return Err(refused(message));
        }
        if assets.insert(path.clone(), content).is_some() {
            return Err(refused(format!("two assets have the path {path}")));
        }
    }
    match assets.keys().find(|path| folders(path).any(|folder| assets.contains_key(folder))) {
        Some(path) => Err(refused(format!("a part of the path {path} is an asset itself"))),
        None => Ok(assets),
    }
}

fn check_path(path: &str) -> Result<()> {
    if is_safe(path) {
        return Ok(());
    }
    let path: String = path.chars().take(100).collect();
    Err(refused(format!(
        "the asset {path:?} has no safe path: relative, parts of letters, digits, `._-@+ ` with `/` between"
    )))
}

/// Few characters, so that a path means the same on every file system, in a URL's path once it is encoded, and in a log.
fn is_safe(path: &str) -> bool {
    let is_plain = |char: char| char.is_alphanumeric() || "._-@+ ".contains(char);
    let is_part = |part: &str| {
        !part.is_empty() && part != "." && part != ".." && part.trim() == part && part.chars().all(is_plain)
    };
    path.len() <= LONGEST_PATH && path.split('/').count() <= DEEPEST && path.split('/').all(is_part)
}

/// The folders that a path lies in.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(paths: &[&str]) -> Result<BTreeMap<String, Bytes>> {
        read(&paths.iter().map(|path| Bytes::from(format!("{path}\0content"))).collect::<Vec<_>>())
    }

    #[test]
    fn paths_stay_in_their_folder() {
        assert_eq!(read_all(&["index.html", "img/logo@2x.png", "größe.css", ".well-known/a"]).expect("valid").len(), 4);
        for paths in [
            &["../a"][..],
            &["a/../b"],
            &["/etc/passwd"],
            &["a//b"],
            &["a/"],
            &["./a"],
            &[""],
            &["a\\b"],
            &["C:a"],
            &["a\u{1b}[2J"],
            &["a\nb"],
            &[" a"],
            &["a", "a"],
            &["a/b", "a"],
            &["a/b/c", "a-b", "a/b"],
            &["1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"],
        ] {
            read_all(paths).expect_err(&format!("{paths:?}"));
        }
    }

    #[test]
    fn size_is_limited_for_one_and_for_all() {
        let asset = |name: usize, size: usize| Bytes::from([format!("{name}\0").into_bytes(), vec![0; size]].concat());
        read(&[asset(1, MAX_SIZE)]).expect("as large as allowed");
        read(&[asset(1, MAX_SIZE + 1)]).expect_err("too large");
        read(&(0..5).map(|name| asset(name, MAX_SIZE)).collect::<Vec<_>>()).expect_err("too large together");
        read(&vec![asset(1, 0); MOST + 1]).expect_err("too many");
    }
}
