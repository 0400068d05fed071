//! What the operator set for this plugin. It deliberately keeps nothing: settings do not change while an instance lives,
//! so read them once and keep what you made of them.

use crate::Problem;
use crate::bindings::basalt::settings::settings;
use serde::de::DeserializeOwned;

/// A setting, or its default in the manifest. A problem `settings.missing` for a key that the manifest does not declare,
/// `settings.invalid` for a value that does not fit `T`.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<T, Problem> {
    let text = settings::get(key)
        .ok_or_else(|| Problem::new("settings.missing", format!("The manifest declares no setting `{key}`")))?;
    parse(key, &text)
}

fn parse<T: DeserializeOwned>(key: &str, text: &str) -> Result<T, Problem> {
    serde_json::from_str(text)
        .map_err(|error| Problem::new("settings.invalid", format!("The setting `{key}` cannot be used: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_setting_that_does_not_fit() {
        assert_eq!(parse::<u32>("limit", "10").unwrap(), 10);
        let problem = parse::<u32>("limit", "\"ten\"").unwrap_err();
        assert_eq!(problem.code, "settings.invalid");
        assert!(problem.message.contains("`limit`"), "{}", problem.message);
    }
}
