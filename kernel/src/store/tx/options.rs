//! What a transaction starts with besides its role: settings of its own, and statements that go before the first. It sets
//! nothing that the kernel sets: a plugin cannot change here who asks.

use super::keyword::is_plain;
use crate::error::{Error, Result, code};
use crate::store::Parameter;
use crate::store::session::Step;

/// Each is a parameter of one statement that is kept prepared for each number of settings.
const MOST_SETTINGS: usize = 64;
const MOST_BEFORE: usize = 8;

/// What holds for one transaction.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Names and values, local to the transaction.
    pub settings: Vec<(String, String)>,
    /// Statements that run before the first.
    pub before: Vec<String>,
}

/// The same, as steps of a batch.
#[derive(Default)]
pub(super) struct Prelude {
    settings: Option<(String, Vec<Parameter>)>,
    before: Vec<String>,
}

impl Prelude {
    pub(super) fn new(Options { settings, before }: Options) -> Result<Self> {
        if settings.len() > MOST_SETTINGS || before.len() > MOST_BEFORE {
            let message = format!("at most {MOST_SETTINGS} settings and {MOST_BEFORE} statements can go before");
            return Err(Error { code: "54000".into(), ..Error::new(&code::SQL_TOO_LARGE, message) });
        }
        // Only what can end no transaction: the statement behind it would run as the login itself.
        if let Some(sql) = before.iter().find(|sql| !is_plain(sql)) {
            return Err(denied(format!(
                "{sql:?} cannot go before: only select, insert, update, delete and the like can"
            )));
        }
        if let Some((name, _)) = settings.iter().find(|(name, _)| is_kernels(name)) {
            return Err(denied(format!("the setting {name:?} is the kernel's")));
        }
        let settings = (!settings.is_empty()).then(|| (set(settings.len()), values(settings)));
        Ok(Self { settings, before })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.settings.is_none() && self.before.is_empty()
    }

    pub(super) fn steps<'a>(&'a self, role: &'a str) -> impl Iterator<Item = Step<'a>> {
        let settings = self.settings.iter().map(|(sql, parameters)| Step { role: "", sql, parameters });
        settings.chain(self.before.iter().map(move |sql| Step { role, sql, parameters: &[] }))
    }
}

/// With the schema, as the search path may be one of them.
fn set(count: usize) -> String {
    let one = |number: usize| format!("pg_catalog.set_config(${}, ${}, true)", 2 * number + 1, 2 * number + 2);
    format!("select {}", (0..count).map(one).collect::<Vec<_>>().join(", "))
}

fn values(settings: Vec<(String, String)>) -> Vec<Parameter> {
    settings.into_iter().flat_map(|(name, value)| [Parameter::Text(name), Parameter::Text(value)]).collect()
}

/// Whether a setting says who asks, or what the transaction may.
fn is_kernels(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let below = ["request.", "basalt.", "session_", "transaction_"];
    name == "role" || below.iter().any(|prefix| name.starts_with(prefix))
}

fn denied(message: String) -> Error {
    Error { code: "42501".into(), kind: code::kind("42501"), ..Error::new(&code::SQL_NOT_GRANTED, message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prelude(name: &str) -> Result<Prelude> {
        Prelude::new(Options { settings: vec![(name.to_owned(), "x".to_owned())], before: Vec::new() })
    }

    #[test]
    fn who_asks_cannot_be_set() {
        for name in
            ["role", "ROLE", "session_authorization", "request.jwt.claims", "Request.x", "transaction_read_only"]
        {
            assert_eq!(prelude(name).err().map(|error| error.code.into_owned()).as_deref(), Some("42501"), "{name}");
        }
        for name in ["search_path", "timezone", "app.settings.host", "roles.x"] {
            assert!(prelude(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn all_settings_are_one_statement() {
        assert_eq!(set(2), "select pg_catalog.set_config($1, $2, true), pg_catalog.set_config($3, $4, true)");
        let many = Options { settings: vec![(String::new(), String::new()); 65], before: Vec::new() };
        assert!(Prelude::new(many).is_err());
    }

    #[test]
    fn nothing_before_can_end_the_transaction() {
        for (sql, goes) in [("select f()", true), ("commit", false), ("call p()", false), ("do $$ $$", false)] {
            let options = Options { settings: Vec::new(), before: vec![sql.to_owned()] };
            assert_eq!(Prelude::new(options).is_ok(), goes, "{sql}");
        }
    }
}
