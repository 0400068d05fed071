//! Events that a plugin takes and gives: declared names, for features to come.
//!
//! Nothing is delivered here.

use serde::Deserialize;

/// The longest name, in bytes.
const LONGEST: usize = 100;

/// `[events]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// Those that it wants to hear of; `*` stands for one part, as in `order.*`.
    #[serde(default, rename = "in")]
    pub incoming: Vec<String>,
    /// Those that it publishes, written the same way.
    #[serde(default, rename = "out")]
    pub outgoing: Vec<String>,
}

impl Events {
    pub(super) fn faults(&self) -> impl Iterator<Item = String> + '_ {
        let names = self.incoming.iter().chain(&self.outgoing).filter(|name| !is_pattern(name));
        names.map(|name| {
            format!("{name:?} is no name of an event: parts of `a-z0-9_-` or a `*` alone, with `.` between them")
        })
    }
}

fn is_pattern(name: &str) -> bool {
    let of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let is_part = |part: &str| part == "*" || (!part.is_empty() && part.bytes().all(of_name));
    name.len() <= LONGEST && name.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_a_whole_part() {
        for name in ["order.created", "order.*", "*", "a_b-c.1.*.z"] {
            assert!(is_pattern(name), "{name}");
        }
        for name in ["", ".", "a.", ".a", "a..b", "Order", "or*", "**", "a b", "ö", &"a".repeat(101)] {
            assert!(!is_pattern(name), "{name}");
        }
    }
}
