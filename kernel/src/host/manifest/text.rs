//! What text of a manifest may hold: it is shown to the person who decides what a stranger's plugin may do.
//!
//! It knows no keys but the two whose values people do not read as a part of a sentence.

use toml::Value;

/// The most elements of any list. A plugin with a thousand routes is a mistake, or an attack on the route table.
const MOST_ELEMENTS: usize = 1000;
/// The longest text, in bytes.
const LONGEST: usize = 1000;

/// The values of settings may have several lines and any length that the manifest's own allows.
const FREE: [&str; 2] = ["default", "choices"];

/// The first fault of a value and of everything in it; `key` is where it stands.
pub(super) fn fault(key: &str, value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !is_plain(text, FREE.contains(&key)) => {
            Some(format!("{key}: text with control characters, or longer than {LONGEST} bytes"))
        }
        Value::Array(elements) if elements.len() > MOST_ELEMENTS => {
            Some(format!("{key}: {} elements, more than {MOST_ELEMENTS}", elements.len()))
        }
        Value::Array(elements) => elements.iter().find_map(|element| fault(key, element)),
        Value::Table(table) if table.len() > MOST_ELEMENTS => Some(format!("{key}: more than {MOST_ELEMENTS} keys")),
        Value::Table(table) => table.iter().find_map(|(inner, value)| {
            let odd = !is_plain(inner, false);
            let key = if FREE.contains(&key) { key } else { inner };
            if odd { Some("a key with control characters".to_owned()) } else { fault(key, value) }
        }),
        _ => None,
    }
}

fn is_plain(text: &str, is_free: bool) -> bool {
    let is_allowed = |char| is_free && (char == '\n' || char == '\t');
    (is_free || text.len() <= LONGEST) && !text.chars().any(|char| is_hidden(char) && !is_allowed(char))
}

/// Characters that move the cursor, start a terminal's command, or turn the direction of what follows: a description could
/// show a line of permissions that is not there.
pub fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `[a-z][a-z0-9_-]*`, at most 64 bytes: what routes, jobs and settings are called.
pub(super) fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte))
        && name.len() <= 64
}
