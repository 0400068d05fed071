//! Refusals in GoTrue's words: its codes, messages and statuses, which clients compare. It deliberately has no case for
//! failures of the host (`sql.timeout` and the like): those stay problems, and the kernel renders them.

mod identity;

use sdk_plugin::Problem;

pub(crate) use identity::{Act, explain};

/// An answer that says no.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<Box<str>>,
    /// JSON text.
    pub(crate) details: Option<Box<str>>,
    /// What a password lacks.
    pub(crate) reasons: Vec<String>,
    /// In seconds.
    pub(crate) retry_after: Option<u64>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The request's fault.
    Refused(Refusal),
    /// The host's; rendered by the kernel.
    Host(Problem),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Host(problem)
    }
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), ..Self::default() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<Box<str>>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A member that is missing or cannot be used.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "validation_failed", message)
    }

    pub(crate) fn bad_json(fault: impl std::fmt::Display) -> Self {
        Self::new(400, "bad_json", format!("Could not parse request body as JSON: {fault}"))
    }

    /// What names something that can only be a UUID. 404, as GoTrue says it: nothing is there.
    pub(crate) fn no_uuid(what: &str) -> Self {
        Self::new(404, "validation_failed", format!("{what}_id must be an UUID"))
    }

    pub(crate) fn no_credentials() -> Self {
        Self::new(401, "no_authorization", "This endpoint requires a valid Bearer token")
            .hint("sign in first, and send the access token as `Authorization: Bearer …`")
    }

    pub(crate) fn not_admin() -> Self {
        Self::new(403, "not_admin", "User not allowed").hint("this takes a key whose role is service_role")
    }

    /// The same for every reason, so that nobody learns which addresses are known.
    pub(crate) fn wrong_credentials() -> Self {
        Self::new(400, "invalid_credentials", "Invalid login credentials")
    }

    pub(crate) fn privileged(member: &str) -> Self {
        Self::new(403, "not_admin", format!("Updating {member} requires admin privileges"))
            .hint("send what belongs to the user as `data`; the rest is set with PUT /admin/users/{id}")
    }

    pub(crate) fn anonymous_closed() -> Self {
        Self::new(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
            .hint("an operator can switch them on: [auth] anonymous_users = true")
    }

    pub(crate) fn email_taken() -> Self {
        Self::new(422, "email_exists", "A user with this email address has already been registered")
    }

    pub(crate) fn no_mail() -> Self {
        Self::new(422, "email_provider_disabled", "This server sends no mail")
            .hint("POST /admin/generate_link makes links and codes that you can send yourself")
    }

    pub(crate) fn no_phone() -> Self {
        Self::new(400, "phone_provider_disabled", "This server sends no messages to phones")
            .hint("an admin can create users with a confirmed phone number; they sign in with a password")
    }

    pub(crate) fn no_provider() -> Self {
        Self::new(400, "provider_disabled", "Unsupported provider: provider is not enabled")
    }
}
