//! What was published stays: the contract in `wit/` still holds everything that is kept of each version of it.
//!
//! It compares texts. That the kept guests still run is shown in `kernel/tests/all/contract.rs`.

mod item;

use std::fs;
use std::path::{Path, PathBuf};

use item::Contract;

fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn kept() -> Vec<PathBuf> {
    let folder = tree().join("kernel/tests/contract");
    let mut kept: Vec<_> = fs::read_dir(folder).expect("kept contracts").flatten().map(|entry| entry.path()).collect();
    kept.sort();
    kept
}

/// What of `kept` does not hold in `now`. Functions and types may be added, but not to what plugins export: the plugins
/// that are there do not export it.
fn breaks(kept: &Contract, now: &Contract) -> Vec<String> {
    let mut breaks: Vec<_> = kept
        .items
        .iter()
        .filter_map(|(name, text)| match now.items.get(name) {
            Some(present) if present == text => None,
            Some(present) => Some(format!("{name} was `{text}` and is `{present}`")),
            None => Some(format!("{name} is gone")),
        })
        .collect();
    for (package, version) in &kept.versions {
        if now.versions.get(package).is_some_and(|present| present < version) {
            breaks.push(format!("{package} was at {version} before"));
        }
    }
    let is_new = |name: &&String| !kept.items.contains_key(*name);
    let promised = |name: &&String| kept.exports.iter().any(|export| name.starts_with(&format!("{export} function ")));
    breaks.extend(now.items.keys().filter(is_new).filter(promised).map(|name| format!("{name} is new in an export")));
    breaks
}

#[test]
fn nothing_that_was_published_is_changed_or_gone() {
    let now = Contract::read(&tree().join("wit"));
    let kept = kept();
    assert!(!kept.is_empty(), "no version is kept: `cargo xtask freeze` keeps this one");
    for folder in kept {
        let breaks = breaks(&Contract::read(&folder.join("wit")), &now);
        assert!(
            breaks.is_empty(),
            "plugins built for {} would break; a change of shape is a new package beside the old one:\n{}",
            folder.display(),
            breaks.join("\n")
        );
    }
}

/// What is to come, as `docs/room` has it, fits beside the contract as it is.
#[test]
fn every_draft_of_what_comes_resolves_with_the_contract_unchanged() {
    let wit = tree().join("wit");
    let now = Contract::read(&wit);
    let files = fs::read_dir(tree().join("docs/room")).expect("drafts").flatten().map(|entry| entry.path());
    let drafts: Vec<_> = files.filter(|path| path.extension().is_some_and(|end| end == "wit")).collect();
    assert!(drafts.len() >= 5, "{drafts:?}");
    for path in drafts {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name");
        let draft = Contract::draft(&path, &wit);
        assert_eq!(breaks(&now, &draft), [""; 0], "{name} changes the contract");
        let package = format!("basalt:{name}@0.1");
        assert_eq!(draft.versions.get(&package).map(String::as_str), Some("0.1.0"), "{name} is a package of its own");
        assert!(!now.versions.contains_key(&package), "{name} is no draft any more");
        let world = format!("{package} world draft ");
        assert!(draft.items.keys().any(|item| item.starts_with(&world)), "{name} has no world `draft`");
    }
}

const BEFORE: &str = "package a:a@0.1.0;\n\
    interface i { enum e { x, y } record r { a: u8, b: e } resource h { m: func(p: borrow<h>) -> result<r, string>; }\n\
    f: func(a: list<option<r>>); }\n\
    interface out { use i.{r}; go: func(r: r); }\n\
    world w { import i; export out; }";

#[test]
fn additions_are_no_break_and_changes_are() {
    let before = Contract::parse(BEFORE);
    for (from, to) in [
        ("f: func", "g: func(); f: func"),
        ("resource h { m", "resource h { n: func(); m"),
        ("interface out", "interface more { f: func(); } interface out"),
        ("import i;", "import i; import more; "),
        ("@0.1.0", "@0.1.1"),
        ("enum e", "/// documented\nenum e"),
    ] {
        let mut after = BEFORE.replace(from, to);
        if to.contains("import more") {
            after.push_str("\ninterface more {}");
        }
        assert_eq!(breaks(&before, &Contract::parse(&after)), [""; 0], "{to}");
    }
    for (from, to) in [
        ("x, y", "x, y, z"),
        ("b: e }", "b: e, c: u8 }"),
        ("a: u8", "a: u16"),
        ("borrow<h>", "h"),
        ("p: borrow", "q: borrow"),
        ("result<r, string>", "result<r>"),
        ("f: func(a: list<option<r>>);", ""),
        ("f: func(a: list<option<r>>)", "f: func(a: list<r>)"),
        ("go: func(r: r)", "go: func(r: r); stop: func()"),
        ("export out;", ""),
        ("world w", "world v"),
        ("@0.1.0", "@0.2.0"),
    ] {
        assert!(!breaks(&before, &Contract::parse(&BEFORE.replace(from, to))).is_empty(), "{from} → {to}");
    }
    let newer = Contract::parse(&BEFORE.replace("@0.1.0", "@0.1.1"));
    assert_eq!(breaks(&newer, &before), ["a:a@0.1 was at 0.1.1 before"]);
}
