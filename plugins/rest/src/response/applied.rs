//! `Preference-Applied`: what of `Prefer` was honoured. It deliberately leaves out what has no meaning for the action, as
//! PostgREST does.

use crate::request::Intent;
use sdk_plugin::Response;

/// A preference that may be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Resolution,
    Missing,
    Returns,
    Count,
    Handling,
    MaxAffected,
}

// The order is the header's.
pub(super) const READ: &[Name] = &[Name::Count, Name::Handling];
pub(super) const UPSERT: &[Name] = &[Name::Resolution, Name::Missing, Name::Returns, Name::Count, Name::Handling];
pub(super) const INSERT: &[Name] = &[Name::Missing, Name::Returns, Name::Count, Name::Handling];
pub(super) const UPDATE: &[Name] = &[Name::Missing, Name::Returns, Name::Count, Name::Handling, Name::MaxAffected];
pub(super) const REPLACE: &[Name] = &[Name::Returns, Name::Count, Name::Handling];
pub(super) const DELETE: &[Name] = &[Name::Returns, Name::Count, Name::Handling, Name::MaxAffected];

/// Adds the header, if there is something to tell.
pub(super) fn header(intent: &Intent, names: &[Name], response: Response) -> Response {
    let applied: Vec<_> = names.iter().filter_map(|name| text(intent, *name)).collect();
    match applied.is_empty() {
        true => response,
        false => response.header("preference-applied", applied.join(", ")),
    }
}

fn text(intent: &Intent, name: Name) -> Option<String> {
    let preferences = &intent.preferences;
    let text = match name {
        Name::Resolution => preferences.resolution?.text(),
        Name::Missing => preferences.missing_null.then_some("missing=null")?,
        Name::Returns => preferences.returns?.text(),
        Name::Count => preferences.count.then_some("count=exact")?,
        Name::Handling => preferences.handling?.text(),
        Name::MaxAffected => return preferences.max_affected_applied(),
    };
    Some(text.to_owned())
}
