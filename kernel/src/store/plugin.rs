//! What is installed, as all kernels of an instance see it: plugins, their files and what happened to them.
//!
//! It does not know what a file or a grant means: `host` does. The tables are the admin login's alone.

mod change;
mod migrate;
mod purge;

use std::fmt;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

pub use change::{Act, Change};

use super::session::Session;
use super::{Parameter, Store};
use crate::error::{Error, Result, code};

/// The largest file that is kept.
pub const MAX_FILE: usize = 64 << 20;

/// Entries of the log that are read at once.
const MOST_ENTRIES: u32 = 1000;

/// The SHA-256 of a plugin's file, as 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(String);

impl Digest {
    /// The digest of a file.
    pub fn of(file: &[u8]) -> Self {
        Self(hex(&Sha256::digest(file)))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One version of a plugin, without its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Of its file.
    pub digest: Digest,
    /// The plugin's id.
    pub plugin: String,
    /// As its manifest says.
    pub version: String,
    /// The manifest's text.
    pub manifest: String,
    /// What the operator approved for it: TOML of the shape of `[plugins.<id>]`.
    pub recorded: String,
    /// The signature that came with its file, where one did.
    pub signature: Option<String>,
    /// The name that the key of this signature had.
    pub signer: Option<String>,
    /// When it came, in Postgres' text form.
    pub installed_at: String,
}

/// A plugin's file, and what was recorded with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The file.
    pub content: Bytes,
    /// See [`Version::recorded`].
    pub recorded: String,
    /// See [`Version::signature`].
    pub signature: Option<String>,
}

/// A second version that answers a part of the requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Canary {
    /// Which.
    pub digest: Digest,
    /// Its part: above 0, below 1.
    pub share: f64,
    /// Calls of it that decide.
    pub calls: u64,
}

/// An installed plugin.
#[derive(Debug, Clone, PartialEq)]
pub struct Installed {
    /// Its id.
    pub id: String,
    /// Whether it may run.
    pub enabled: bool,
    /// The version that runs; none for the one that came with the binary.
    pub current: Option<Digest>,
    /// The one before, to go back to.
    pub previous: Option<Digest>,
    /// The one that is tried.
    pub canary: Option<Canary>,
    /// Grows with every change; whoever changes says which one was seen.
    pub revision: i64,
}

/// What happened to a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Grows with time.
    pub number: i64,
    /// The plugin's id.
    pub plugin: String,
    /// See [`Act::event`].
    pub event: String,
    /// The version that it was about.
    pub version: Option<String>,
    /// The file that it was about.
    pub digest: Option<String>,
    /// Why.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// When, in Postgres' text form.
    pub at: String,
}

impl Store {
    /// All installed plugins, by id.
    pub async fn plugins(&self) -> Result<Vec<Installed>> {
        installed(&mut *self.visit().await?).await
    }

    /// The versions that are kept, without their files.
    pub async fn plugin_versions(&self) -> Result<Vec<Version>> {
        versions(&mut *self.visit().await?).await
    }

    /// The file with this digest.
    ///
    /// # Errors
    /// `plugin.not-found` when there is none, `plugin.refused` when it is not what the digest says.
    pub async fn plugin_file(&self, digest: &Digest) -> Result<File> {
        file(&mut *self.visit().await?, digest).await
    }

    /// What the operator approved for a version: TOML of the shape of `[plugins.<id>]`; empty for a file that is not kept.
    pub async fn plugin_recorded(&self, digest: &Digest) -> Result<String> {
        let versions = versions(&mut *self.visit().await?).await?;
        Ok(versions.into_iter().find(|version| version.digest == *digest).map(|it| it.recorded).unwrap_or_default())
    }

    /// The last entries of a plugin's log, newest first; of all plugins' without an id. At most 1,000.
    pub async fn plugin_log(&self, id: Option<&str>, most: u32) -> Result<Vec<Entry>> {
        log(&mut *self.visit().await?, id, most.min(MOST_ENTRIES)).await
    }

    /// Changes what is installed, in one transaction, and tells all kernels. The new revision.
    ///
    /// # Errors
    /// `plugin.conflict` when it is not as whoever changes it saw it, `plugin.not-found` when it is not installed.
    pub async fn change_plugin(&self, change: &Change<'_>) -> Result<i64> {
        let revision = change::apply(&mut *self.visit().await?, change).await?;
        self.notice().look();
        Ok(revision)
    }
}

