//! Files from strangers: whatever is in them, reading one ends with a package or a refusal, soon and in little memory.
//!
//! Every run reads the same files. They are made from the guest that is kept of the contract's first version.

#![expect(unreachable_pub, reason = "a test binary has no callers: `pub` says what a module offers the others")]

mod craft;

use std::time::{Duration, Instant};

use basalt::host::manifest::MAX_SIZE;
use basalt::host::package::{Package, Parts, pack};
use craft::{MANIFEST, Random, component, deep, empty, leb, manifest, packed, section};

/// What one file may take to be read on a busy machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// What reading may hold beyond the file, in bytes: the peak of this process against what it was.
const MEMORY: u64 = 256 << 20;

/// Reads a file as the kernel does before it compiles; a refusal has the one code for it. A panic fails the test.
fn read(what: &str, file: Vec<u8>) -> Result<Package, String> {
    let start = Instant::now();
    let read = Package::parse(file.into()).and_then(|package| package.check().map(|()| package));
    assert!(start.elapsed() < PATIENCE, "{what} took {:?}", start.elapsed());
    read.map_err(|fault| {
        assert_eq!(fault.code, "plugin.refused", "{what}: {fault}");
        assert!(fault.message.len() < 100_000, "{what}: a message of {} bytes", fault.message.len());
        fault.message
    })
}

#[track_caller]
fn refused(what: &str, file: Vec<u8>, reason: &str) {
    let message = read(what, file).map(|_| ()).expect_err(what);
    assert!(message.contains(reason), "{what}: {message}");
}

#[test]
fn a_whole_file_is_read_with_all_that_it_carries() {
    let package = read("the whole file", packed()).expect("valid");
    assert_eq!(package.migrations[1], ("0002_more.sql".to_owned(), "create table b ()".to_owned()));
    assert_eq!(&package.assets["img/logo.svg"][..], b"<svg/>");
    assert_eq!(package.manifest.id, "kept");
}

#[test]
fn a_file_that_was_cut_off_is_refused_or_is_a_smaller_one() {
    let file = packed();
    let complete = component().len();
    for end in (0..file.len()).step_by(97).chain(file.len() - 200..file.len()) {
        let read = read(&format!("the first {end} bytes"), file[..end].to_vec());
        assert!(read.is_err() || end > complete, "{end} of {complete} bytes of code were enough");
    }
}

#[test]
fn a_file_with_changed_bytes_is_refused_or_read() {
    let (file, mut random) = (packed(), Random(0x9e37_79b9_7f4a_7c15));
    for round in 0..20_000 {
        let mut changed = file.clone();
        for _ in 0..=random.below(8) {
            // Half of the changes go where the structure is: the beginning, and what was appended.
            let place = match random.below(4) {
                0 => random.below(512),
                1 => file.len() - 1 - random.below(2048),
                _ => random.below(file.len()),
            };
            changed[place] = [0, 0x7f, 0x80, 0xff, random.next() as u8][random.below(5)];
        }
        let _ = read(&format!("round {round}"), changed);
    }
}

#[test]
fn a_file_with_moved_bytes_is_refused_or_read() {
    let (file, mut random) = (packed(), Random(7));
    for round in 0..2_000 {
        let mut changed = file.clone();
        let (start, length) = (random.below(file.len()), random.below(300));
        let piece: Vec<_> = changed[start..file.len().min(start + length)].to_vec();
        let place = random.below(changed.len());
        match random.below(3) {
            0 => drop(changed.splice(place..place, piece)),
            1 => drop(changed.drain(start..file.len().min(start + length))),
            _ => changed.extend(piece),
        }
        let _ = read(&format!("round {round}"), changed);
    }
}

