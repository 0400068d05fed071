//! Which shape errors have. GoTrue changed it once, and clients say what they read by a date; the house's own shape is the newer
//! one with more members. It deliberately knows no other versions: there are none.

use sdk_plugin::Response;

/// The header that names a version.
pub(crate) const HEADER: &str = "x-supabase-api-version";

/// The day of the newer shape.
const CURRENT: &str = "2024-01-01";

/// The shape of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `code` is the status, `error_code` the code, `msg` the message.
    First,
    /// `code` is the code, `message` the message.
    Current {
        /// Whether the client asked for it, and so looks for the answer's header.
        asked: bool,
    },
}

impl Dialect {
    /// What a client reads: by the version that it names, else by where it asks.
    pub(crate) fn of(version: Option<&str>, mount: &str, gotrue: &[String]) -> Self {
        match version.filter(|version| is_date(version)) {
            Some(version) if version >= CURRENT => Self::Current { asked: true },
            Some(_) => Self::First,
            None if gotrue.iter().any(|place| place.trim_end_matches('/') == mount) => Self::First,
            None => Self::Current { asked: false },
        }
    }

    /// Says which version an answer has.
    pub(crate) fn mark(self, response: Response) -> Response {
        match self {
            Self::Current { asked: true } => response.header(HEADER, CURRENT),
            _ => response,
        }
    }
}

fn is_date(text: &str) -> bool {
    let digit = |(place, byte): (usize, u8)| if matches!(place, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_the_shape_that_it_reads() {
        let gotrue = ["/auth/v1".to_owned()];
        let (asked, house) = (Dialect::Current { asked: true }, Dialect::Current { asked: false });
        for (version, mount, dialect) in [
            (Some("2024-01-01"), "/auth/v1", asked),
            (Some("2026-07-01"), "/api/v1/auth", asked),
            (Some("2023-12-31"), "/api/v1/auth", Dialect::First),
            (None, "/auth/v1", Dialect::First),
            (None, "/api/v1/auth", house),
            (Some("latest"), "/auth/v1", Dialect::First),
            (Some("２０２４"), "/api/v1/auth", house),
        ] {
            assert_eq!(Dialect::of(version, mount, &gotrue), dialect, "{version:?} {mount}");
        }
    }
}
