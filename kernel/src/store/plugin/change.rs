//! What operators do to plugins, each act in one transaction with its entry in the log.
//!
//! Who changes something says what was seen before: of two at once one is told to look again. It loads no plugin.

use bytes::Bytes;

use super::{Canary, Digest, MAX_FILE, Version, maybe, text};
use crate::error::{Error, Result, code};
use crate::store::Parameter;
use crate::store::session::{Answer, Session};

/// What is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Install it with this version.
    Add(Digest),
    /// Run another version; the one that ran can be gone back to. Ends a canary, also by making it the version that runs.
    Upgrade(Digest),
    /// Run the one before again, which is the binary's where no other is kept, and forget the one that ran.
    Rollback,
    /// Try another version with a part of the requests.
    Canary(Canary),
    /// Try it no longer.
    EndCanary,
    /// Let it run.
    Enable,
    /// Let it not.
    Disable,
    /// Uninstall it; what it keeps in its schema stays.
    Remove,
}

impl Act {
    /// Its name in the log.
    pub fn event(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Upgrade(_) => "upgrade",
            Self::Rollback => "rollback",
            Self::Canary(_) => "canary",
            Self::EndCanary => "canary-end",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Remove => "remove",
        }
    }

    fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Add(digest) | Self::Upgrade(digest) => Some(digest),
            Self::Canary(canary) => Some(&canary.digest),
            _ => None,
        }
    }
}

/// An act, with all that goes with it.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// The plugin's id.
    pub plugin: &'a str,
    /// The revision that was seen; nothing where nothing was recorded yet.
    pub seen: Option<i64>,
    /// What is done.
    pub act: Act,
    /// The file that it is about, when it may be new.
    pub file: Option<(&'a Version, Bytes)>,
    /// Why, for the log.
    pub reason: &'a str,
    /// Who, for the log.
    pub actor: &'a str,
}

/// Files that nothing points to: what happened with them is in the log.
const PRUNE: &str = "delete from basalt.plugin_version v where plugin = $1 and not exists (select from basalt.plugin p \
                     where p.id = $1 and v.digest in (p.\"current\", p.previous, p.canary))";

const LOG: &str = "insert into basalt.plugin_log (plugin, event, digest, version, reason, actor) \
                   values ($1, $2, $3, (select version from basalt.plugin_version where digest = $3), $4, $5)";

/// Makes a change. The session is given up after an error, which rolls everything back.
pub(super) async fn apply(session: &mut Session, change: &Change<'_>) -> Result<i64> {
    session.execute("begin").await?;
    if let Some((version, content)) = &change.file {
        keep(session, version, content).await?;
    }
    let (revision, digest) = match run(session, change).await?.texts().next().as_deref() {
        Some([Some(revision), digest]) => (revision.parse().map_err(Error::internal)?, digest.clone()),
        _ => return Err(explain(session, change).await),
    };
    let entry = [text(change.plugin), text(change.act.event()), maybe(digest.as_deref()), text(change.reason)];
    session.ask(LOG, &[&entry[..], &[text(change.actor)]].concat()).await?;
    session.ask(PRUNE, &[text(change.plugin)]).await?;
    session.execute("commit").await?;
    Ok(revision)
}

/// Content by digest: the same file again is the same row.
async fn keep(session: &mut Session, version: &Version, content: &Bytes) -> Result<()> {
    if content.len() > MAX_FILE {
        let message = format!("the plugin's file has {} bytes, more than {MAX_FILE}", content.len());
        return Err(Error::new(&code::PLUGIN_REFUSED, message));
    }
    let sql = "insert into basalt.plugin_version (digest, plugin, version, manifest, recorded, signature, signer, content) \
               values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (digest) do update set \
               recorded = excluded.recorded, signature = excluded.signature, signer = excluded.signer";
    let names = [version.digest.as_str(), &version.plugin, &version.version, &version.manifest, &version.recorded];
    let names = names.map(text);
    let signed = [version.signature.as_deref(), version.signer.as_deref()].map(maybe);
    session.ask(sql, &[&names[..], &signed, &[Parameter::Raw(content.clone())]].concat()).await.map(drop)
}

