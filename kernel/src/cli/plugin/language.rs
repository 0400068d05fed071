//! The languages that plugins are written in: one file each, with the same functions. What is common to all of them, the
//! manifest and packing, is not here.

mod embedded;
mod javascript;
mod rust;

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::error::{Error, Result, code};

/// A language that `basalt plugin` makes plugins of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// With cargo
    Rust,
    /// JavaScript or TypeScript, with npm
    #[value(name = "js", alias = "javascript")]
    JavaScript,
}

/// What a build is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be given away: small and fast code.
    Release,
    /// To be looked at a moment later.
    Dev,
}

/// A file of a new project.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Where it is, from the project's folder.
    pub(super) path: PathBuf,
    /// What is in it.
    pub(super) content: String,
}

impl Language {
    /// The language of a project, by what it has at its top.
    pub(super) fn of(folder: &Path) -> Result<Self> {
        match () {
            () if folder.join("Cargo.toml").is_file() => Ok(Self::Rust),
            () if folder.join("package.json").is_file() => Ok(Self::JavaScript),
            () => Err(refused(format!("there is no Cargo.toml and no package.json in {}", folder.display()))
                .hint("of another language's component `basalt plugin pack` makes a plugin")),
        }
    }

    /// The files of a new project of this name, which is a plugin's id.
    pub(super) fn template(self, name: &str) -> Result<Vec<File>> {
        match self {
            Self::Rust => rust::template(name),
            Self::JavaScript => javascript::template(name),
        }
    }

    /// Makes a component of a project, and says where it is. What compilers say goes to the terminal.
    pub(super) fn build(self, folder: &Path, purpose: Purpose) -> Result<PathBuf> {
        match self {
            Self::Rust => rust::build(folder, purpose),
            Self::JavaScript => javascript::build(folder, purpose),
        }
    }

    /// Runs a project's own tests; they say themselves what failed.
    pub(super) fn test(self, folder: &Path) -> Result<()> {
        match self {
            Self::Rust => rust::test(folder),
            Self::JavaScript => javascript::test(folder),
        }
    }

    /// The files, and the folders with all below them, whose change makes another build. The manifest, migrations and assets
    /// are watched without being named.
    pub(super) fn watched(self, folder: &Path) -> Vec<PathBuf> {
        match self {
            Self::Rust => rust::watched(folder),
            Self::JavaScript => javascript::watched(folder),
        }
    }
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(&code::PLUGIN_REFUSED, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_of_the_language_whose_file_it_has() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str| std::fs::write(folder.path().join(name), "").expect("written");
        assert_eq!(Language::of(folder.path()).expect_err("none").code, "plugin.refused");
        write("package.json");
        assert_eq!(Language::of(folder.path()).expect("one"), Language::JavaScript);
        // A plugin in Rust may well have tests that npm runs.
        write("Cargo.toml");
        assert_eq!(Language::of(folder.path()).expect("one"), Language::Rust);
    }
}
