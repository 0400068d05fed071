//! Addresses: the part of RFC 5322 that mail is really sent to, in lower case. Quoted local parts, comments, literals of hosts and letters
//! beyond ASCII are deliberately no part of it.

use crate::refusal::Refusal;

/// RFC 5321, 4.5.3.1.
const MAX_LENGTH: usize = 254;
const MAX_LOCAL: usize = 64;
const MAX_LABEL: usize = 63;

/// The address as it is kept.
pub(crate) fn parse(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::invalid("An email address is required"));
    }
    if text.len() > MAX_LENGTH {
        return Err(Refusal::invalid("An email address is too long"));
    }
    let parts = text.rsplit_once('@').filter(|(local, domain)| is_local(local) && is_domain(domain));
    parts.map(|_| text.to_ascii_lowercase()).ok_or_else(invalid)
}

fn invalid() -> Refusal {
    Refusal::invalid("Unable to validate email address: invalid format")
        .hint("like name@example.com, in ASCII; a domain of another script is written as xn--…")
}

/// Words with dots between them.
fn is_local(local: &str) -> bool {
    local.len() <= MAX_LOCAL && local.split('.').all(|word| !word.is_empty() && word.bytes().all(is_local_byte))
}

/// Of RFC 5322's `atext` all but what shells, templates, pages and old mail routers read as more than a letter: `$ % & ! ` { | } `.
fn is_local_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"#'*+-/=?^_~".contains(&byte)
}

/// At least two labels, the last of them no number: an address of a host is no domain.
fn is_domain(domain: &str) -> bool {
    let mut labels = domain.rsplit('.');
    let top = labels.next().unwrap_or_default();
    let has_more = domain.contains('.');
    has_more && is_label(top) && !top.bytes().all(|byte| byte.is_ascii_digit()) && labels.all(is_label)
}

fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    let inner = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    inner && !label.is_empty() && label.len() <= MAX_LABEL && !label.starts_with('-') && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_kept_in_one_way() {
        for (text, kept) in [
            ("ann@example.com", "ann@example.com"),
            ("  Ann.B@Example.COM\n", "ann.b@example.com"),
            ("o'brien+shop@mail.example.co.uk", "o'brien+shop@mail.example.co.uk"),
            ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
            ("1=2_3~4@5.6a", "1=2_3~4@5.6a"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(kept), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_or_would_be_more_than_one_is_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long_label = format!("a@{}.com", "b".repeat(64));
        let long = format!("a@{}com", "b.".repeat(130));
        for text in [
            "",
            "ann",
            "@example.com",
            "ann@",
            "ann@example",
            "ann@.com",
            "ann@example..com",
            "ann@-a.com",
            "ann@a-.com",
            ".ann@example.com",
            "ann.@example.com",
            "a..b@example.com",
            "ann@127.0.0.1",
            "ann@[127.0.0.1]",
            "\"ann b\"@example.com",
            "ann b@example.com",
            "ann(x)@example.com",
            "<ann@example.com>",
            "ann@example.com,bob@example.com",
            "ann@example.com\r\nBcc: bob@example.com",
            "ann\0@example.com",
            "ann@example.com\u{202e}",
            "änn@example.com",
            "ann@exämple.com",
            "a%b@example.com",
            "a!b@example.com",
            "$(id)@example.com",
            "`id`@example.com",
            "a|b@example.com",
            "a;b@example.com",
            "{{a}}@example.com",
            "ann\\@example.com",
            "ann@b@example.com",
            &long_local,
            &long_label,
            &long,
        ] {
            assert_eq!(parse(text).expect_err(text).code, "validation_failed", "{text:?}");
        }
    }
}