async fn installed(session: &mut Session) -> Result<Vec<Installed>> {
    let sql = "select id, enabled, \"current\", previous, canary, canary_share, canary_calls, revision from basalt.plugin \
               order by id";
    let answer = session.ask(sql, &[]).await?;
    let read = |row: Vec<Option<String>>| {
        let [id, enabled, current, previous, canary, share, calls, revision] = fields(row)?;
        let part = share.and_then(|share| share.parse().ok()).zip(calls.and_then(|calls| calls.parse().ok()));
        Some(Installed {
            id: id?,
            enabled: enabled? == "t",
            current: current.map(Digest),
            previous: previous.map(Digest),
            canary: canary.zip(part).map(|(digest, (share, calls))| Canary { digest: Digest(digest), share, calls }),
            revision: revision?.parse().ok()?,
        })
    };
    answer.texts().map(|row| read(row).ok_or_else(strange)).collect()
}

async fn versions(session: &mut Session) -> Result<Vec<Version>> {
    let sql = "select digest, plugin, version, manifest, recorded, signature, signer, installed_at \
               from basalt.plugin_version order by plugin, installed_at, digest";
    let answer = session.ask(sql, &[]).await?;
    let read = |row: Vec<Option<String>>| {
        let [digest, plugin, version, manifest, recorded, signature, signer, installed_at] = fields(row)?;
        Some(Version {
            digest: Digest(digest?),
            plugin: plugin?,
            version: version?,
            manifest: manifest?,
            recorded: recorded?,
            signature,
            signer,
            installed_at: installed_at?,
        })
    };
    answer.texts().map(|row| read(row).ok_or_else(strange)).collect()
}

/// Results are text: two bytes of it for each of the file's.
async fn file(session: &mut Session, digest: &Digest) -> Result<File> {
    let sql = "select encode(content, 'hex'), recorded, signature from basalt.plugin_version where digest = $1";
    let answer = session.ask(sql, &[text(digest.as_str())]).await?;
    let row = answer.texts().next().and_then(fields::<3>);
    let [Some(content), Some(recorded), signature] = row.ok_or_else(|| {
        Error::new(&code::PLUGIN_NOT_FOUND, format!("no plugin's file with the digest {digest} is kept"))
    })?
    else {
        return Err(strange());
    };
    let content = unhex(&content).ok_or_else(strange)?;
    if Digest::of(&content) != *digest {
        return Err(Error::new(&code::PLUGIN_REFUSED, format!("the file that is kept as {digest} is damaged")));
    }
    Ok(File { content: content.into(), recorded, signature })
}

async fn log(session: &mut Session, id: Option<&str>, most: u32) -> Result<Vec<Entry>> {
    let sql = "select number, plugin, event, version, digest, reason, actor, at from basalt.plugin_log \
               where plugin = $1 or $1 is null order by number desc limit $2";
    let answer = session.ask(sql, &[maybe(id), text(&most.to_string())]).await?;
    let read = |row: Vec<Option<String>>| {
        let [number, plugin, event, version, digest, reason, actor, at] = fields(row)?;
        Some(Entry {
            number: number?.parse().ok()?,
            plugin: plugin?,
            event: event?,
            version,
            digest,
            reason: reason?,
            actor: actor?,
            at: at?,
        })
    };
    answer.texts().map(|row| read(row).ok_or_else(strange)).collect()
}

fn fields<const N: usize>(row: Vec<Option<String>>) -> Option<[Option<String>; N]> {
    row.try_into().ok()
}

/// A row that the kernel did not write.
fn strange() -> Error {
    Error::internal(anyhow::anyhow!("a row of the schema basalt is not as the kernel writes it"))
}

fn text(value: &str) -> Parameter {
    Parameter::Text(value.to_owned())
}

fn maybe(value: Option<&str>) -> Parameter {
    value.map_or(Parameter::Null, text)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_being_digits() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        assert_eq!((unhex("0"), unhex("xy"), unhex("")), (None, None, Some(Vec::new())));
    }
}
