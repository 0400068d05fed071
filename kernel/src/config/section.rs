//! The `section!` macro: a struct whose fields, defaults and doc comments are declared once.
//!
//! Serde alone would stop at the first fault; a section reads every key and reports all faults together.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// One key of a section, for the manual.
#[derive(Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// Its doc comment, a line each.
    pub doc: &'static [&'static str],
    /// Its default; `None` when it is unset by default.
    pub default: fn() -> Option<Value>,
}

/// A table of the configuration with a fixed set of keys.
pub trait Section: Sized {
    /// The manual of this section.
    const DOC: &'static [&'static str];
    /// Its keys.
    const FIELDS: &'static [Field];

    /// Takes every key out of `table`, noting each fault with its path.
    fn read(path: &str, table: Table, faults: &mut Vec<String>) -> Self;

    /// The keys and values in effect, secrets masked.
    fn print(&self) -> Table;
}

/// Reads one key: the given value, else the default; a fault is noted and the default stands in.
pub(crate) fn read_field<T: DeserializeOwned>(
    path: &str,
    field: &Field,
    table: &mut Table,
    faults: &mut Vec<String>,
) -> Option<T> {
    if let Some(given) = table.remove(field.name) {
        match given.try_into() {
            Ok(value) => return Some(value),
            Err(fault) => faults.push(format!("{}: {}", join(path, field.name), first_line(&fault.to_string()))),
        }
    }
    (field.default)().and_then(|value| value.try_into().ok())
}

/// Notes what is left in the table: keys that nobody knows.
pub(crate) fn refuse_unknown(path: &str, table: &Table, fields: &[Field], faults: &mut Vec<String>) {
    for key in table.keys() {
        let known: Vec<_> = fields.iter().map(|field| field.name).collect();
        faults.push(format!("{}: unknown key; the keys here are {}", join(path, key), known.join(", ")));
    }
}

pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// Declares a section: `key: Type = default`, where the default is a literal, or `none` for an `Option`.
macro_rules! section {
    ($(#[doc = $doc:literal])* $vis:vis struct $name:ident {
        $($(#[doc = $field_doc:literal])* $field:ident: $type:ty = $default:tt,)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone)]
        $vis struct $name { $($(#[doc = $field_doc])* pub $field: $type,)* }

        impl $crate::config::Section for $name {
            const DOC: &'static [&'static str] = &[$($doc),*];
            const FIELDS: &'static [$crate::config::Field] = &[$($crate::config::Field {
                name: stringify!($field),
                doc: &[$($field_doc),*],
                default: || $crate::config::section!(@default $default),
            }),*];

            #[allow(unused_assignments, unused_mut, unused_variables)]
            fn read(path: &str, mut table: toml::Table, faults: &mut Vec<String>) -> Self {
                let mut at = 0;
                $(
                    let $field: Option<$type> =
                        $crate::config::section!(@read path, &Self::FIELDS[at], &mut table, faults, $default);
                    at += 1;
                )*
                $crate::config::section::refuse_unknown(path, &table, Self::FIELDS, faults);
                Self { $($field: $field.expect("a default has its key's type; a test reads all of them"),)* }
            }

            fn print(&self) -> toml::Table {
                let mut table = toml::Table::new();
                $(if let Ok(value) = toml::Value::try_from(&self.$field) {
                    table.insert(stringify!($field).to_owned(), value);
                })*
                table
            }
        }
    };
    (@default none) => { None };
    (@default $default:tt) => { Some(toml::Value::from($default)) };
    (@read $path:expr, $field:expr, $table:expr, $faults:expr, none) => {
        Some($crate::config::section::read_field($path, $field, $table, $faults))
    };
    (@read $path:expr, $field:expr, $table:expr, $faults:expr, $default:tt) => {
        $crate::config::section::read_field($path, $field, $table, $faults)
    };
}
pub(crate) use section;