/// The row that came of it: its revision, and the version that the log should name. None when it was not as seen.
async fn run(session: &mut Session, change: &Change<'_>) -> Result<Answer> {
    let plugin = text(change.plugin);
    let digest = maybe(change.act.digest().map(Digest::as_str));
    let seen = maybe(change.seen.map(|seen| seen.to_string()).as_deref());
    let set = match &change.act {
        Act::Add(_) => {
            let sql = "insert into basalt.plugin (id, \"current\") values ($1, $2) \
                       on conflict do nothing returning revision, \"current\"";
            return session.ask(sql, &[plugin, digest]).await;
        }
        Act::Remove => {
            let sql = "delete from basalt.plugin where id = $1 and revision = $2 returning revision, \"current\"";
            return session.ask(sql, &[plugin, seen]).await;
        }
        Act::Canary(canary) => {
            let sql = "update basalt.plugin set canary = $3, canary_share = $4, canary_calls = $5, \
                       revision = nextval('basalt.plugin_revision') where id = $1 and revision = $2 \
                       returning revision, canary";
            let (share, calls) = (text(&canary.share.to_string()), text(&canary.calls.to_string()));
            return session.ask(sql, &[plugin, seen, digest, share, calls]).await.map_err(second_canary);
        }
        Act::Enable | Act::Disable if change.seen.is_none() => {
            let sql = "insert into basalt.plugin (id, enabled) values ($1, $2) \
                       on conflict do nothing returning revision, \"current\"";
            return session.ask(sql, &[plugin, text(&(change.act != Act::Disable).to_string())]).await;
        }
        Act::Upgrade(_) => {
            "previous = \"current\", \"current\" = $3, canary = null, canary_share = null, canary_calls = null"
        }
        Act::Rollback => {
            "\"current\" = previous, previous = null, canary = null, canary_share = null, canary_calls = null"
        }
        Act::EndCanary => "canary = null, canary_share = null, canary_calls = null",
        Act::Enable => "enabled = true",
        Act::Disable => "enabled = false",
    };
    let possible = if change.act == Act::Rollback { "\"current\" is not null" } else { "true" };
    let sql = format!(
        "update basalt.plugin set {set}, revision = nextval('basalt.plugin_revision') \
         where id = $1 and revision = $2 and {possible} returning revision, \"current\""
    );
    let mut parameters = vec![plugin, seen];
    parameters.extend(matches!(change.act, Act::Upgrade(_)).then_some(digest));
    session.ask(&sql, &parameters).await
}

fn second_canary(error: Error) -> Error {
    match &*error.code {
        "23505" => Error::new(&code::PLUGIN_CONFLICT, "another plugin has a canary, and there is one at a time")
            .hint("promote or end that one first"),
        _ => error,
    }
}

/// Why no row was as it was seen.
async fn explain(session: &mut Session, change: &Change<'_>) -> Error {
    let id = change.plugin;
    let sql = "select revision from basalt.plugin where id = $1";
    let found = session.ask(sql, &[text(id)]).await.map(|answer| answer.texts().next());
    let revision = match found {
        Err(error) => return error,
        Ok(row) => row.and_then(|row| row.into_iter().next().flatten()).and_then(|text| text.parse::<i64>().ok()),
    };
    match (revision, &change.act) {
        (None, _) => Error::new(&code::PLUGIN_NOT_FOUND, format!("the plugin {id} is not installed")),
        (Some(_), Act::Add(_)) => {
            Error::new(&code::PLUGIN_CONFLICT, format!("the plugin {id} is installed already")).hint("upgrade it")
        }
        (now, Act::Rollback) if now == change.seen => {
            Error::new(&code::PLUGIN_CONFLICT, format!("the plugin {id} has no version before this one"))
        }
        _ => Error::new(&code::PLUGIN_CONFLICT, format!("the plugin {id} was changed by somebody else meanwhile"))
            .hint("look at it again, then decide"),
    }
}
