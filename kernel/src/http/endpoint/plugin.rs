//! `/api/v1/admin/plugins`: how plugins stand on this node, and what happened to them. What changes them is in the file beside.

pub(super) mod change;

use salvo::http::StatusCode;
use serde_json::{Value, json};

use super::Call;
use crate::config::Section;
use crate::error::{Error, Result, code};
use crate::host::permission;
use crate::host::registry::{Entry, State};
use crate::host::trial::Trial;
use crate::http::answer::Reply;
use crate::http::{Context, render};
use crate::store::plugin::{Digest, Entry as Event, Installed, Version};

/// Events of a plugin that are shown with it.
const EVENTS: u32 = 20;

/// Events and lines that are shown when nobody says how many.
const LINES: u32 = 100;

pub(super) async fn list(call: Call) -> Result<Reply> {
    let fleet = &call.context.roster.fleet;
    let (registry, trial) = (fleet.registry(), fleet.trial());
    let plugins: Vec<_> = registry.entries().iter().map(|entry| summary(entry, trial.as_deref())).collect();
    Ok(render::json(StatusCode::OK, &json!({ "plugins": plugins })))
}

pub(super) async fn inspect(call: Call) -> Result<Reply> {
    let (id, context) = (call.param("id"), &call.context);
    let entry = find(context, id)?;
    let mut answer = summary(&entry, context.roster.fleet.trial().as_deref());
    detail(&mut answer, &entry);
    let installed = context.roster.installed(id);
    let versions = context.store.plugin_versions().await?;
    let versions = versions.iter().filter(|version| version.plugin == id);
    answer["versions"] = versions.map(|one| version(one, installed.as_ref())).collect();
    answer["log"] = context.store.plugin_log(Some(id), EVENTS).await?.iter().map(event).collect();
    Ok(render::json(StatusCode::OK, &answer))
}

/// Events outlive a plugin; lines are those of this node and of the version that runs.
pub(super) async fn log(call: Call) -> Result<Reply> {
    let id = call.param("id");
    let most =
        call.query("limit").map_or(Some(LINES), |text| text.parse().ok()).filter(|most| (1..=1000).contains(most));
    let most = most.ok_or_else(|| Error::new(&code::HTTP_INVALID, "`limit` is a number from 1 to 1000"))?;
    let events: Vec<_> = call.context.store.plugin_log(Some(id), most).await?.iter().map(event).collect();
    let registry = call.context.roster.fleet.registry();
    let entry = registry.entry(id);
    if entry.is_none() && events.is_empty() {
        return Err(unknown(id));
    }
    let plugin = entry.and_then(Entry::ready);
    let lines = plugin.map(|plugin| plugin.fixed.recent.last(most as usize)).unwrap_or_default();
    Ok(render::json(StatusCode::OK, &json!({ "events": events, "lines": lines })))
}

fn find(context: &Context, id: &str) -> Result<Entry> {
    context.roster.fleet.registry().entry(id).cloned().ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Error {
    Error::new(&code::PLUGIN_NOT_FOUND, format!("no plugin has the id {id:?}"))
        .hint("`basalt plugin list`, or `GET /api/v1/admin/plugins`, lists them")
}

fn summary(entry: &Entry, trial: Option<&Trial>) -> Value {
    let (state, reason) = match &entry.state {
        State::Ready(_) => ("ready", Value::Null),
        State::Disabled => ("disabled", Value::Null),
        State::Refused(error) => (
            "refused",
            json!({ "code": error.code, "message": error.message, "hint": error.hint, "details": error.details }),
        ),
    };
    let trial = trial.filter(|trial| trial.plugin == entry.manifest.id);
    json!({
        "id": entry.manifest.id,
        "version": entry.manifest.version,
        "state": state,
        "enabled": entry.grant.enabled,
        "reason": reason,
        "origin": if entry.digest.is_some() { "installed" } else { "binary" },
        "signer": entry.signer,
        "trial": trial.map(on_trial),
    })
}

fn on_trial(trial: &Trial) -> Value {
    let tally = trial.tally();
    json!({ "version": trial.version, "share": trial.share, "calls": tally.calls, "failures": tally.failures })
}

/// Without the values of settings: an operator may have put a password there.
fn detail(answer: &mut Value, entry: &Entry) {
    let manifest = &entry.manifest;
    let routes = manifest.routes.iter().map(
        |route| json!({ "name": route.name, "path": route.path, "mounts": route.mounts, "methods": route.methods }),
    );
    let settings =
        manifest.settings.iter().map(|setting| json!({ "name": setting.name, "description": setting.description }));
    answer["description"] = manifest.description.as_str().into();
    answer["license"] = manifest.license.as_str().into();
    answer["permissions"] = json!(permission::wanted(manifest));
    answer["lacking"] = json!(entry.grant.difference(manifest).added);
    answer["routes"] = routes.collect();
    answer["settings"] = settings.collect();
    answer["limits"] = json!(entry.grant.limits.print());
    answer["usage"] = json!(entry.ready().map(|plugin| plugin.usage()));
}

fn version(version: &Version, installed: Option<&Installed>) -> Value {
    let is = |digest: Option<&Digest>| digest == Some(&version.digest);
    let role = installed.and_then(|installed| match () {
        () if is(installed.current.as_ref()) => Some("current"),
        () if is(installed.previous.as_ref()) => Some("previous"),
        () if is(installed.canary.as_ref().map(|canary| &canary.digest)) => Some("canary"),
        () => None,
    });
    json!({
        "digest": version.digest.as_str(), "version": version.version, "signer": version.signer,
        "installed_at": version.installed_at, "role": role,
    })
}

fn event(event: &Event) -> Value {
    json!({
        "number": event.number, "event": event.event, "version": event.version, "digest": event.digest,
        "reason": event.reason, "actor": event.actor, "at": event.at,
    })
}
