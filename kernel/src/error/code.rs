//! The closed list of the kernel's own error codes, from which `docs/errors.md` is generated.
//!
//! A code is added only where a caller would *do* something different, and its meaning is never changed. SQLSTATEs are
//! not listed: Postgres owns them.

use super::Kind;

/// A stable error code.
#[derive(Debug)]
pub struct Code {
    /// `area.reason`.
    pub name: &'static str,
    /// What the caller can do.
    pub kind: Kind,
    /// When it is given.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $kind:ident, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: Code = Code { name: $code, kind: Kind::$kind, meaning: $meaning };)*
        /// Every code, in the order of the documentation.
        pub const ALL: &[Code] = &[$($name),*];
    };
}

codes! {
    INTERNAL = "internal", Internal, "A fault of the kernel. The log has the cause under the request id.";
    CONFIG_INVALID = "config.invalid", Invalid, "The configuration has faults; all of them are listed.";

    HTTP_INVALID = "http.invalid", Invalid, "The request cannot be understood as HTTP.";
    HTTP_NOT_FOUND = "http.not-found", NotFound, "No endpoint and no enabled plugin answers at this path.";
    HTTP_METHOD = "http.method-not-allowed", MethodNotAllowed, "The path exists, but not with this method; `Allow` lists those that do.";
    HTTP_BODY_TOO_LARGE = "http.body-too-large", TooLarge, "The request's body is over the limit of its route.";
    HTTP_URL_TOO_LONG = "http.url-too-long", UriTooLong, "The request's URL is over `server.max_url`.";
    HTTP_HEADERS_TOO_LARGE = "http.headers-too-large", HeadersTooLarge, "The request's headers are over `server.max_headers`.";
    HTTP_JSON_TOO_DEEP = "http.json-too-deep", Invalid, "The request's JSON is nested deeper than `server.max_json_depth`.";
    HTTP_BODY_TIMEOUT = "http.body-timeout", RequestTimeout, "The request's body did not arrive within `server.body_timeout`.";
    HTTP_ORIGIN = "http.origin-not-allowed", Denied, "A browser asks for a page of an origin that `server.cors.origins` does not name.";
    HTTP_BUSY = "http.busy", Unavailable, "As many requests as `server.max_requests` are being answered. Try again after `Retry-After`.";
    HTTP_DRAINING = "http.draining", Unavailable, "The server is shutting down; another one, or the same one soon, will answer.";

    ADMIN_UNREACHABLE = "admin.unreachable", Unavailable, "A command found no kernel where it was told to ask one, or got no answer of one.";

    AUTH_INVALID_TOKEN = "auth.invalid-token", Unauthenticated, "The bearer token is malformed, not signed by this instance, or uses an algorithm that is not accepted.";
    AUTH_EXPIRED_TOKEN = "auth.expired-token", Unauthenticated, "The bearer token has expired or is not valid yet.";
    AUTH_REVOKED = "auth.revoked", Unauthenticated, "The token was revoked: its session ended, or its user may not sign in.";
    AUTH_UNKNOWN_KEY = "auth.unknown-key", Unauthenticated, "The API key is not known: it was revoked, or never was one.";
    AUTH_ISSUER = "auth.issuer", Unavailable, "The keys of the token's issuer cannot be fetched: try again.";
    AUTH_REQUIRED = "auth.required", Unauthenticated, "The path needs to know who asks, and the request carries no credentials.";
    AUTH_KEY_SCOPE = "auth.key-scope", Denied, "The API key's scopes do not cover this request.";
    AUTH_OPERATOR = "auth.operator-key", Unauthenticated, "The path is the operator's, and the request carries no operator key, or one that is not accepted.";
    AUTH_DENIED_ROLE = "auth.role-not-allowed", Denied, "The token names a role that requests may not take.";

    IDENTITY_NOT_GRANTED = "identity.not-granted", Plugin, "The plugin used a scope of `identity` that it was not granted.";
    IDENTITY_INVALID = "identity.invalid", Invalid, "Something about a user, a session or a key cannot be as it was asked; the message says what.";
    IDENTITY_DENIED = "identity.denied", Denied, "Only `service_role` may do that for others than the caller.";
    IDENTITY_EXISTS = "identity.exists", Conflict, "Somebody has this address, number or name already.";
    IDENTITY_WEAK_PASSWORD = "identity.weak-password", Invalid, "The password is not what the operator wants; `details.reasons` say why.";
    IDENTITY_SAME_PASSWORD = "identity.same-password", Invalid, "The new password is the old one.";
    IDENTITY_SIGN_UP_CLOSED = "identity.sign-up-closed", Denied, "Strangers may not sign up here, or not without saying who they are.";
    IDENTITY_WRONG_CREDENTIALS = "identity.wrong-credentials", Invalid, "There is no such user, or the password is another.";
    IDENTITY_LOCKED = "identity.locked", TooMany, "Too many attempts failed. Try again after `details.retry_after` seconds.";
    IDENTITY_BUSY = "identity.busy", Unavailable, "More passwords are being checked than the server takes on at once.";
    IDENTITY_BANNED = "identity.banned", Denied, "The user may not sign in.";
    IDENTITY_NOT_CONFIRMED = "identity.not-confirmed", Denied, "The user's address was not confirmed yet.";
    IDENTITY_UNKNOWN_USER = "identity.unknown-user", NotFound, "There is no such user, or the caller may not know.";
    IDENTITY_UNKNOWN_TOKEN = "identity.unknown-token", Invalid, "The token is not known: wrong, used up, too old, or of a session that ended.";
    IDENTITY_USED_TOKEN = "identity.used-token", Invalid, "The refresh token was used before: its session was ended, because somebody may have stolen it.";
    IDENTITY_SESSION_EXPIRED = "identity.session-expired", Invalid, "The session is too old: sign in again.";
    IDENTITY_SIGNED_OUT = "identity.signed-out", Denied, "The caller has no session.";
    IDENTITY_UNKNOWN_SESSION = "identity.unknown-session", NotFound, "The caller has no such session.";
    IDENTITY_REAUTHENTICATE = "identity.reauthenticate", Denied, "The caller signed in too long ago for this: a token of `reauthentication` is needed.";
    IDENTITY_INSUFFICIENT_AAL = "identity.insufficient-aal", Denied, "The caller has to show a second factor first.";
    IDENTITY_TOO_MANY_FACTORS = "identity.too-many-factors", Conflict, "The user has as many second factors as `auth.max_factors`.";
    IDENTITY_UNKNOWN_FACTOR = "identity.unknown-factor", NotFound, "The caller has no such second factor.";
    IDENTITY_EXPIRED_CHALLENGE = "identity.expired-challenge", Invalid, "The challenge is too old, or was used.";
    IDENTITY_WRONG_CODE = "identity.wrong-code", Invalid, "The code is wrong, or was used before.";
    IDENTITY_TOO_OFTEN = "identity.too-often", TooMany, "A token was sent a moment ago. Try again after `details.retry_after` seconds.";
    IDENTITY_UNKNOWN_KEY = "identity.unknown-key", NotFound, "The caller has no such API key.";

    PLUGIN_REFUSED = "plugin.refused", Invalid, "A plugin cannot be loaded: the message says why and the hint what to change.";
    PLUGIN_NOT_GRANTED = "plugin.not-granted", Invalid, "A plugin wants a capability that the operator did not grant; the hint is the config line that would grant it.";
    PLUGIN_NOT_FOUND = "plugin.not-found", NotFound, "No plugin of this id is known.";
    PLUGIN_CONFLICT = "plugin.conflict", Conflict, "Somebody else changed the plugin meanwhile: look at it again.";
    PLUGIN_MIGRATION = "plugin.migration", Invalid, "A plugin's migration failed, was changed after it ran, or is out of order; the message names it.";
    PLUGIN_UNAVAILABLE = "plugin.unavailable", Unavailable, "A plugin that answers at this path could not be loaded; the log and `basalt plugin list` say why.";
    PLUGIN_TIMEOUT = "plugin.timeout", Timeout, "The plugin did not answer within its deadline and was stopped.";
    PLUGIN_OUT_OF_FUEL = "plugin.out-of-fuel", Plugin, "The plugin used up the computation that one call may use.";
    PLUGIN_OUT_OF_MEMORY = "plugin.out-of-memory", Plugin, "The plugin asked for more memory than its limit.";
    PLUGIN_STACK_OVERFLOW = "plugin.stack-overflow", Plugin, "The plugin's call stack overflowed.";
    PLUGIN_TRAP = "plugin.trap", Plugin, "The plugin crashed. Its log has the reason.";
    PLUGIN_RESPONSE_TOO_LARGE = "plugin.response-too-large", Plugin, "The plugin's response is over its limit.";
    PLUGIN_BAD_RESPONSE = "plugin.bad-response", Plugin, "The plugin answered with a status or a header that HTTP does not allow.";
    PLUGIN_PROBLEM = "plugin.problem", Plugin, "The plugin reported a problem of its own.";
    PLUGIN_ASKS = "plugin.asks", Conflict, "A plugin wants more than it was granted; `details` say what, with the seal that approves exactly that.";
    PLUGIN_ON_TRIAL = "plugin.on-trial", Conflict, "A new version of a plugin answers a part of the requests: that has to end before the next change.";
    PLUGIN_NOT_ON_TRIAL = "plugin.not-on-trial", Conflict, "There is no new version to keep or to take back.";
    PLUGIN_CIRCUIT_OPEN = "plugin.circuit-open", Unavailable, "The plugin failed so often that it is left alone for a moment. Try again after `Retry-After`.";
    PLUGIN_BUSY = "plugin.busy", Unavailable, "All of the plugin's instances stayed busy until the deadline. Try again after `Retry-After`.";

    HOST_OUT_OF_MEMORY = "host.out-of-memory", Unavailable, "The plugins of this kernel use all of `host.memory`. Try again after `Retry-After`.";

    BODY_TOO_LARGE = "body.too-large", TooLarge, "A body holds more than the plugin was ready to read.";

    DISPATCH_NOT_GRANTED = "dispatch.not-granted", Plugin, "The plugin asked a route of this instance that it was not granted.";
    DISPATCH_INVALID = "dispatch.invalid", Plugin, "The plugin asked with a method, a path or a header that HTTP does not allow.";
    DISPATCH_TOO_DEEP = "dispatch.too-deep", Plugin, "Plugins asked plugins, deeper than is allowed: they may be going round in circles.";
    DISPATCH_TOO_MANY = "dispatch.too-many", Plugin, "The plugin asked more routes in one call than its limit `dispatches`.";

    FETCH_NOT_GRANTED = "fetch.not-granted", Plugin, "The plugin asked a server that it was not granted, or one with an address that it was not granted.";
    FETCH_INVALID = "fetch.invalid", Plugin, "The plugin asked with a method, a URL or a header that is not sent.";
    FETCH_UNREACHABLE = "fetch.unreachable", Unavailable, "A server outside cannot be reached, cannot show who it is, or broke off.";
    FETCH_TIMEOUT = "fetch.timeout", Timeout, "A server outside did not answer in time.";
    FETCH_TOO_LARGE = "fetch.too-large", TooLarge, "The answer of a server outside is over the plugin's limit `fetch_response`.";
    FETCH_TOO_MANY = "fetch.too-many", Plugin, "The plugin fetched more often, or more bytes, in one call than its limits `fetches` and `fetch_bytes`.";

    SQL_NOT_GRANTED = "sql.not-granted", Plugin, "The plugin used a mode of SQL that it was not granted.";
    SQL_TIMEOUT = "sql.timeout", Timeout, "The statement was cancelled at the call's deadline.";
    SQL_TIME_SPENT = "sql.time-spent", Timeout, "The call has spent the time in SQL that its plugin's limit `sql_time` allows.";
    SQL_TOO_MANY = "sql.too-many-statements", Plugin, "The call has run as many statements as its plugin's limit `sql_statements` allows.";
    SQL_TOO_LARGE = "sql.too-large", TooLarge, "The result has more rows or bytes than the plugin's limit.";
    SQL_BUSY = "sql.busy", Unavailable, "No database connection became free in time, or the plugin's own statements took its share of them.";
    SQL_UNAVAILABLE = "sql.unavailable", Unavailable, "The database cannot be reached.";
    SQL_CLOSED = "sql.closed", Plugin, "The plugin used a transaction that had ended.";

    SCHEMA_NOT_GRANTED = "schema.not-granted", Plugin, "The plugin asked for a schema that it was not granted.";

    SECRET_INVALID = "secret.invalid", Invalid, "A secret's name or value is not acceptable; the message says what is.";
    SECRET_NOT_GRANTED = "secret.not-granted", Plugin, "The plugin asked for a secret that it was not granted.";
    SECRET_UNSET = "secret.unset", Unavailable, "The operator has set no secret of this name.";
    SECRET_SEALED = "secret.sealed", Internal, "A secret was sealed with another instance key, or was damaged: restore the key, or set the secret again.";

    STORE_UNREACHABLE = "store.unreachable", Unavailable, "The database did not answer at start.";
    STORE_EMBEDDED = "store.embedded", Internal, "The embedded Postgres cannot run; the message says what to install or repair.";
    STORE_LOCKED = "store.locked", Conflict, "Another kernel uses this data directory.";
    STORE_VERSION = "store.version", Invalid, "The Postgres server is older than the oldest supported version.";
    STORE_PRIVILEGE = "store.privilege", Denied, "The admin login lacks a privilege; the hint is the SQL that a DBA has to run.";
    STORE_MIGRATION = "store.migration", Internal, "A migration failed or was changed after it ran.";
}

