//! `GET /api/v1/admin/plugins` and `/{id}`: how plugins stand on this node. It changes nothing.

use salvo::http::StatusCode;
use serde_json::{Value, json};

use super::Call;
use crate::error::{Error, Result, code};
use crate::host::Registry;
use crate::host::registry::{Entry, State};
use crate::http::answer::Reply;
use crate::http::{Context, render};
use crate::store::plugin::Entry as Event;

/// Events of a plugin that are shown with it.
const EVENTS: u32 = 50;

/// The plugins as they are now.
fn registry(context: &Context) -> &Registry {
    &context.registry
}

pub(super) async fn list(call: Call) -> Result<Reply> {
    let plugins: Vec<_> = registry(&call.context).entries().iter().map(summary).collect();
    Ok(render::json(StatusCode::OK, &json!({ "plugins": plugins })))
}

pub(super) async fn inspect(call: Call) -> Result<Reply> {
    let id = call.param("id");
    let found = registry(&call.context).entries().iter().find(|entry| entry.manifest.id == id).map(detail);
    let mut answer = found.ok_or_else(|| {
        Error::new(&code::PLUGIN_NOT_FOUND, format!("no plugin has the id {id:?}"))
            .hint("`GET /api/v1/admin/plugins` lists them")
    })?;
    let events = call.context.store.plugin_log(Some(id), EVENTS).await?;
    answer["log"] = events.iter().map(event).collect();
    Ok(render::json(StatusCode::OK, &answer))
}

fn summary(entry: &Entry) -> Value {
    let (state, reason) = match &entry.state {
        State::Ready(_) => ("ready", Value::Null),
        State::Disabled => ("disabled", Value::Null),
        State::Refused(error) => (
            "refused",
            json!({ "code": error.code, "message": error.message, "hint": error.hint, "details": error.details }),
        ),
    };
    json!({
        "id": entry.manifest.id,
        "version": entry.manifest.version,
        "state": state,
        "enabled": state != "disabled",
        "reason": reason,
    })
}

/// Without the values of settings: an operator may have put a password there.
fn detail(entry: &Entry) -> Value {
    let manifest = &entry.manifest;
    let routes = manifest.routes.iter().map(
        |route| json!({ "name": route.name, "path": route.path, "mounts": route.mounts, "methods": route.methods }),
    );
    let settings =
        manifest.settings.iter().map(|setting| json!({ "name": setting.name, "description": setting.description }));
    let mut answer = summary(entry);
    answer["description"] = manifest.description.as_str().into();
    answer["license"] = manifest.license.as_str().into();
    answer["want"] = json!(manifest.want);
    answer["routes"] = routes.collect();
    answer["settings"] = settings.collect();
    answer
}

fn event(event: &Event) -> Value {
    json!({
        "number": event.number, "event": event.event, "version": event.version, "digest": event.digest,
        "reason": event.reason, "actor": event.actor, "at": event.at,
    })
}
