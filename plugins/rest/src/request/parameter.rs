//! The query string: splitting, decoding, and the canonical form. It deliberately gives no parameter a meaning.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The parameters in the order given; `None` where there is no `=`.
pub(crate) fn split(query: &str) -> Vec<(Cow<'_, str>, Option<Cow<'_, str>>)> {
    query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn pair(part: &str) -> (Cow<'_, str>, Option<Cow<'_, str>>) {
    match part.split_once('=') {
        Some((name, value)) => (decode(name), Some(decode(value))),
        None => (decode(part), None),
    }
}

/// Percent-decodes, with `+` for a space. What is not UTF-8 becomes U+FFFD, what is not an escape stays as it is.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let (byte, tail) = match (first, escaped(tail)) {
            (b'%', Some(byte)) => (byte, &tail[2..]),
            (b'+', _) => (b' ', tail),
            _ => (*first, tail),
        };
        bytes.push(byte);
        rest = tail;
    }
    Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// The byte that two hexadecimal digits at the start of `tail` stand for.
fn escaped(tail: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (high, low) = (digit(*tail.first()?)?, digit(*tail.get(1)?)?);
    u8::try_from(high * 16 + low).ok()
}

/// The parameters sorted by name, so that equal requests have equal locations.
pub(crate) fn canonical(parameters: &[(Cow<'_, str>, Option<Cow<'_, str>>)]) -> String {
    let mut sorted: Vec<_> = parameters.iter().collect();
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    let mut text = String::new();
    for (name, value) in sorted {
        let mark = if text.is_empty() { "" } else { "&" };
        text.push_str(mark);
        push_encoded(&mut text, name);
        text.push('=');
        push_encoded(&mut text, value.as_deref().unwrap_or_default());
    }
    text
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    push_encoded(&mut encoded, text);
    encoded
}

fn push_encoded(target: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => target.push(char::from(byte)),
            // Writing to a string cannot fail.
            _ => {
                let _ = write!(target, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_is_encoded_and_keeps_the_rest() {
        let table = [
            ("plain", "plain"),
            ("a+b", "a b"),
            ("a%20b", "a b"),
            ("%", "%"),
            ("%2", "%2"),
            ("%zz", "%zz"),
            ("100%25", "100%"),
            ("%C3%A9", "é"),
            ("%FF", "\u{FFFD}"),
            ("%00", "\0"),
            ("+%2B", " +"),
            ("é", "é"),
        ]; // one row, one case
        for (encoded, decoded) in table {
            assert_eq!(decode(encoded), decoded, "{encoded}");
        }
    }

    #[test]
    fn splits_into_names_and_values() {
        let parts: Vec<_> = split("a=1&b&c=&&=d&e=f=g").into_iter().map(|(n, v)| (n.into_owned(), v)).collect();
        let names: Vec<_> = parts.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        assert_eq!(names, [("a", Some("1")), ("b", None), ("c", Some("")), ("", Some("d")), ("e", Some("f=g"))]);
    }

    #[test]
    fn sorts_the_canonical_form() {
        assert_eq!(canonical(&split("b=eq.1&a=eq.x%20y&c")), "a=eq.x%20y&b=eq.1&c=");
        assert_eq!(canonical(&split("")), "");
    }
}