/// The known code of this name.
pub fn find(name: &str) -> Option<&'static Code> {
    ALL.iter().find(|code| code.name == name)
}

/// The kind of a code that came from elsewhere: a known one has its own, a SQLSTATE that of its class.
pub fn kind(name: &str) -> Kind {
    match find(name) {
        Some(code) => code.kind,
        None if name.len() == 5 => kind_of_sqlstate(name),
        None => Kind::Plugin,
    }
}

fn kind_of_sqlstate(state: &str) -> Kind {
    match (state, &state[..state.len().min(2)]) {
        ("42501" | "25006", _) => Kind::Denied,
        ("42P01" | "42883" | "3F000", _) => Kind::NotFound,
        ("57014", _) => Kind::Timeout,
        (_, "23" | "25" | "40") => Kind::Conflict,
        (_, "22" | "42" | "P0" | "44") => Kind::Invalid,
        (_, "08" | "53" | "57") => Kind::Unavailable,
        _ => Kind::Plugin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_have_the_shape_area_dot_reason() {
        for (at, code) in ALL.iter().enumerate() {
            assert!(ALL[..at].iter().all(|other| other.name != code.name), "{} twice", code.name);
            assert!(code.name == "internal" || code.name.split('.').count() == 2, "{}", code.name);
        }
    }

    #[test]
    fn a_foreign_code_has_the_kind_of_its_class() {
        assert_eq!(kind("23505"), Kind::Conflict);
        assert_eq!(kind("42501"), Kind::Denied);
        assert_eq!(kind("sql.busy"), Kind::Unavailable);
        assert_eq!(kind("shop.sold-out"), Kind::Plugin);
        assert_eq!(kind("ééa"), Kind::Plugin, "five bytes that are no SQLSTATE must not panic");
    }
}
