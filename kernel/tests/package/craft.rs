//! Files by hand: what an encoder would never write.

use std::path::Path;

use basalt::host::package::{Parts, pack};

/// A manifest for the kept guest's code.
pub const MANIFEST: &str = "id = \"kept\"\nversion = \"0.1.0\"\ndescription = \"\"\nlicense = \"MIT\"\n\
    want.http = {}\nwant.sql.modes = [\"own\"]\nwant.schema = {}\nwant.log = {}\nwant.clock = {}\n\
    want.settings = {}\nwant.dispatch = {}\nwant.secret = {}\n[want.random]\n";

/// Numbers that are the same in every run (xorshift).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// The kept guest without what was packed into it, which stands at its end.
pub fn component() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/0.1.0/guest.wasm");
    let file = std::fs::read(path).expect("a kept guest");
    let name = b"basalt:manifest";
    let at = file.windows(name.len()).position(|window| window == name).expect("packed");
    // Before the name: its length in one byte, the section's in two, the section's id.
    assert_eq!(file[at - 4], 0, "a custom section");
    file[..at - 4].to_vec()
}

/// A file with something of everything.
pub fn packed() -> Vec<u8> {
    let migration = |name: &str, sql: &str| (name.to_owned(), sql.as_bytes().to_vec());
    let parts = Parts {
        manifest: MANIFEST.into(),
        migrations: vec![
            migration("0001_first.sql", "create table a ()"),
            migration("0002_more.sql", "create table b ()"),
        ],
        assets: vec![("img/logo.svg".to_owned(), b"<svg/>".to_vec()), ("index.html".to_owned(), vec![b' '; 3000])],
    };
    pack(&component(), &parts).expect("valid").wasm.to_vec()
}

/// A component with nothing in it.
pub fn empty() -> Vec<u8> {
    b"\0asm\x0d\0\x01\0".to_vec()
}

pub fn manifest(text: &str) -> Vec<u8> {
    section("basalt:manifest", text.as_bytes())
}

pub fn section(name: &str, content: &[u8]) -> Vec<u8> {
    let inner = [&leb(name.len() as u32)[..], name.as_bytes(), content].concat();
    [&[0][..], &leb(inner.len() as u32), &inner].concat()
}

pub fn leb(mut number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// Components in components.
pub fn deep(levels: usize) -> Vec<u8> {
    let mut heads = Vec::new();
    let mut length = empty().len();
    for _ in 0..levels {
        let head = [&empty()[..], &[4], &leb(length as u32)].concat();
        length += head.len();
        heads.push(head);
    }
    heads.reverse();
    [heads.concat(), empty()].concat()
}

/// Components beside each other.
pub fn wide(count: usize) -> Vec<u8> {
    [&[4, 8][..], &empty()].concat().repeat(count)
}

/// The most memory that this process ever had, in bytes.
pub fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or_default() * 1024
}
