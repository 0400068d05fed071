//! Settings that a plugin understands: their types, and which values fit.
//!
//! It does not know what the operator set.

use serde::Deserialize;
use toml::Value;

use super::text::is_name;

/// A setting with its documentation, `[[setting]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The key.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The value where the operator sets none.
    pub default: Value,
    /// The type, where the default does not say it: `number` for one whose default happens to be whole.
    #[serde(default, rename = "type")]
    declared: Option<Type>,
    /// The only values that it can have; any when empty. For text and numbers.
    #[serde(default)]
    pub choices: Vec<Value>,
    /// The least number.
    pub min: Option<Value>,
    /// The greatest number.
    pub max: Option<Value>,
}

/// What a setting's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number, whole or not.
    Number,
    /// `true` or `false`.
    Boolean,
    /// Several values.
    List,
    /// Values by key.
    Table,
}

impl Setting {
    /// Its type: declared, or that of its default. `None` for a default that is no value of a setting, as a date.
    pub fn kind(&self) -> Option<Type> {
        self.declared.or(Type::of(&self.default))
    }

    /// Why a value does not fit, to stand after its name; `None` when it does.
    pub fn refusal(&self, value: &Value) -> Option<String> {
        if !self.kind().is_some_and(|kind| kind.holds(value)) {
            return Some(format!("has to be {}", self.kind().map_or("a value that JSON has", Type::describe)));
        }
        if !self.choices.is_empty() && !self.choices.contains(value) {
            let choices: Vec<_> = self.choices.iter().map(Value::to_string).collect();
            return Some(format!("has to be one of {}", choices.join(", ")));
        }
        let over = |limit: &&Value| number(value) > number(limit);
        let under = |limit: &&Value| number(value) < number(limit);
        match (self.min.as_ref().filter(under), self.max.as_ref().filter(over)) {
            (Some(min), _) => Some(format!("has to be at least {min}")),
            (_, Some(max)) => Some(format!("has to be at most {max}")),
            _ => None,
        }
    }

    pub(super) fn fault(&self) -> Option<String> {
        let fault = |what: &str| Some(format!("setting {:?}: {what}", self.name));
        let Some(kind) = self.kind() else { return fault("its default is a date, which settings cannot be") };
        let is_number = matches!(kind, Type::Integer | Type::Number);
        match () {
            () if !is_name(&self.name) => fault("a name is a letter, then letters, digits, `_` or `-`"),
            () if !is_number && (self.min.is_some() || self.max.is_some()) => {
                fault("only numbers have `min` and `max`")
            }
            () if self.min.iter().chain(&self.max).any(|limit| !kind.holds(limit)) => fault("a limit of another type"),
            () if !is_number && kind != Type::String && !self.choices.is_empty() => {
                fault("only text and numbers have `choices`")
            }
            () if self.choices.iter().any(|choice| !kind.holds(choice)) => fault("a choice of another type"),
            () => self.refusal(&self.default).and_then(|why| fault(&format!("its default {why}"))),
        }
    }
}

impl Type {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::String(_) => Self::String,
            Value::Integer(_) => Self::Integer,
            Value::Float(_) => Self::Number,
            Value::Boolean(_) => Self::Boolean,
            Value::Array(_) => Self::List,
            Value::Table(_) => Self::Table,
            Value::Datetime(_) => return None,
        })
    }

    /// JSON has no infinity, and plugins get JSON.
    fn holds(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Number, Value::Integer(_)) => true,
            (Self::Number, Value::Float(number)) => number.is_finite(),
            _ => Self::of(value) == Some(self),
        }
    }

    /// In a sentence.
    pub fn describe(self) -> &'static str {
        match self {
            Self::String => "a string",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::List => "an array",
            Self::Table => "a table",
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "limits past 2^53 are not what anybody sets")]
fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|number| number as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(rest: &str) -> Setting {
        toml::from_str(&format!("name = \"a\"\ndescription = \"\"\n{rest}")).expect("a setting")
    }

    #[test]
    fn a_value_fits_the_type_of_the_default_or_the_declared_one() {
        let whole = setting("default = 1\nmin = 0\nmax = 10");
        assert_eq!(whole.refusal(&Value::from(10)), None);
        assert_eq!(whole.refusal(&Value::from(11)).as_deref(), Some("has to be at most 10"));
        assert_eq!(whole.refusal(&Value::from(-1)).as_deref(), Some("has to be at least 0"));
        assert_eq!(whole.refusal(&Value::from(1.5)).as_deref(), Some("has to be an integer"));
        let number = setting("default = 1\ntype = \"number\"");
        assert_eq!(number.refusal(&Value::from(1.5)), None);
        assert!(number.refusal(&Value::from(f64::INFINITY)).is_some(), "JSON has no infinity");
        let choice = setting("default = \"a\"\nchoices = [\"a\", \"b\"]");
        assert_eq!(choice.refusal(&Value::from("c")).as_deref(), Some("has to be one of \"a\", \"b\""));
    }

    #[test]
    fn a_declaration_that_contradicts_itself_is_a_fault() {
        for rest in [
            "default = \"x\"\ntype = \"integer\"",
            "default = \"x\"\nmin = 1",
            "default = 1\nmax = \"x\"",
            "default = 1\nmin = 2",
            "default = true\nchoices = [true]",
            "default = 1\nchoices = [\"x\", 1]",
            "default = 1\nchoices = [2]",
            "default = 1979-05-27",
        ] {
            assert!(setting(rest).fault().is_some(), "{rest}");
        }
        assert!(setting("default = [\"public\"]").fault().is_none());
    }
}
