//! `If-None-Match` (RFC 9110, 13.1.2): a list of tags, or `*`. Pure; it deliberately knows no other condition.

/// Whether the client has the representation with this tag. Weak comparison: a tag that was weakened on the way out, as
/// compression does, still stands for the same content.
pub(crate) fn matches(known: &str, tag: &str) -> bool {
    known.trim() == "*" || tags(known).any(|known| strong(known) == strong(tag))
}

fn strong(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// The tags of a list. A comma can be a part of a tag, so the quotes decide; what is no tag ends the list.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let open = if rest.starts_with("W/\"") { 3 } else { 1 };
        let close = rest.get(open - 1..)?.strip_prefix('"')?.find('"')?;
        let (tag, after) = rest.split_at(open + close + 1);
        rest = after;
        Some(tag)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_matches_when_one_of_its_tags_does() {
        for (known, expected) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", \"a\"", true),
            ("\"b\",W/\"a\"", true),
            ("*", true),
            (" * ", true),
            ("\"x,\\\", \"a\"", true),
            ("\"b\"", false),
            ("a", false),
            ("\"a", false),
            ("", false),
            (",,,", false),
            ("W/a", false),
            ("\"aa\"", false),
            ("é\"a\"", false),
        ] {
            assert_eq!(matches(known, "\"a\""), expected, "{known}");
        }
        assert!(matches("\"a\"", "W/\"a\""));
    }
}
