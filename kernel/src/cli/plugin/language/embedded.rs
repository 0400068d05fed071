//! The files of this repository that the binary carries for new projects: the SDK's source, the contract and the templates.
//! It does not know what they are for.

use std::path::{Path, PathBuf};

use super::File;

/// Each by its path in the repository; `build.rs` lists them.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The files of one folder, laid out below another.
pub(super) fn files(folder: &str, to: &str) -> Vec<File> {
    let inside = |path: &str| Path::new(path).strip_prefix(folder).map(|rest| PathBuf::from(to).join(rest)).ok();
    FILES.iter().filter_map(|(path, text)| Some(File { path: inside(path)?, content: (*text).to_owned() })).collect()
}

/// The files of a template, with the project's name in place of `my-plugin`.
pub(super) fn template(language: &str, name: &str) -> Vec<File> {
    let mut files = files(&format!("sdk-plugin/template/{language}"), "");
    for file in &mut files {
        file.content = file.content.replace("my-plugin", name).replace("my_plugin", &name.replace('-', "_"));
    }
    files
}
