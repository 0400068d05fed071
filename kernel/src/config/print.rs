//! The manual as TOML: every key with its doc comment, at its default or as it is in effect.

use toml::{Table, Value};

use super::{Field, Section};

/// `config/default.toml`'s part for one section: each key with its documentation, unset ones commented out.
pub fn default_toml<S: Section>(name: &str) -> String {
    let mut out = heading(name, S::DOC);
    for field in S::FIELDS {
        comment(&mut out, field.doc);
        match (field.default)() {
            Some(value) => out.push_str(&format!("{} = {value}\n", field.name)),
            None => out.push_str(&format!("# {} =\n", field.name)),
        }
    }
    out
}

/// One section as it is in effect; secrets are masked.
pub fn effective_toml<S: Section>(name: &str, section: &S) -> String {
    let values = section.print();
    let mut out = heading(name, &[]);
    for field in S::FIELDS {
        out.push_str(&line(field, &values));
    }
    out
}

fn heading(name: &str, doc: &[&str]) -> String {
    let mut out = String::new();
    comment(&mut out, doc);
    if !name.is_empty() {
        out.push_str(&format!("[{name}]\n"));
    }
    out
}

fn line(field: &Field, values: &Table) -> String {
    match values.get(field.name) {
        Some(Value::Table(table)) => format!("{} = {}\n", field.name, Value::Table(table.clone())),
        Some(value) => format!("{} = {value}\n", field.name),
        None => format!("# {} =\n", field.name),
    }
}

fn comment(out: &mut String, doc: &[&str]) {
    for text in doc {
        out.push_str(&format!("#{text}\n"));
    }
}
