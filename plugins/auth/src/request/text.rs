//! Short texts of requests: passwords, names, ids, codes. It deliberately judges no password's strength: that is the kernel's.

use crate::refusal::Refusal;

/// What is hashed costs memory and time before anybody knows who asks.
const MAX_PASSWORD: usize = 1024;

/// The longest token or code of any kind.
const MAX_TOKEN: usize = 512;

/// A password that is worth hashing.
pub(crate) fn password(text: String) -> Result<String, Refusal> {
    match text.len() {
        0 => Err(Refusal::invalid("Signup requires a valid password")),
        1..=MAX_PASSWORD => Ok(text),
        _ => Err(Refusal::invalid(format!("A password has at most {MAX_PASSWORD} bytes"))),
    }
}

/// A name that people see: of a factor, of an issuer.
pub(crate) fn name(what: &str, text: Option<String>) -> Result<Option<String>, Refusal> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let text = text.trim();
    // A colon parts issuer and account in the label of an authenticator app.
    match text.chars().count() <= 64 && !text.chars().any(|char| char.is_control() || char == ':') {
        true => Ok(Some(text.to_owned())),
        false => Err(Refusal::invalid(format!("{what} has at most 64 characters, without `:` and control characters"))),
    }
}

/// The id of something, which is a UUID: what is not cannot exist.
pub(crate) fn id(what: &str, text: &str) -> Result<String, Refusal> {
    let parts: Vec<_> = text.split('-').collect();
    let lengths = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]);
    let digits = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if lengths && digits { Ok(text.to_ascii_lowercase()) } else { Err(Refusal::no_uuid(what)) }
}

/// Something that was given out before, as it was given.
pub(crate) fn token(what: &str, text: Option<String>) -> Result<String, Refusal> {
    let text = text.unwrap_or_default();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    match text.len() {
        1..=MAX_TOKEN if is_plain => Ok(text),
        0 => Err(Refusal::invalid(format!("{what} required"))),
        _ => Err(Refusal::invalid(format!("{what} is malformed"))),
    }
}

/// The digits of an authenticator app, as people type them.
pub(crate) fn code(text: Option<String>) -> Result<String, Refusal> {
    let text: String = text.unwrap_or_default().chars().filter(|char| !char.is_whitespace()).take(MAX_TOKEN).collect();
    match text.len() {
        0 => Err(Refusal::invalid("Code needs to be non-empty")),
        6..=8 if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(text),
        _ => Err(Refusal::invalid("Code needs to be six digits")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid() {
        let id = |text: &str| id("user", text);
        assert_eq!(id("0190E7A2-0000-7000-8000-00000000000F").as_deref(), Ok("0190e7a2-0000-7000-8000-00000000000f"));
        for text in
            ["", "1", "0190e7a2-0000-7000-8000-00000000000g", "0190e7a2000070008000000000000000", "--------", "../x"]
        {
            assert_eq!(id(text).map_err(|refusal| refusal.status), Err(404), "{text}");
        }
    }

    #[test]
    fn codes_are_digits_however_they_are_typed() {
        assert_eq!(code(Some(" 123 456 ".to_owned())).as_deref(), Ok("123456"));
        for text in ["", "12345", "123456789", "12345a", "１２３４５６"] {
            assert!(code(Some(text.to_owned())).is_err(), "{text}");
        }
    }

    #[test]
    fn every_text_has_an_end() {
        assert!(password("a".repeat(MAX_PASSWORD)).is_ok() && password("a".repeat(MAX_PASSWORD + 1)).is_err());
        assert!(password(String::new()).is_err());
        assert!(
            token("t", Some("a".repeat(MAX_TOKEN))).is_ok() && token("t", Some("a".repeat(MAX_TOKEN + 1))).is_err()
        );
        assert!(token("t", None).is_err() && token("t", Some("a b".to_owned())).is_err());
        assert_eq!(name("n", Some("  My phone ".to_owned())), Ok(Some("My phone".to_owned())));
        assert_eq!((name("n", None), name("n", Some("  ".to_owned()))), (Ok(None), Ok(None)));
        for text in ["a\nb", "a:b", &"a".repeat(65)] {
            assert!(name("n", Some(text.to_owned())).is_err(), "{text:?}");
        }
    }
}
