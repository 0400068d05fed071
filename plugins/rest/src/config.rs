//! The plugin's settings as values. It deliberately knows nothing of what a request asks for: `plan/window.rs` does that.

use sdk_plugin::{Problem, settings};

/// What the operator decided.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The exposed schemas; the first is the default.
    pub(crate) schemas: Vec<String>,
    pub(crate) default_limit: Option<u64>,
    pub(crate) max_limit: Option<u64>,
    pub(crate) max_results: Option<u64>,
    pub(crate) require_filter: bool,
}

impl Config {
    pub(crate) fn load() -> Result<Self, Problem> {
        let config = Self {
            schemas: settings::get("schemas")?,
            default_limit: limit("default_limit")?,
            max_limit: limit("max_limit")?,
            max_results: limit("max_results")?,
            require_filter: settings::get("require_filter")?,
        };
        match config.schemas.is_empty() {
            true => Err(Problem::new("settings.invalid", "The setting `schemas` must name at least one schema")),
            false => Ok(config),
        }
    }
}

/// A limit; 0 turns it off.
fn limit(key: &str) -> Result<Option<u64>, Problem> {
    Ok(Some(settings::get::<u64>(key)?).filter(|limit| *limit > 0))
}

#[cfg(test)]
impl Default for Config {
    fn default() -> Self {
        Self {
            schemas: vec!["public".to_owned()],
            default_limit: Some(100),
            max_limit: Some(1000),
            max_results: Some(10_000),
            require_filter: true,
        }
    }
}
