//! What a flow gets of a request: its head, its body as an object, who is calling. It deliberately keeps no credentials: the
//! kernel has taken them out, and says only who they proved.

use std::rc::Rc;

use sdk_plugin::{Head, Request, identity};
use serde::Deserialize;

use crate::config::Config;
use crate::refusal::{Failure, Refusal};
use crate::request::{self, Members, text};
use crate::response::dialect::{self, Dialect};

/// A body of this size is a mistake or worse; the manifest says the same to the kernel.
const MAX_BODY: u64 = 64 << 10;

/// A request that is being answered.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) head: Head,
    pub(crate) config: Rc<Config>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(request: &'a Request, config: Rc<Config>) -> Self {
        Self { request, head: request.head(), config }
    }

    /// The body's members.
    pub(crate) fn members(&self) -> Result<Members, Failure> {
        let Some(body) = self.request.body() else { return Ok(Members::new()) };
        // A body that is no text is the client's mistake like any other that is no JSON.
        match body.read_text(MAX_BODY) {
            Ok(text) => Ok(request::members(&text)?),
            Err(problem) if problem.code == "body.invalid" => Err(Refusal::bad_json("the text is not UTF-8").into()),
            Err(problem) => Err(problem.into()),
        }
    }

    /// The query without its `?`.
    pub(crate) fn query(&self) -> &str {
        self.head.query.as_deref().unwrap_or_default()
    }

    /// A parameter of the path that is an id.
    pub(crate) fn id(&self, name: &str) -> Result<String, Refusal> {
        let found = self.head.params.iter().find(|(key, _)| key == name);
        text::id(name, found.map(|(_, value)| value.as_str()).unwrap_or_default())
    }

    /// Which errors the client reads.
    pub(crate) fn dialect(&self) -> Dialect {
        let version = self.request.header(dialect::HEADER);
        Dialect::of(version.as_deref(), &self.head.mount, &self.config.gotrue_errors)
    }

    /// The caller, who has to be signed in.
    pub(crate) fn user(&self) -> Result<Caller, Failure> {
        let caller: Caller = identity::current()?;
        caller.check_user()?;
        Ok(caller)
    }

    /// Refuses everybody but admins. The kernel does too; here it comes before anything is read.
    pub(crate) fn admin(&self) -> Result<(), Failure> {
        let caller: Caller = identity::current()?;
        Ok(caller.check_admin(self.request.authenticated())?)
    }
}

/// Who is calling.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Caller {
    role: String,
    sub: Option<String>,
    is_anonymous: Option<bool>,
}

impl Caller {
    /// The user's id; empty for whoever is none, which [`Call::user`] lets nobody be.
    pub(crate) fn id(&self) -> &str {
        self.sub.as_deref().unwrap_or_default()
    }

    /// Whether the user has no address yet.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.is_anonymous == Some(true)
    }

    fn check_user(&self) -> Result<(), Refusal> {
        match self.sub.as_deref().filter(|sub| !sub.is_empty()).map(|sub| text::id("user", sub)) {
            None => Err(Refusal::no_credentials()),
            // A token that somebody else signed for somebody of theirs.
            Some(Err(_)) => Err(Refusal::new(403, "user_not_found", "User from sub claim in JWT does not exist")),
            Some(Ok(_)) => Ok(()),
        }
    }

    fn check_admin(&self, authenticated: bool) -> Result<(), Refusal> {
        match self.role.as_str() {
            "service_role" => Ok(()),
            _ if authenticated => Err(Refusal::not_admin()),
            _ => Err(Refusal::no_credentials().hint("this takes a key whose role is service_role")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(text: &str) -> Caller {
        identity::read(text).expect("a caller")
    }

    const ID: &str = "0190e7a2-0000-7000-8000-00000000000f";

    #[test]
    fn only_users_are_signed_in() {
        let status = |text: &str| caller(text).check_user().map_err(|refusal| refusal.status);
        assert_eq!(status(&format!(r#"{{"role":"authenticated","sub":"{ID}","aal":"aal1","claims":{{}}}}"#)), Ok(()));
        assert_eq!(status(r#"{"role":"anon","sub":null,"session_id":null,"is_anonymous":null}"#), Err(401));
        assert_eq!(status(r#"{"role":"service_role","sub":""}"#), Err(401));
        assert_eq!(status(r#"{"role":"authenticated","sub":"ann"}"#), Err(403));
    }

    #[test]
    fn only_the_service_role_is_an_admin() {
        let status = |role: &str, authenticated| {
            let text = format!(r#"{{"role":"{role}","sub":"{ID}"}}"#);
            caller(&text).check_admin(authenticated).map_err(|refusal| refusal.status)
        };
        assert_eq!(status("service_role", true), Ok(()));
        for role in ["authenticated", "anon", "", "Service_Role", "service_role ", "postgres"] {
            assert_eq!(status(role, true), Err(403), "{role}");
        }
        assert_eq!(status("anon", false), Err(401));
    }
}
