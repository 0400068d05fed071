//! The kinds of permission: in which words each is put, how grave it is, and what covers what.
//!
//! A new scope of a capability is one line here. One without a line is shown as it is written.

use super::{LIMITS, Permission, path};
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
    /// A size, a length of time or a number covers what is less.
    Amount,
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

const fn identity(words: &'static str, weight: Weight) -> Kind {
    scoped("identity", "scopes", words, weight, Cover::Same)
}

const fn limit(scope: &'static str, words: &'static str) -> (&'static str, Kind) {
    ("", scoped(LIMITS, scope, words, Weight::Ordinary, Cover::Amount))
}

/// One of which neither more nor less is the wider.
const fn choice(scope: &'static str, words: &'static str) -> (&'static str, Kind) {
    ("", scoped(LIMITS, scope, words, Weight::Ordinary, Cover::Same))
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
    ("", plain("identity", "know who is calling")),
    ("password", identity("sign up users and check their passwords", Weight::Grave)),
    ("session", identity("start, refresh and end sessions of users that proved who they are", Weight::Grave)),
    ("factor", identity("enrol and check second factors of its callers", Weight::Grave)),
    ("token", identity("make one-time tokens: whoever it hands one to can sign in as that user", Weight::Grave)),
    ("vouch", identity("sign in any user on its own word", Weight::Grave)),
    ("admin", identity("look after all users, for callers that are service_role", Weight::Grave)),
    ("", plain("log", "write to the log")),
    ("", plain("clock", "read the clock")),
    ("", plain("random", "get random bytes")),
    ("", plain("settings", "read its settings")),
    limit("memory", "use up to {} of memory in each instance"),
    limit("host_memory", "have the host hold up to {} for a call"),
    limit("fuel", "compute up to {} instructions in a call"),
    limit("deadline", "take up to {} for a call"),
    limit("concurrency", "answer up to {} calls at once"),
    limit("request", "take requests of up to {}"),
    limit("response", "give answers of up to {}"),
    limit("sql_rows", "read up to {} rows with a statement"),
    limit("sql_bytes", "read up to {} with a statement"),
    limit("sql_time", "spend up to {} of a call in SQL"),
    limit("sql_statements", "run up to {} statements in a call"),
    limit("sql_connections", "use up to {} connections of the database at once"),
    limit("dispatches", "call other plugins up to {} times in a call"),
    limit("fetches", "send up to {} requests to servers outside in a call"),
    limit("fetch_bytes", "send and get up to {} with these in a call"),
    limit("fetch_response", "get answers of up to {} from these"),
    limit("log_lines", "write up to {} lines to the log in a call"),
    choice("reuse", "have instances that answer many calls: {}"),
    choice("breaker_failures", "be left alone after {} failures in a row"),
    choice("breaker_pause", "be left alone for {} after failures"),
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
                Cover::Amount => amount(wide).zip(amount(narrow)).is_some_and(|(wide, narrow)| wide >= narrow),
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

/// Of a number, of nanoseconds, or of bytes, as the configuration prints them: a scope has one of them, so that they do
/// not meet.
fn amount(text: &str) -> Option<u128> {
    let number = || text.parse::<u128>().ok();
    let time = || humantime::parse_duration(text).ok().map(|time| time.as_nanos());
    let size = || text.parse::<bytesize::ByteSize>().ok().map(|size| u128::from(size.0));
    number().or_else(time).or_else(size)
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
