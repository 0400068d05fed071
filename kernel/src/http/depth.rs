//! How deep a request's JSON is nested, by a scan that builds nothing: a few kilobytes of `[` would otherwise be a stack
//! overflow in whatever parses them by recursion. It does not judge whether the text is JSON.

use salvo::http::HeaderMap;
use salvo::http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use crate::error::{Error, Result, code};

/// Refuses a JSON body that is nested deeper than the limit.
pub(super) fn check(limit: u32, headers: &HeaderMap, content: Option<&[u8]>) -> Result<()> {
    let Some(content) = content.filter(|_| is_json(headers)) else { return Ok(()) };
    if !is_deeper(content, limit) {
        return Ok(());
    }
    let message = format!("the JSON is nested deeper than the {limit} levels that are accepted");
    Err(Error::new(&code::HTTP_JSON_TOO_DEEP, message).hint("an operator can raise [server] max_json_depth"))
}

/// Compressed content is bytes, whatever they are of.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    (kind == "application/json" || kind.ends_with("+json")) && !headers.contains_key(CONTENT_ENCODING)
}

fn is_deeper(content: &[u8], limit: u32) -> bool {
    let (mut depth, mut bytes) = (0_u32, content.iter());
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'[' | b'{' if depth == limit => return true,
            b'[' | b'{' => depth += 1,
            // More closed than opened is no JSON: its parser will say so.
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Goes past the closing quote.
fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use salvo::http::HeaderValue;

    use super::*;

    #[test]
    fn levels_are_counted_and_brackets_in_strings_are_not() {
        for (json, deeper) in [
            ("[[1], {\"a\": {}}]", true),
            ("[[1], [2], {}]", false),
            (r#"["[[[", "\"[[[", "\\", {"[[[": "{{{"}]"#, false),
            (r#"["\\", [[]]]"#, true),
            ("]]]][[", false),
            ("\"[[[[", false),
            ("\"\\", false),
            ("", false),
        ] {
            assert_eq!(is_deeper(json.as_bytes(), 2), deeper, "{json}");
        }
        assert!(!is_deeper(&b"[".repeat(64), 64) && is_deeper(&b"[".repeat(65), 64));
    }

    #[test]
    fn only_json_is_looked_at() {
        let deep = b"[".repeat(100);
        for (kind, refused) in [
            ("application/json", true),
            ("Application/JSON ; charset=utf-8", true),
            ("application/vnd.api+json", true),
            ("text/plain", false),
            ("application/jsonl", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(check(64, &headers, Some(&deep)).is_err(), refused, "{kind}");
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            assert!(check(64, &headers, Some(&deep)).is_ok(), "{kind}, compressed");
        }
        assert!(check(64, &HeaderMap::new(), Some(&deep)).is_ok());
    }
}
