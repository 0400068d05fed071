//! Who is calling, as plain data. It proves nothing: `auth` makes identities, everything above only reads them.

use std::net::IpAddr;
use std::sync::Arc;

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The Postgres role that the caller's statements run as.
    pub role: String,
    /// The `sub` claim: the user's id.
    pub subject: Option<String>,
    /// The claims as JSON text, as `request.jwt.claims` shows them to policies.
    pub claims: String,
    /// Whether the caller proved anything.
    pub authenticated: bool,
    /// The session that the token is of.
    pub session: Option<String>,
    /// The API key that was shown, in place of a token.
    pub key: Option<Arc<Key>>,
    /// The request.
    pub origin: Origin,
}

/// What an API key allows beside its role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: String,
    /// What it may be used for; all that its role may when empty.
    pub scopes: Vec<String>,
    /// Requests in a minute, where it has a limit of its own.
    pub rate: Option<u32>,
}

/// The request that somebody makes, as far as policies and logs show it. Credentials are in none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// In upper case.
    pub method: String,
    /// Without the query.
    pub path: String,
    /// An object of JSON, names in lower case.
    pub headers: String,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// What the client says it is.
    pub agent: String,
}

impl Identity {
    /// A caller without credentials, acting as `role`.
    pub fn anonymous(role: &str) -> Self {
        let claims = serde_json::json!({ "role": role }).to_string();
        Self {
            role: role.to_owned(),
            subject: None,
            claims,
            authenticated: false,
            session: None,
            key: None,
            origin: Origin::default(),
        }
    }

    /// The same, with this request.
    #[must_use]
    pub fn of(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }
}