#[test]
fn bombs_are_refused_in_little_memory() {
    let before = craft::peak();
    let with = |bytes: Vec<u8>| [component(), bytes].concat();
    let many = |name: &str, contents: &mut dyn Iterator<Item = String>| {
        let sections = contents.flat_map(|content| section(name, content.as_bytes())).collect();
        [component(), manifest(MANIFEST), sections].concat()
    };
    refused("a section of 4 GiB", with([&[0][..], &leb(u32::MAX)].concat()), "not valid WebAssembly");
    for id in 1..=12 {
        let huge = [&[id, 5][..], &leb(u32::MAX)].concat();
        let _ = read(&format!("4 billion of what section {id} has"), [empty(), huge].concat());
    }
    refused("components 100,000 deep", [deep(100_000), manifest(MANIFEST)].concat(), "deeper than");
    refused("100,000 components", [empty(), craft::wide(100_000)].concat(), "components");
    refused("two manifests", with([manifest(MANIFEST), manifest(MANIFEST)].concat()), "more than one manifest");
    refused("a section of the future", with(section("basalt:signature", b"")), "does not know");
    refused(
        "100,000 migrations",
        many("basalt:migration", &mut (0..100_000).map(|n| format!("{n:04}_a.sql\0"))),
        "migration",
    );
    refused("100,000 assets", many("basalt:asset", &mut (0..100_000).map(|n| format!("{n}\0"))), "assets");
    refused("an asset twice", many("basalt:asset", &mut ["a\0", "a\0"].into_iter().map(str::to_owned)), "two assets");
    for path in ["../../etc/passwd", "/etc/passwd", "a/../../b", "a\\..\\b", "", "nul\u{1}"] {
        refused(path, many("basalt:asset", &mut [format!("{path}\0")].into_iter()), "no safe path");
    }
    refused(
        "a large asset",
        many("basalt:asset", &mut [format!("a\0{}", " ".repeat(9 << 20))].into_iter()),
        "more than",
    );
    refused("65 MiB", vec![0; 65 << 20], "more than");
    let grown = craft::peak().saturating_sub(before);
    assert!(grown < MEMORY, "reading took {} MiB", grown >> 20);
}

#[test]
fn manifests_that_mean_harm_are_refused() {
    let file = |text: &str| [component(), manifest(text)].concat();
    let long = |piece: &str, end: &str| format!("{MANIFEST}{}{end}", piece.repeat((MAX_SIZE - 2000) / piece.len()));
    refused("10 MB", file(&" ".repeat(10 << 20)), "bytes, more than");
    let route = |n: usize| format!("[[route]]\nname=\"a{n}\"\npath=\"/\"\nmounts=[]\n");
    refused("100,000 routes", file(&format!("{MANIFEST}{}", (0..100_000).map(route).collect::<String>())), "more than");
    refused("5,000 routes", file(&format!("{MANIFEST}{}", (0..5_000).map(route).collect::<String>())), "more than");
    for (what, text) in [
        ("arrays", long("[", "").replacen("[[[", "a = [[[", 1)),
        ("inline tables", format!("{MANIFEST}want = {}", "{a=".repeat(60_000))),
        ("dotted keys", format!("{MANIFEST}{}a = 1", "a.".repeat(100_000))),
        ("dotted headers", format!("{MANIFEST}[{}a]", "a.".repeat(100_000))),
        ("dotted wants", format!("{MANIFEST}[want]\nhttp.{}a = 1", "a.".repeat(100_000))),
        ("quotes", long("\"", "")),
        ("brackets", long("[[a]]\n", "")),
        ("keys", format!("{MANIFEST}{}", (0..20_000).map(|n| format!("k{n}=1\n")).collect::<String>())),
        ("events", format!("{MANIFEST}[events]\nin = [{}]", "\"A\",".repeat(900))),
    ] {
        read(what, file(&text)).map(|_| ()).expect_err(what);
    }
    refused("no UTF-8", [component(), section("basalt:manifest", b"id = \"\xff\"")].concat(), "not UTF-8");
}

#[test]
fn a_manifest_that_lies_about_its_code_is_refused() {
    let file = |text: &str| [component(), manifest(text)].concat();
    refused("less than it imports", file(&MANIFEST.replace("[want.random]", "")), "imports the capability \"random\"");
    let route = "[[route]]\nname = \"a\"\npath = \"/\"\nmounts = [\"/a\"]\n";
    refused("routes without code", [empty(), manifest(&format!("{MANIFEST}{route}"))].concat(), "does not export");
    let parts = Parts {
        manifest: MANIFEST.replace("modes = [\"own\"]", "modes = [\"caller\"]").into(),
        migrations: vec![("0001_a.sql".to_owned(), Vec::new())],
        ..Parts::default()
    };
    let fault = pack(&component(), &parts).expect_err("nobody to run them");
    assert!(fault.message.contains("migrations"), "{fault}");
}
