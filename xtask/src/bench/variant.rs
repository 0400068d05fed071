//! What is measured: each variant is one URL of one kernel under one load.
//!
//! Which of them are compared with each other, and how that should come out, is `ratio.rs`.

use anyhow::bail;

use super::neighbour;

/// Which of the kernels answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// As it is by default, but for the log, which says warnings only.
    Main,
    /// With `reuse = false`: an instance for each call.
    Fresh,
    /// With a line in the log for each request.
    Logging,
}

/// One thing to measure.
#[derive(Debug)]
pub(crate) struct Variant {
    /// What `--only` and the table call it.
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) place: Place,
    /// `KEY` stands for a key of the table, another one in each request.
    pub(crate) path: &'static str,
    /// Whether the requests carry a token.
    pub(crate) signed: bool,
    pub(crate) connections: u32,
}

const fn constant(name: &'static str, what: &'static str, place: Place, path: &'static str) -> Variant {
    Variant { name, what, place, path, signed: false, connections: MANY }
}

const fn read(name: &'static str, what: &'static str, path: &'static str, connections: u32) -> Variant {
    Variant { name, what, place: Place::Main, path, signed: true, connections }
}

/// Enough to keep the kernel busy, and less than what it waits for: instances and connections to the database.
const MANY: u32 = 32;

const ITEM_NATIVE: &str = "/bench/item?id=eq.KEY";
const ITEM: &str = "/rest/v1/item?id=eq.KEY";

/// All of them.
pub(crate) const ALL: &[Variant] = &[
    constant("a", "10 KB constant, native", Place::Main, "/bench/large"),
    constant("b", "10 KB constant, plugin", Place::Main, "/test/bench/large"),
    constant("c", "10 KB constant, plugin, fresh instance", Place::Fresh, "/test/bench/large"),
    constant("a-small", "100 B constant, native", Place::Main, "/bench/small"),
    constant("b-small", "100 B constant, plugin", Place::Main, "/test/bench/small"),
    constant("g", "100 B constant, plugin asks plugin", Place::Main, "/test/bench/dispatch"),
    read("d", "get by key, native", ITEM_NATIVE, MANY),
    read("d-bare", "get by key, native, no role nor claims", "/bench/item/bare?id=eq.KEY", MANY),
    read("e", "get by key, rest", ITEM, MANY),
    Variant { place: Place::Logging, ..read("e-log", "get by key, rest, a log line each", ITEM, MANY) },
    read("d-1", "get by key, native, 1 connection", ITEM_NATIVE, 1),
    read("e-1", "get by key, rest, 1 connection", ITEM, 1),
    read("f-native", "100 rows, native", "/bench/list?order=id&limit=100", MANY),
    read("f-rest", "100 rows, rest", "/rest/v1/item?order=id&limit=100", MANY),
];

/// Those named, or all when none is.
pub(crate) fn select(names: &[String]) -> anyhow::Result<Vec<&'static Variant>> {
    let known: Vec<_> = ALL.iter().map(|one| one.name).chain(neighbour::ALL.iter().map(|one| one.name)).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no variant {name}: the variants are {}", known.join(", "));
    }
    Ok(ALL.iter().filter(|variant| names.is_empty() || names.iter().any(|name| name == variant.name)).collect())
}
