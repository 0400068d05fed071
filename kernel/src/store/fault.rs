//! From what Postgres and the network say to the kernel's one error. It decides nothing about trying again.

use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::{ErrorFields, ErrorResponseBody, NoticeResponseBody};
use serde_json::{Map, Value};

use crate::error::{Error, Kind, code};

/// The fields of an error that callers may see, by the letter of the protocol.
const DETAILS: &[(u8, &str)] = &[
    (b'D', "detail"),
    (b's', "schema"),
    (b't', "table"),
    (b'c', "column"),
    (b'd', "type"),
    (b'n', "constraint"),
    (b'P', "position"),
];

/// The function in Postgres that notices that a prepared statement's result changed its type; unlike the message it is
/// not translated.
const STALE_PLAN: &str = "RevalidateCachedQuery";

/// Bytes of one field that are passed on: `raise` can make it as long as it likes.
const MOST: usize = 8 << 10;

/// An error that the server reported.
#[derive(Debug)]
pub(crate) struct Reported {
    pub(crate) error: Error,
    /// The prepared statement no longer fits the tables, or is gone: preparing it anew mends it.
    pub(crate) stale: bool,
}

/// A statement's error: its SQLSTATE is the code, what Postgres named is the details.
pub(crate) fn reported(body: &ErrorResponseBody) -> Reported {
    let mut error = Error { kind: Kind::Plugin, ..Error::new(&code::INTERNAL, "") };
    let mut details = Map::new();
    let mut stale = false;
    each(body.fields(), |letter, text| match letter {
        b'C' => error.code = text.to_owned().into(),
        b'M' => error.message = text.to_owned(),
        b'H' => error.hint = Some(text.to_owned()),
        b'R' => stale = text == STALE_PLAN,
        _ => {
            if let Some((_, name)) = DETAILS.iter().find(|(known, _)| *known == letter) {
                details.insert((*name).to_owned(), Value::from(text));
            }
        }
    });
    error.kind = kind(&error.code);
    error.details = (!details.is_empty()).then_some(Value::Object(details));
    stale |= error.code == "26000";
    Reported { error, stale }
}

/// An error of more than a megabyte, which was thrown away unread.
pub(crate) fn too_long() -> Reported {
    let error = Error::new(&code::SQL_TOO_LARGE, "the statement failed with an error that is too long to read");
    Reported { error, stale: false }
}

/// A wrong number of parameters is a "protocol violation" to Postgres, and the statement's fault here.
fn kind(state: &str) -> Kind {
    if state == "08P01" { Kind::Invalid } else { code::kind(state) }
}

/// Why a login was refused; the code is the SQLSTATE.
pub(crate) fn of_login(body: &ErrorResponseBody) -> Error {
    reported(body).error
}

/// What the server remarks.
pub(crate) fn notice(body: &NoticeResponseBody) -> String {
    let mut message = String::new();
    each(body.fields(), |letter, text| {
        if letter == b'M' {
            message = text.to_owned();
        }
    });
    message
}

fn each(mut fields: ErrorFields<'_>, mut visit: impl FnMut(u8, &str)) {
    while let Ok(Some(field)) = fields.next() {
        let bytes = field.value_bytes();
        visit(field.type_(), &String::from_utf8_lossy(&bytes[..bytes.len().min(MOST)]));
    }
}

/// The network failed, or the server broke off.
pub(crate) fn unreachable(source: std::io::Error) -> Error {
    Error::new(&code::SQL_UNAVAILABLE, "the database cannot be reached").source(source)
}

/// The server answers, but not in a way that can be worked with.
pub(crate) fn refused(reason: &'static str) -> Error {
    Error::new(&code::SQL_UNAVAILABLE, "the database cannot be used").source(anyhow::anyhow!(reason))
}
