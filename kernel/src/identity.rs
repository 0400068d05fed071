//! Who is calling, as plain data. It proves nothing: `auth` makes identities, everything above only reads them.

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
}

impl Identity {
    /// A caller without credentials, acting as `role`.
    pub fn anonymous(role: &str) -> Self {
        let claims = serde_json::json!({ "role": role }).to_string();
        Self { role: role.to_owned(), subject: None, claims, authenticated: false }
    }
}
