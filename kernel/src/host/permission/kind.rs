//! The kinds of permission: in which words each is put, how grave it is, and what covers what.
//!
//! A new scope of a capability is one line here. One without a line is shown as it is written.

use super::{Permission, path};
use crate::capability::fetch::Pattern;
use crate::store::Verb;

/// What the permissions of one scope have in common.
pub(super) struct Kind {
    capability: &'static str,
    scope: &'static str,
    /// `{}` stands for the subject, `{verbs}` for the verbs.
    words: &'static str,
    weight: Weight,
    cover: Cover,
}

/// When it is grave.
enum Weight {
    Ordinary,
    Grave,
    /// With these words in place of the others, for a subject that stands for all.
    GraveFor(fn(&str) -> bool, &'static str),
}

/// When one subject covers another.
enum Cover {
    Same,
    /// `*` covers all.
    Star,
    /// A path covers all below it.
    Below,
    /// A pattern covers those that match less; `*` covers all.
    Pattern,
    /// The same with a method before it, of which `*` is every one.
    Method,
    /// A server, or servers by a pattern of names.
    Server,
}

const fn plain(capability: &'static str, words: &'static str) -> Kind {
    Kind { capability, scope: "", words, weight: Weight::Ordinary, cover: Cover::Same }
}

const fn scoped(
    capability: &'static str,
    scope: &'static str,
    words: &'static str,
    weight: Weight,
    cover: Cover,
) -> Kind {
    Kind { capability, scope, words, weight, cover }
}

/// Two lines stand for one scope where its subjects are words of ours: the more special one first.
const KINDS: &[(&str, Kind)] = &[
    ("", plain("http", "answer requests")),
    (
        "",
        scoped(
            "http",
            "routes",
            "answer requests at {}",
            Weight::GraveFor(|path| path == "*", "answer requests at whatever path it names"),
            Cover::Pattern,
        ),
    ),
    (
        "",
        scoped(
            "http",
            "filter",
            "stand in front of every request below {}: it sees and changes what passes",
            Weight::GraveFor(|path| path == "/", "stand in front of every request: it sees and changes what passes"),
            Cover::Below,
        ),
    ),
    ("", plain("sql", "run SQL")),
    ("own", scoped("sql", "modes", "keep tables in a schema of its own", Weight::Ordinary, Cover::Same)),
    ("caller", scoped("sql", "modes", "act as any signed-in user (trusted)", Weight::Grave, Cover::Same)),
    (
        "service",
        scoped(
            "sql",
            "modes",
            "read and change every row, past row-level security (trusted)",
            Weight::Grave,
            Cover::Same,
        ),
    ),
    (
        "",
        scoped(
            "sql",
            "tables",
            "{verbs} rows of {}: every row, past row-level security; and use what its schema opens to everybody",
            Weight::Ordinary,
            Cover::Same,
        ),
    ),
    ("", plain("schema", "look at the schemas that its grant names")),
    (
        "",
        scoped(
            "schema",
            "schemas",
            "look at the schema {}",
            Weight::GraveFor(|name| name == "*", "look at every schema"),
            Cover::Star,
        ),
    ),
    ("", plain("dispatch", "call routes of this instance as the caller")),
    (
        "",
        scoped(
            "dispatch",
            "routes",
            "call {} of this instance as the caller",
            Weight::GraveFor(is_every_route, "call every route of this instance as the caller ({})"),
            Cover::Method,
        ),
    ),
    ("", plain("fetch", "send requests to servers outside")),
    ("*", scoped("fetch", "hosts", "send requests to every public server", Weight::Grave, Cover::Server)),
    (
        "",
        scoped(
            "fetch",
            "hosts",
            "send requests to {}, and read what it answers",
            Weight::GraveFor(is_exposed, "send requests to {}, which is in your own network or not encrypted"),
            Cover::Server,
        ),
    ),
    ("", plain("secret", "read secrets")),
    (
        "",
        scoped(
            "secret",
            "names",
            "read the secret {}",
            Weight::GraveFor(|name| name == "*", "read every secret"),
            Cover::Same,
        ),
    ),
    ("", plain("log", "write to the log")),
    ("", plain("clock", "read the clock")),
    ("", plain("random", "get random bytes")),
    ("", plain("settings", "read its settings")),
];

const UNKNOWN: Kind = plain("", "use {}");

impl Kind {
    pub(super) fn of(permission: &Permission) -> &'static Self {
        let is_it = |(subject, kind): &&(&str, Self)| {
            kind.capability == permission.capability
                && kind.scope == permission.scope
                && (subject.is_empty() || *subject == permission.subject)
        };
        KINDS.iter().find(is_it).map_or(&UNKNOWN, |(_, kind)| kind)
    }

    /// What people read.
    pub(super) fn words(&self, permission: &Permission, verbs: &[&str]) -> String {
        if self.capability.is_empty() {
            let parts = [&*permission.capability, &permission.scope, &permission.subject, &verbs.join(", ")];
            let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            return format!("use {}", parts.join(" "));
        }
        let words = match self.weight {
            Weight::GraveFor(is_all, words) if is_all(&permission.subject) => words,
            _ => self.words,
        };
        // The subject last: what looks like a place for verbs in it is none.
        words.replace("{verbs}", &listed(verbs)).replace("{}", &permission.subject)
    }

    pub(super) fn is_grave(&self, subject: &str) -> bool {
        match self.weight {
            Weight::Ordinary => false,
            Weight::Grave => true,
            Weight::GraveFor(is_all, _) => is_all(subject),
        }
    }

    pub(super) fn covers(&self, wide: &str, narrow: &str) -> bool {
        let pattern = |wide: &str, narrow: &str| wide == "*" || path::pattern(wide, narrow);
        wide == narrow
            || match self.cover {
                Cover::Same => false,
                Cover::Star => wide == "*",
                Cover::Below => path::below(wide, narrow),
                Cover::Pattern => pattern(wide, narrow),
                Cover::Method => match (wide.split_once(' '), narrow.split_once(' ')) {
                    (Some((any, wide)), Some((method, narrow))) => {
                        (any == "*" || any == method) && pattern(wide, narrow)
                    }
                    _ => false,
                },
                Cover::Server => match (server(wide), server(narrow)) {
                    (Some(wide), Some(narrow)) => wide.covers(&narrow),
                    _ => false,
                },
            }
    }
}

/// Reading everything that a caller may read is grave too: the method makes no difference.
fn is_every_route(subject: &str) -> bool {
    subject.split_once(' ').is_some_and(|(_, route)| route == "*" || path::is_everything(route))
}

fn server(subject: &str) -> Option<Pattern> {
    Pattern::try_from(subject.to_owned()).ok()
}

/// What cannot be read is refused where it is read for use; nobody should take it for harmless before.
fn is_exposed(subject: &str) -> bool {
    server(subject).is_none_or(|server| server.is_exposed())
}

/// What is done with rows, in the order in which people say it.
const SPOKEN: [(Verb, &str); 4] =
    [(Verb::Select, "read"), (Verb::Insert, "insert"), (Verb::Update, "change"), (Verb::Delete, "delete")];

/// "read, insert and delete".
fn listed(verbs: &[&str]) -> String {
    let known = SPOKEN.iter().filter(|(verb, _)| verbs.contains(&verb.name())).map(|(_, spoken)| *spoken);
    let is_unknown = |verb: &&str| SPOKEN.iter().all(|(known, _)| known.name() != *verb);
    let words: Vec<_> = known.chain(verbs.iter().copied().filter(is_unknown)).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
