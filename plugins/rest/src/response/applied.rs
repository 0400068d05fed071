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
    Transaction,
    Handling,
    Timezone,
    MaxAffected,
}

use Name::{Count, Handling, MaxAffected, Missing, Resolution, Returns, Timezone, Transaction};

// The order is the header's.
pub(super) const READ: &[Name] = &[Count, Transaction, Handling, Timezone];
pub(super) const CALL: &[Name] = &[Count, Transaction, Handling, Timezone, MaxAffected];
pub(super) const UPSERT: &[Name] = &[Resolution, Missing, Returns, Count, Transaction, Handling, Timezone];
pub(super) const INSERT: &[Name] = &[Missing, Returns, Count, Transaction, Handling, Timezone];
pub(super) const UPDATE: &[Name] = &[Missing, Returns, Count, Transaction, Handling, Timezone, MaxAffected];
pub(super) const REPLACE: &[Name] = &[Returns, Count, Transaction, Handling, Timezone];
pub(super) const DELETE: &[Name] = &[Returns, Count, Transaction, Handling, Timezone, MaxAffected];

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
        Resolution => preferences.resolution?.text(),
        Missing => preferences.missing?.text(),
        Returns => preferences.returns?.text(),
        Count => preferences.count?.text(),
        Transaction => preferences.transaction?.text(),
        Handling => preferences.handling?.text(),
        Timezone => return preferences.timezone.as_ref().map(|zone| format!("timezone={zone}")),
        MaxAffected => return preferences.at_most().map(|rows| format!("max-affected={rows}")),
    };
    Some(text.to_owned())
}
