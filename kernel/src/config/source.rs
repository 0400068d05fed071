//! Where settings come from, weakest first: defaults, the bundle's preset, the file, the environment.
//!
//! The only place that reads the environment. It does not interpret values beyond TOML.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::error::{Error, Result, code};

/// What is merged into one table.
#[derive(Debug, Default)]
pub struct Sources {
    /// A bundle's preset, as TOML.
    pub preset: Option<String>,
    /// The file; `basalt.toml` in the working directory when it exists and none is named.
    pub file: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
}

/// Names that are established elsewhere, and the keys that they set.
const ALIASES: &[(&str, &str)] = &[
    ("DATABASE_URL", "database.admin"),
    ("BASALT_JWT_SECRET", "auth.jwt_secret"),
    ("BASALT_ENCRYPTION_KEY", "auth.encryption_key"),
    ("BASALT_SERVER_ADDRESS", "server.address"),
    ("BASALT_DATA_DIR", "data_dir"),
];

const DEFAULT_FILE: &str = "basalt.toml";

impl Sources {
    /// The process environment, and the file that was named on the command line or in `BASALT_CONFIG`.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
    pub fn from_process(file: Option<PathBuf>) -> Self {
        let named = file.or_else(|| std::env::var("BASALT_CONFIG").ok().map(PathBuf::from));
        let default = PathBuf::from(DEFAULT_FILE);
        let file = named.or_else(|| default.exists().then_some(default));
        Self { preset: None, file, environment: std::env::vars().collect() }
    }
}

/// A variable that is no setting of the kernel: what a command is told by whoever types it. Nothing where it is empty.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What comes with the kernel and what the operator says, apart: a plugin's recorded grant stands between the two.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// The bundle's preset.
    pub preset: Table,
    /// The file, and over it the environment.
    pub operator: Table,
}

impl Layers {
    /// One section of each.
    #[must_use]
    pub fn only(&self, section: &str) -> Self {
        let section = |layer: &Table| layer.get(section).and_then(Value::as_table).cloned().unwrap_or_default();
        Self { preset: section(&self.preset), operator: section(&self.operator) }
    }

    /// One table, the operator's word over the preset's.
    pub fn merged(&self) -> Table {
        let mut merged = self.preset.clone();
        merge(&mut merged, self.operator.clone());
        merged
    }
}

/// Reads the sources.
pub fn load(sources: &Sources) -> Result<Layers> {
    let preset = sources.preset.as_ref().map(|preset| parse(preset, Path::new("bundle.toml")));
    Ok(Layers { preset: preset.transpose()?.unwrap_or_default(), operator: operator(sources)? })
}

fn operator(sources: &Sources) -> Result<Table> {
    let mut merged = Table::new();
    if let Some(path) = &sources.file {
        let text = std::fs::read_to_string(path)
            .map_err(|fault| invalid(format!("{} cannot be read: {fault}", path.display())))?;
        merged = parse(&text, path)?;
    }
    for (name, value) in &sources.environment {
        if let Some((_, path)) = ALIASES.iter().find(|(alias, _)| alias == name) {
            // Text as it is: a secret that happens to be a number is still a secret.
            set(&mut merged, &path.split('.').map(str::to_owned).collect::<Vec<_>>(), Value::String(value.clone()));
        } else if let Some(path) = key_of(name) {
            set(&mut merged, &path, parse_value(value));
        }
    }
    Ok(merged)
}

fn parse(text: &str, path: &Path) -> Result<Table> {
    text.parse().map_err(|fault| invalid(format!("{} is not valid TOML: {fault}", path.display())))
}

fn invalid(message: String) -> Error {
    Error::new(&code::CONFIG_INVALID, message)
}

/// `BASALT_SERVER__ADDRESS` sets `server.address`. Names without `__` are left alone: other programs use the prefix too.
fn key_of(name: &str) -> Option<Vec<String>> {
    let path = name.strip_prefix("BASALT_")?;
    path.contains("__").then(|| path.split("__").map(str::to_lowercase).collect())
}

/// A value as TOML where it is TOML, else as text: `8`, `true`, `["a"]`, `5s`.
fn parse_value(text: &str) -> Value {
    let parsed = format!("v = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("v"));
    match parsed {
        Some(Value::Datetime(_)) | None => Value::String(text.to_owned()),
        Some(value) => value,
    }
}

/// Puts one table over another, key by key. A list replaces a list.
pub fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => merge(old, new),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

fn set(table: &mut Table, path: &[String], value: Value) {
    let nested = path.iter().rev().fold(value, |inner, key| {
        let mut outer = Table::new();
        outer.insert(key.clone(), inner);
        Value::Table(outer)
    });
    if let Value::Table(nested) = nested {
        merge(table, nested);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(preset: &str, environment: &[(&str, &str)]) -> Table {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        load(&Sources { preset: Some(preset.to_owned()), file: None, environment }).expect("valid").merged()
    }

    #[test]
    fn the_environment_overrides_one_key_and_keeps_its_neighbours() {
        let table = from("[server]\naddress = \"a\"\nmax_url = \"1KiB\"", &[("BASALT_SERVER__ADDRESS", "b")]);
        assert_eq!(table["server"]["address"].as_str(), Some("b"));
        assert_eq!(table["server"]["max_url"].as_str(), Some("1KiB"));
    }

    #[test]
    fn values_of_the_environment_are_toml_where_they_can_be() {
        let table = from("", &[("BASALT_A__B", "8"), ("BASALT_A__C", "5s"), ("BASALT_A__D", "[\"x\"]")]);
        assert_eq!(table["a"]["b"].as_integer(), Some(8));
        assert_eq!(table["a"]["c"].as_str(), Some("5s"));
        assert!(table["a"]["d"].is_array());
    }

    #[test]
    fn names_that_are_not_settings_are_left_alone() {
        assert!(from("", &[("BASALT_URL", "x"), ("HOME", "y")]).is_empty());
        assert_eq!(from("", &[("BASALT_JWT_SECRET", "1.5")])["auth"]["jwt_secret"].as_str(), Some("1.5"));
        assert_eq!(
            from("", &[("DATABASE_URL", "postgres://h/d")])["database"]["admin"].as_str(),
            Some("postgres://h/d")
        );
    }
}
