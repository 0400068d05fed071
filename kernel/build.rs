//! Lists the files that `basalt plugin new` writes, so that the binary carries them: the SDK's source, the contract and the
//! templates. It reads no content; the compiler does, and compiles again when one changes.

use std::path::{Path, PathBuf};
use std::{env, fs};

const PLACES: [&str; 4] = ["sdk-plugin/Cargo.toml", "sdk-plugin/src", "sdk-plugin/template", "wit"];

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there");
    let mut files = Vec::new();
    for place in PLACES {
        println!("cargo::rerun-if-changed={}", root.join(place).display());
        collect(&root.join(place), &mut files);
    }
    let lines = files.iter().map(|file| {
        let name = file.strip_prefix(&root).expect("below the workspace");
        format!("    ({:?}, include_str!({:?})),\n", name.display().to_string(), file.display().to_string())
    });
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where")).join("embedded.rs");
    fs::write(out, format!("&[\n{}]\n", lines.collect::<String>())).expect("written");
}

/// All files of a folder and below, in the order of their names; what tools leave in one is none of it.
fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    let name = path.file_name().unwrap_or_default();
    if path.is_file() && name != "Cargo.lock" {
        files.push(path.to_owned());
    } else if path.is_dir() && name != "target" && name != "node_modules" {
        let mut entries: Vec<_> = fs::read_dir(path).expect("readable").flatten().map(|entry| entry.path()).collect();
        entries.sort();
        entries.iter().for_each(|entry| collect(entry, files));
    }
}
