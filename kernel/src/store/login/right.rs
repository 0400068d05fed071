//! One thing that a login holds outside of its own schema, and the SQL that gives or takes it.
//!
//! It asks nobody: what is there and what should be is [`super::reach`]'s.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::quote;

/// A relation by its schema and its name: `public.orders`. Both parts are taken as they are, without quotes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableName {
    /// The schema.
    pub schema: String,
    /// The relation in it.
    pub name: String,
}

/// What may be done with the rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Read.
    Select,
    /// Add.
    Insert,
    /// Change.
    Update,
    /// Delete.
    Delete,
}

/// The tables outside of a plugin's own schema that its login may use, and for what.
pub type Reach = BTreeMap<TableName, BTreeSet<Verb>>;

impl TryFrom<String> for TableName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once('.') {
            Some((schema, name)) if !schema.is_empty() && !name.is_empty() => {
                Ok(Self { schema: schema.to_owned(), name: name.to_owned() })
            }
            _ => Err(format!("{text:?} names no table: write it with its schema, as `public.orders`")),
        }
    }
}

impl From<TableName> for String {
    fn from(name: TableName) -> Self {
        name.to_string()
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

impl TableName {
    fn sql(&self) -> String {
        format!("{}.{}", quote(&self.schema), quote(&self.name))
    }
}

impl Verb {
    /// As grants, policies and the configuration spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// Every row, whatever policies for others say: the operator granted the table, not some of its rows.
    fn policy(self) -> &'static str {
        match self {
            Self::Select | Self::Delete => "using (true)",
            Self::Insert => "with check (true)",
            Self::Update => "using (true) with check (true)",
        }
    }
}

/// Something that a login holds. Privileges are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Right {
    Schema {
        name: String,
        privilege: String,
    },
    Sequence {
        name: TableName,
        privilege: String,
    },
    Table {
        name: TableName,
        privilege: String,
    },
    /// That row-level security lets it do something with every row.
    Policy {
        table: TableName,
        name: String,
        verb: Option<Verb>,
    },
}

impl Right {
    /// The policy of a plugin for one verb; it has one name, so that it can be found and dropped.
    pub(super) fn policy(plugin: &str, table: &TableName, verb: Verb) -> Self {
        let name = format!("basalt_{plugin}_{}", verb.name());
        Self::Policy { table: table.clone(), name, verb: Some(verb) }
    }

    pub(super) fn give(&self, login: &str) -> String {
        let login = quote(login);
        match self {
            Self::Schema { name, privilege } => format!("grant {privilege} on schema {} to {login}", quote(name)),
            Self::Sequence { name, privilege } => format!("grant {privilege} on sequence {} to {login}", name.sql()),
            Self::Table { name, privilege } => format!("grant {privilege} on table {} to {login}", name.sql()),
            Self::Policy { table, name, verb } => {
                let (name, table, verb) = (quote(name), table.sql(), verb.unwrap_or(Verb::Select));
                let (command, every_row) = (verb.name(), verb.policy());
                // One of this name is the kernel's own, whomever it is for by now.
                format!(
                    "drop policy if exists {name} on {table}; \
                     create policy {name} on {table} for {command} to {login} {every_row}"
                )
            }
        }
    }

    pub(super) fn take(&self, login: &str) -> String {
        let login = quote(login);
        match self {
            Self::Schema { name, privilege } => format!("revoke {privilege} on schema {} from {login}", quote(name)),
            Self::Sequence { name, privilege } => {
                format!("revoke {privilege} on sequence {} from {login}", name.sql())
            }
            Self::Table { name, privilege } => format!("revoke {privilege} on table {} from {login}", name.sql()),
            Self::Policy { table, name, .. } => format!("drop policy if exists {} on {}", quote(name), table.sql()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> TableName {
        TableName::try_from(text.to_owned()).expect(text)
    }

    #[test]
    fn a_table_is_named_with_its_schema() {
        assert_eq!(table("a.b.c"), TableName { schema: "a".to_owned(), name: "b.c".to_owned() });
        for text in ["", "orders", ".orders", "public."] {
            assert!(TableName::try_from(text.to_owned()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_are_quoted_wherever_they_stand() {
        let evil = table("a\".b\"; drop table x; --");
        let rights = [
            Right::Schema { name: "a\"b".to_owned(), privilege: "usage".to_owned() },
            Right::Table { name: evil.clone(), privilege: "select".to_owned() },
            Right::policy("p\"", &evil, Verb::Update),
        ];
        for sql in rights.iter().flat_map(|right| [right.give("l\""), right.take("l\"")]) {
            let outside: String = sql.split('"').step_by(2).collect();
            assert!(!outside.contains("drop table") && !outside.contains("--"), "{sql}");
        }
    }
}
