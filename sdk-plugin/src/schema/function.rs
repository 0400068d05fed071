//! Functions, and what else is in a schema besides relations. It deliberately reads nothing: the module above does.

use super::Name;
use serde::Deserialize;

/// What is in a schema besides relations.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(default)]
pub struct Schema {
    /// Its name, unquoted.
    pub name: String,
    /// `COMMENT ON`, if there is one.
    pub comment: Option<String>,
    /// The names of its functions, sorted.
    pub functions: Vec<String>,
    /// Its functions and aggregates whose result is a media type.
    pub media: Vec<Media>,
}

/// A function or an aggregate whose result is a domain that is named like a media type.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(default)]
pub struct Media {
    /// The schema that it is in.
    pub schema: String,
    /// Its name, unquoted.
    pub name: String,
    /// Whether it is an aggregate.
    pub aggregate: bool,
    /// Whether it returns a set.
    pub set: bool,
    /// The domain.
    #[serde(rename = "type")]
    pub type_name: Name,
    /// Whether it takes `anyelement`.
    pub any: bool,
    /// The relation whose row it takes.
    pub relation: Option<Name>,
}

/// A function that a statement can call.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(default)]
pub struct Function {
    /// The schema that it is in.
    pub schema: String,
    /// Its name, unquoted.
    pub name: String,
    /// What it is.
    pub kind: FunctionKind,
    /// `COMMENT ON`, if there is one.
    pub comment: Option<String>,
    /// What it promises.
    pub volatility: Volatility,
    /// Its arguments in order, those that go out among them.
    pub arguments: Vec<Argument>,
    /// The settings that it runs with (`ALTER FUNCTION … SET`), by name and value.
    pub settings: Vec<(String, String)>,
    /// What it returns.
    pub returns: Returns,
}

/// What a function is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum FunctionKind {
    /// An ordinary function.
    #[default]
    Function,
    /// An aggregate.
    Aggregate,
    /// Something else, or that this library does not know yet.
    #[serde(other)]
    Other,
}

/// What a function promises about its effects.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum Volatility {
    /// It does not even read.
    Immutable,
    /// It only reads.
    Stable,
    /// Nothing: it may write.
    #[default]
    #[serde(other)]
    Volatile,
}

/// An argument of a function.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(default)]
pub struct Argument {
    /// Its name; empty when it has none.
    pub name: String,
    /// Its type as `format_type` prints it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Which way it goes.
    pub mode: ArgumentMode,
    /// Whether it has a default.
    pub optional: bool,
}

/// Which way an argument goes.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum ArgumentMode {
    /// Into the function.
    #[default]
    In,
    /// Out of it.
    Out,
    /// Both.
    Inout,
    /// Into it, with all that follow.
    Variadic,
    /// A column of the table that it returns.
    Table,
    /// Something that this library does not know yet.
    #[serde(other)]
    Other,
}

/// What a function returns.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(default)]
pub struct Returns {
    /// The type as `format_type` prints it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The schema that the type is in.
    pub schema: String,
    /// The type's own name, unquoted.
    pub name: String,
    /// What kind of type it is.
    pub kind: ReturnKind,
    /// Whether it returns a set.
    pub set: bool,
    /// Whether it returns one row at most.
    pub single: bool,
    /// The relation or composite type whose rows it returns.
    pub relation: Option<Name>,
}

/// What kind of type a function returns.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum ReturnKind {
    /// Nothing.
    Void,
    /// Several, by name.
    Composite,
    /// One value.
    #[default]
    #[serde(other)]
    Scalar,
}

impl Argument {
    /// Whether a call gives it.
    pub fn is_input(&self) -> bool {
        matches!(self.mode, ArgumentMode::In | ArgumentMode::Inout | ArgumentMode::Variadic)
    }
}
