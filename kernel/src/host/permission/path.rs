//! Whether one path, or pattern of paths, takes in another. It finds no route.

/// Whether everything that the second pattern matches is matched by the first: `/a/{*rest}` covers `/a/{b}/c`.
pub(super) fn pattern(wide: &str, narrow: &str) -> bool {
    let (mut wide, mut narrow) = (wide.split('/'), narrow.split('/'));
    loop {
        match (wide.next(), narrow.next()) {
            (None, None) => return true,
            (Some(rest), Some(first)) if is_rest(rest) => return !first.is_empty(),
            (Some(one), Some(other)) if one == other || is_parameter(one) && !is_rest(other) && !other.is_empty() => {}
            _ => return false,
        }
    }
}

/// Whether a path is at or below another, by whole segments.
pub(super) fn below(mount: &str, path: &str) -> bool {
    let rest = path.trim_end_matches('/').strip_prefix(mount.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a pattern leaves nothing out.
pub(super) fn is_everything(pattern: &str) -> bool {
    pattern.trim_start_matches('/').split('/').next().is_some_and(is_rest)
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}') && !segment.starts_with("{{")
}

fn is_rest(segment: &str) -> bool {
    segment.starts_with("{*") && segment.ends_with('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_it_matches_whatever_the_parameters_are_called() {
        for (wide, narrow, holds) in [
            ("/a/{b}", "/a/{c}", true),
            ("/a/{b}", "/a/b", true),
            ("/a/b", "/a/{b}", false),
            ("/a/{*b}", "/a/{b}/c", true),
            ("/a/{*b}", "/a", false),
            ("/a/{*b}", "/a/", false),
            ("/a/{b}", "/a/{*b}", false),
            ("/a/{b}", "/a/", false),
            ("/a/{b}", "/a/b/c", false),
            ("/{*a}", "/ab/c", true),
            ("/a", "/ab", false),
            ("/", "/a", false),
        ] {
            assert_eq!(pattern(wide, narrow), holds, "{wide} covers {narrow}");
        }
    }

    #[test]
    fn below_goes_by_whole_segments() {
        for (mount, path, holds) in
            [("/", "/a", true), ("/a", "/a/b", true), ("/a", "/a/", true), ("/a", "/ab", false), ("/a", "/", false)]
        {
            assert_eq!(below(mount, path), holds, "{path} is below {mount}");
        }
    }
}
