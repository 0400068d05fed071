//! Sessions in the fragment of a URL, for whoever opened a link: what stands behind `#` is read by pages and sent to no server.

use form_urlencoded::Serializer;
use sdk_plugin::Response;
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// Leads to a place with the session of a link.
pub(crate) fn redirect(place: &str, session: &Map<String, Value>, kind: &str) -> Response {
    let mut pairs = Serializer::new(String::new());
    for name in ["access_token", "expires_at", "expires_in", "refresh_token", "token_type"] {
        match session.get(name) {
            Some(Value::String(text)) => drop(pairs.append_pair(name, text)),
            Some(value) => drop(pairs.append_pair(name, &value.to_string())),
            None => {}
        }
    }
    pairs.append_pair("type", kind);
    see_other(place, &pairs.finish())
}

/// Leads to a place with the reason why a link does not work.
pub(crate) fn redirect_refusal(place: &str, refusal: &Refusal) -> Response {
    let mut pairs = Serializer::new(String::new());
    pairs.append_pair("error", "access_denied");
    pairs.append_pair("error_code", refusal.code).append_pair("error_description", &refusal.message);
    see_other(place, &pairs.finish())
}

fn see_other(place: &str, fragment: &str) -> Response {
    // The place comes from the operator's list, but its own fragment would swallow ours.
    let place = place.split('#').next().unwrap_or_default();
    Response::new(303).header("location", format!("{place}#{fragment}")).header("cache-control", "no-store")
}
