//! From the manifest's routes to flows: one table. The kernel found the route and refused methods that the manifest does not
//! list; it deliberately parses no path.

use sdk_plugin::{Problem, Response};

use crate::call::Call;
use crate::flow::{admin, closed, factor, info, link, recovery, session, sign_up, token, user, verify};
use crate::refusal::Failure;

/// What answers a method of a route.
type Flow = fn(&Call<'_>) -> Result<Response, Failure>;

#[rustfmt::skip]
const FLOWS: &[(&str, &str, Flow)] = &[
    ("health", "GET", info::health),
    ("settings", "GET", info::settings),
    ("keys", "GET", info::keys),

    ("signup", "POST", sign_up::sign_up),
    ("token", "POST", token::token),
    ("logout", "POST", session::sign_out),
    ("verify", "GET", verify::follow),
    ("verify", "HEAD", verify::look),
    ("verify", "POST", verify::verify),

    ("user", "GET", user::show),
    ("user", "PUT", user::change),
    ("user", "PATCH", user::change),
    ("reauthenticate", "GET", closed::mail),
    ("reauthenticate", "POST", user::reauthenticate),
    ("sessions", "GET", session::list),
    ("session", "DELETE", session::end),

    ("factors", "POST", factor::enrol),
    ("factor", "DELETE", factor::unenrol),
    ("factor-challenge", "POST", factor::challenge),
    ("factor-verify", "POST", factor::verify),
    ("recovery-codes", "POST", recovery::renew),
    ("recovery-regenerate", "POST", recovery::renew),
    ("recovery-verify", "POST", recovery::verify),

    ("admin-users", "GET", admin::list),
    ("admin-users", "POST", admin::create),
    ("admin-user", "GET", admin::show),
    ("admin-user", "PUT", admin::change),
    ("admin-user", "DELETE", admin::delete),
    ("admin-factors", "GET", admin::factors),
    ("admin-factor", "DELETE", admin::unenrol),
    ("admin-sessions", "GET", admin::sessions),
    ("admin-sessions", "DELETE", admin::end_sessions),
    ("admin-session", "DELETE", admin::end_session),
    ("admin-attempts", "DELETE", admin::reset_attempts),
    ("admin-impersonate", "POST", admin::impersonate),
    ("admin-link", "POST", link::make),

    ("recover", "POST", closed::mail),
    ("magiclink", "POST", closed::mail),
    ("otp", "POST", closed::mail_or_phone),
    ("resend", "POST", closed::mail_or_phone),
    ("invite", "POST", closed::mail),
    ("authorize", "GET", closed::provider),
    ("link-identity", "GET", closed::linking),
    ("identity", "DELETE", closed::linking),
    ("sso", "POST", closed::sso),
];

/// Answers a request.
pub(crate) fn answer(call: &Call<'_>) -> Result<Response, Failure> {
    let head = &call.head;
    let found = FLOWS.iter().find(|(route, method, _)| *route == head.route && *method == head.method);
    match found {
        Some((_, _, flow)) => flow(call),
        // The manifest and this table are compared by a test.
        None => Err(Problem::new("internal", format!("no flow for {} {}", head.method, head.route)).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_manifest_and_the_table_name_the_same_routes() {
        let manifest: toml::Table = include_str!("../plugin.toml").parse().expect("TOML");
        let routes = manifest["route"].as_array().expect("routes");
        let text = |value: &toml::Value| value.as_str().expect("text").to_owned();
        let listed: BTreeSet<_> = routes
            .iter()
            .flat_map(|route| {
                let methods = route["methods"].as_array().expect("methods");
                methods.iter().map(|method| (text(&route["name"]), text(method))).collect::<Vec<_>>()
            })
            .collect();
        let answered: BTreeSet<_> =
            FLOWS.iter().map(|(route, method, _)| ((*route).to_owned(), (*method).to_owned())).collect();
        assert_eq!(listed, answered);
        assert_eq!(FLOWS.len(), answered.len(), "one flow for each");
        for route in routes {
            let mounts: Vec<_> = route["mounts"].as_array().expect("mounts").iter().map(text).collect();
            assert_eq!(mounts, ["/api/v1/auth", "/auth/v1"], "{}", route["name"]);
        }
    }
}
