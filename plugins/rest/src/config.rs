//! What the operator set for this plugin. It deliberately knows no defaults: the manifest has them.

use sdk_plugin::{Problem, settings};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) schemas: Vec<String>,
    pub(crate) extra_search_path: Vec<String>,
    pub(crate) pre_request: Option<(Option<String>, String)>,
    pub(crate) root_spec: Option<String>,
    pub(crate) openapi: OpenApi,
    pub(crate) openapi_security: bool,
    pub(crate) openapi_url: String,
    pub(crate) transaction_end: End,
    pub(crate) aggregates: bool,
    pub(crate) plans: bool,
    pub(crate) server_timing: bool,
    pub(crate) verbose_errors: bool,
    pub(crate) target_names: bool,
    pub(crate) app_settings: BTreeMap<String, String>,
    pub(crate) role_timeouts: BTreeMap<String, String>,
    pub(crate) default_limit: Option<u64>,
    pub(crate) max_limit: Option<u64>,
    pub(crate) max_results: Option<u64>,
    pub(crate) require_filter: bool,
}

/// What the description at the root shows.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OpenApi {
    FollowPrivileges,
    IgnorePrivileges,
    Disabled,
}

/// How transactions end, and whether a request may say otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) rollback: bool,
    pub(crate) overridable: bool,
}

impl Config {
    pub(crate) fn load() -> Result<Self, Problem> {
        let config = Self {
            schemas: settings::get("schemas")?,
            extra_search_path: settings::get("extra_search_path")?,
            pre_request: name(&text("pre_request")?),
            root_spec: Some(text("root_spec")?).filter(|name| !name.is_empty()),
            openapi: settings::get("openapi")?,
            openapi_security: settings::get("openapi_security")?,
            openapi_url: text("openapi_url")?,
            transaction_end: End::read(&text("transaction_end")?),
            aggregates: settings::get("aggregates")?,
            plans: settings::get("plans")?,
            server_timing: settings::get("server_timing")?,
            verbose_errors: settings::get("verbose_errors")?,
            target_names: settings::get("target_names")?,
            app_settings: settings::get("app_settings")?,
            role_timeouts: settings::get("role_timeouts")?,
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

    /// Whether the schema is exposed.
    pub(crate) fn exposes(&self, schema: &str) -> bool {
        self.schemas.iter().any(|exposed| exposed == schema)
    }

    /// Whether statements about `schema` find names in `other` without its name.
    pub(crate) fn finds(&self, schema: &str, other: &str) -> bool {
        schema == other || self.extra_search_path.iter().any(|extra| extra == other)
    }
}

impl End {
    fn read(text: &str) -> Self {
        Self { rollback: text.starts_with("rollback"), overridable: text.ends_with("allow-override") }
    }
}

fn text(key: &str) -> Result<String, Problem> {
    settings::get(key)
}

/// `schema.name` or `name`.
fn name(text: &str) -> Option<(Option<String>, String)> {
    match text.split_once('.') {
        _ if text.is_empty() => None,
        Some((schema, name)) => Some((Some(schema.to_owned()), name.to_owned())),
        None => Some((None, text.to_owned())),
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
            extra_search_path: vec!["public".to_owned()],
            pre_request: None,
            root_spec: None,
            openapi: OpenApi::FollowPrivileges,
            openapi_security: false,
            openapi_url: String::new(),
            transaction_end: End::default(),
            aggregates: false,
            plans: false,
            server_timing: false,
            verbose_errors: true,
            target_names: true,
            app_settings: BTreeMap::new(),
            role_timeouts: BTreeMap::new(),
            default_limit: Some(100),
            max_limit: Some(1000),
            max_results: Some(10_000),
            require_filter: true,
        }
    }
}
