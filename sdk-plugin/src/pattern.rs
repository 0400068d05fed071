//! Patterns of paths, as manifests write them: `/orders/{id}` and, at the end, `/files/{*rest}`. It deliberately does not
//! decide between patterns that both fit.

use percent_encoding::percent_decode_str;

/// Parameters by name, percent-decoded.
pub(crate) type Found = Vec<(String, String)>;

/// The parameters of a path that is still percent-encoded; `None` where the pattern is for others.
pub(crate) fn fit(pattern: &str, path: &str) -> Option<Found> {
    let (mut wanted, mut left) = (trimmed(pattern), trimmed(path));
    let mut found = Found::new();
    loop {
        let ((part, more), (segment, rest)) = (split(wanted), split(left));
        match parameter(part) {
            Some(name) if let Some(name) = name.strip_prefix('*') => {
                found.push((name.to_owned(), decode(left)));
                return (!left.is_empty()).then_some(found);
            }
            Some(name) if !segment.is_empty() => found.push((name.to_owned(), decode(segment))),
            None if part == segment => {}
            _ => return None,
        }
        match (more, rest) {
            (None, None) => return Some(found),
            (Some(more), Some(rest)) => (wanted, left) = (more, rest),
            _ => return None,
        }
    }
}

/// A mount and the slash below it are one path.
fn trimmed(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}

fn split(path: &str) -> (&str, Option<&str>) {
    path.split_once('/').map_or((path, None), |(segment, rest)| (segment, Some(rest)))
}

fn parameter(part: &str) -> Option<&str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_whole_segments() {
        for (pattern, path, parameters) in [
            ("/", "", Some("")),
            ("/", "/", Some("")),
            ("/orders", "/orders", Some("")),
            ("/orders", "/orders/", None),
            ("/orders/{id}", "/orders/7", Some("id=7")),
            ("/orders/{id}", "/orders/", None),
            ("/orders/{id}", "/orders/7/lines", None),
            ("/orders/{id}/lines/{line}", "/orders/7/lines/a%2Fb", Some("id=7 line=a/b")),
            ("/files/{*rest}", "/files/a/b%20c", Some("rest=a/b c")),
            ("/files/{*rest}", "/files/", None),
            ("/{*rest}", "/a", Some("rest=a")),
        ] {
            let found = fit(pattern, path)
                .map(|found| found.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "));
            assert_eq!(found.as_deref(), parameters, "{pattern} {path}");
        }
    }
}
