//! The secrets that operators set, as they lie in the database: sealed. It cannot open them, and has no key.
//!
//! What was read is kept until a secret changes on any node.

use std::collections::HashMap;

use bytes::Bytes;
use parking_lot::Mutex;

use super::deadline::Control;
use super::plugin::unhex;
use super::session::Session;
use super::visit::Desk;
use super::{Parameter, Store};
use crate::error::{Error, Result, code};

/// A secret, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub name: String,
    /// When it was set, in Postgres' text form.
    pub set_at: String,
}

/// Whether a secret can have this name: a letter, then letters, digits and `_`, at most 63.
///
/// # Errors
/// `secret.invalid` when not.
pub fn check_name(name: &str) -> Result<()> {
    let mut bytes = name.bytes();
    let fits = bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.len() <= 63;
    if fits {
        return Ok(());
    }
    let message =
        format!("{name:?} is no name of a secret: a small letter, then small letters, digits or `_`, at most 63");
    Err(Error::new(&code::SECRET_INVALID, message))
}

impl Store {
    /// The sealed value of a secret; `None` when it is not set.
    pub async fn sealed(&self, name: &str) -> Result<Option<Bytes>> {
        let cache = self.notice().secrets();
        let generation = match cache.find(name) {
            Ok(known) => return Ok(known),
            Err(generation) => generation,
        };
        let read = read(self.control(), name).await?;
        cache.keep(generation, name, read.clone());
        Ok(read)
    }

    /// The secrets by name.
    pub async fn secrets(&self) -> Result<Vec<Secret>> {
        list(&mut *self.visit().await?).await
    }

    /// Keeps a sealed value, in place of the one before.
    pub async fn set_sealed(&self, name: &str, sealed: Bytes) -> Result<()> {
        set(&mut *self.visit().await?, name, sealed).await?;
        self.notice().secrets().clear();
        Ok(())
    }

    /// Removes a secret. Whether there was one.
    pub async fn remove_secret(&self, name: &str) -> Result<bool> {
        let removed = remove(&mut *self.visit().await?, name).await?;
        self.notice().secrets().clear();
        Ok(removed)
    }
}

impl Desk {
    /// The secrets by name.
    pub async fn secrets(&mut self) -> Result<Vec<Secret>> {
        list(&mut self.session).await
    }

    /// Keeps a sealed value, in place of the one before.
    pub async fn set_sealed(&mut self, name: &str, sealed: Bytes) -> Result<()> {
        set(&mut self.session, name, sealed).await
    }

    /// Removes a secret. Whether there was one.
    pub async fn remove_secret(&mut self, name: &str) -> Result<bool> {
        remove(&mut self.session, name).await
    }
}

/// Over the control connection: a plugin's call must not open connections of the admin's.
async fn read(control: &Control, name: &str) -> Result<Option<Bytes>> {
    let sql = "select encode(sealed, 'hex') from basalt.secret where name = $1";
    let found = control.ask(sql, &[Parameter::Text(name.to_owned())]).await?;
    let damaged = || Error::internal(anyhow::anyhow!("a sealed value is not as the kernel writes it"));
    found.map(|digits| unhex(&digits).map(Bytes::from).ok_or_else(damaged)).transpose()
}

async fn list(session: &mut Session) -> Result<Vec<Secret>> {
    let answer = session.ask("select name, set_at from basalt.secret order by name", &[]).await?;
    let read = |row: Vec<Option<String>>| {
        let mut row = row.into_iter().flatten();
        Some(Secret { name: row.next()?, set_at: row.next()? })
    };
    Ok(answer.texts().filter_map(read).collect())
}

async fn set(session: &mut Session, name: &str, sealed: Bytes) -> Result<()> {
    check_name(name)?;
    let sql = "insert into basalt.secret (name, sealed) values ($1, $2) \
               on conflict (name) do update set sealed = excluded.sealed, set_at = now()";
    session.ask(sql, &[Parameter::Text(name.to_owned()), Parameter::Raw(sealed)]).await.map(drop)
}

async fn remove(session: &mut Session, name: &str) -> Result<bool> {
    let sql = "delete from basalt.secret where name = $1";
    Ok(session.ask(sql, &[Parameter::Text(name.to_owned())]).await?.affected() > 0)
}

/// What was read since the last change. Only names that a plugin was granted are looked for, so it cannot grow.
#[derive(Default)]
pub(crate) struct Cache(Mutex<State>);

#[derive(Default)]
struct State {
    /// Grows when what was read before must not be kept any more.
    generation: u64,
    /// Whether somebody watches for changes.
    is_watched: bool,
    values: HashMap<String, Option<Bytes>>,
}

impl Cache {
    /// What is known, or the generation that an answer would have to be of.
    fn find(&self, name: &str) -> Result<Option<Bytes>, u64> {
        let state = self.0.lock();
        state.values.get(name).cloned().ok_or(state.generation)
    }

    fn keep(&self, generation: u64, name: &str, value: Option<Bytes>) {
        let mut state = self.0.lock();
        if state.is_watched && state.generation == generation {
            state.values.insert(name.to_owned(), value);
        }
    }

    pub(crate) fn clear(&self) {
        let mut state = self.0.lock();
        state.generation += 1;
        state.values.clear();
    }

    pub(crate) fn trust(&self) {
        self.clear();
        self.0.lock().is_watched = true;
    }

    pub(crate) fn distrust(&self) {
        self.0.lock().is_watched = false;
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_from_before_a_change_is_not_kept() {
        let cache = Cache::default();
        cache.trust();
        let before = cache.find("a").expect_err("unknown");
        cache.clear();
        cache.keep(before, "a", Some(Bytes::from_static(b"old")));
        let now = cache.find("a").expect_err("still unknown");
        cache.keep(now, "a", None);
        assert_eq!(cache.find("a"), Ok(None));
        cache.distrust();
        cache.keep(cache.find("a").expect_err("forgotten"), "a", None);
        assert!(cache.find("a").is_err(), "nothing is kept while nobody watches");
    }

    #[test]
    fn names_are_as_plain_as_those_of_variables() {
        for name in ["a", "stripe_key", "k9", &"a".repeat(63)] {
            check_name(name).expect(name);
        }
        for name in ["", "9a", "_a", "A", "a-b", "a b", "é", &"a".repeat(64)] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }
}
