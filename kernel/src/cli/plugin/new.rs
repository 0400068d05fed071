//! `basalt plugin new`: a project that builds, passes its test and answers, to be changed into what is wanted. It needs nothing but
//! this binary; what a language needs to build it, that says.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::language::{File, Language};
use crate::error::{Error, Result, code};
use crate::host::manifest::Manifest;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The plugin's id: a-z, 0-9 and `-`
    name: String,
    /// What it is to be written in
    #[arg(long, value_name = "LANGUAGE", default_value = "rust")]
    lang: Language,
    /// Where to [default: a folder of the plugin's name]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { name, lang, folder } = arguments;
    let folder = folder.clone().unwrap_or_else(|| PathBuf::from(name));
    check_name(name)?;
    let files = lang.template(name)?;
    make(&folder)?;
    files.iter().try_for_each(|file| write(&folder, file))?;
    println!("{name} is in {}. What comes next:\n", folder.display());
    println!("  cd {}", folder.display());
    println!("  basalt plugin test     # its own tests");
    println!("  basalt plugin dev      # serves it, and every change of it");
    println!("  basalt plugin build    # {name}.wasm, to give away");
    Ok(ExitCode::SUCCESS)
}

/// The manifest knows which names there are.
fn check_name(name: &str) -> Result<()> {
    let text = |value: &str| toml::Value::from(value).to_string();
    Manifest::parse(&format!("id = {}\nversion = \"0.1.0\"\ndescription = \"\"\nlicense = \"MIT\"", text(name)))
        .map(drop)
}

/// A folder in which nothing can be overwritten.
fn make(folder: &Path) -> Result<()> {
    let is_free = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !folder.exists(),
    };
    if !is_free {
        return Err(refused(format!("{} is there already", folder.display()))
            .hint("nothing was written; `--folder` names another place"));
    }
    std::fs::create_dir_all(folder).map_err(|fault| unwritable(folder, &fault))
}

fn write(folder: &Path, file: &File) -> Result<()> {
    let path = folder.join(&file.path);
    let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.and_then(|()| std::fs::write(&path, &file.content)).map_err(|fault| unwritable(&path, &fault))
}

fn unwritable(path: &Path, fault: &std::io::Error) -> Error {
    refused(format!("{} cannot be written: {fault}", path.display()))
}

fn refused(message: String) -> Error {
    Error::new(&code::PLUGIN_REFUSED, message)
}
