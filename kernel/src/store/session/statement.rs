//! The prepared statements of one connection. It does not share them between connections: Postgres cannot.

use std::collections::HashMap;
use std::sync::Arc;

use crate::store::rows::Column;

/// More than the distinct statements of a busy application; what is used least goes first.
const MOST: usize = 256;

/// The texts together. Without it a plugin could fill the memory of kernel and server with 256 huge texts a connection.
const MOST_BYTES: usize = 1 << 20;

/// A statement that the server knows by name.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// Whom it was prepared as. Postgres checks the right to use a schema only while it parses, so one role must not
    /// run what another one prepared.
    role: Box<str>,
    pub(crate) name: Arc<str>,
    pub(crate) columns: Arc<[Column]>,
    used: u64,
}

/// The cache.
#[derive(Default)]
pub(crate) struct Statements {
    by_text: HashMap<Box<str>, Vec<Statement>>,
    count: usize,
    bytes: usize,
    clock: u64,
    named: u64,
    /// Evicted, and still known to the server.
    evicted: Vec<Arc<str>>,
}

impl Statements {
    pub(crate) fn find(&mut self, role: &str, sql: &str) -> Option<&Statement> {
        self.clock += 1;
        let clock = self.clock;
        let found = self.by_text.get_mut(sql)?.iter_mut().find(|statement| &*statement.role == role)?;
        found.used = clock;
        Some(found)
    }

    /// A name that no plugin's own `PREPARE` will take by accident.
    pub(crate) fn name(&mut self) -> Arc<str> {
        self.named += 1;
        format!("basalt:{}", self.named).into()
    }

    pub(crate) fn insert(&mut self, role: &str, sql: &str, name: Arc<str>, columns: Arc<[Column]>) {
        self.clock += 1;
        let statement = Statement { role: role.into(), name, columns, used: self.clock };
        self.by_text.entry(sql.into()).or_default().push(statement);
        self.count += 1;
        self.bytes += sql.len();
        while self.count > MOST || (self.bytes > MOST_BYTES && self.count > 1) {
            self.evict();
        }
    }

    fn evict(&mut self) {
        let all = self.by_text.iter().flat_map(|(sql, list)| list.iter().map(move |one| (one.used, sql, &one.role)));
        if let Some((_, sql, role)) = all.min_by_key(|(used, ..)| *used) {
            let (sql, role) = (sql.clone(), role.clone());
            self.remove(&role, &sql);
        }
    }

    /// Forgets one, and has the server forget it with the next batch.
    pub(crate) fn remove(&mut self, role: &str, sql: &str) {
        let Some(list) = self.by_text.get_mut(sql) else { return };
        let Some(at) = list.iter().position(|statement| &*statement.role == role) else { return };
        self.evicted.push(list.swap_remove(at).name);
        self.count -= 1;
        self.bytes -= sql.len();
        if list.is_empty() {
            self.by_text.remove(sql);
        }
    }

    /// What the server should forget.
    pub(crate) fn take_evicted(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.evicted)
    }

    /// The server has forgotten all.
    pub(crate) fn clear(&mut self) {
        *self = Self { clock: self.clock, named: self.named, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(texts: impl Iterator<Item = String>) -> Statements {
        let mut statements = Statements::default();
        for text in texts {
            let name = statements.name();
            statements.insert("anon", &text, name, [].into());
        }
        statements
    }

    #[test]
    fn a_role_does_not_find_what_another_prepared() {
        let mut statements = with(["select 1".to_owned()].into_iter());
        assert!(statements.find("anon", "select 1").is_some());
        assert!(statements.find("authenticated", "select 1").is_none());
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut statements = with((0..MOST).map(|n| format!("select {n}")));
        statements.find("anon", "select 0");
        let name = statements.name();
        statements.insert("anon", "one more", name, [].into());
        assert!(statements.find("anon", "select 0").is_some());
        assert!(statements.find("anon", "select 1").is_none());
        assert_eq!(statements.take_evicted().len(), 1);
    }

    #[test]
    fn huge_texts_do_not_pile_up() {
        let mut statements = with((0..10).map(|n| format!("select {n} -- {}", "x".repeat(300 << 10))));
        assert!(statements.bytes <= MOST_BYTES);
        assert_eq!(statements.take_evicted().len() + statements.count, 10);
    }
}
