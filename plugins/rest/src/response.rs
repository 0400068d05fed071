//! render: Counts × Intent → Response. It deliberately never holds the rows: the host's body is put into the response as it
//! is.

mod applied;
mod range;

use crate::config::Config;
use crate::plan::Plan;
use crate::plan::window::Window;
use crate::refusal::Refusal;
use crate::request::parameter::encode;
use crate::request::prefer::{Resolution, Returns};
use crate::request::{Action, Intent};
use crate::run::Counts;
use sdk_plugin::Response;
use sdk_plugin::schema::Relation;
use serde::Serialize;

/// What the response says about where the answer came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) intent: &'a Intent,
    pub(crate) relation: &'a Relation,
    pub(crate) config: &'a Config,
    pub(crate) mount: &'a str,
}

impl Context<'_> {
    /// The schema, where a client could not know it otherwise.
    fn profile(&self) -> Option<&str> {
        let told = self.intent.profile.is_some() || self.config.schemas.len() > 1;
        told.then_some(self.relation.schema.as_str())
    }
}

/// The response without its body, which the caller adds where there is one.
pub(crate) fn render(context: Context<'_>, plan: &Plan<'_>, counts: &Counts) -> Response {
    match plan {
        Plan::Read(read) => render_read(context, read.window, counts),
        Plan::Describe => describe(context.relation),
        Plan::Insert(_) => render_insert(context, counts),
        Plan::Replace(_) => render_replace(context, counts),
        Plan::Update(_) => {
            let last = counts.page.checked_sub(1);
            render_change(context, range::written(last, total(context, counts)))
        }
        Plan::Delete(_) => render_change(context, range::written(None, total(context, counts))),
    }
}

fn render_read(context: Context<'_>, window: Window, counts: &Counts) -> Response {
    let stretch = range::Stretch::new(window, counts);
    if stretch.beyond() {
        let refusal = Refusal::out_of_bounds(window.offset, counts.total.unwrap_or(0));
        return refuse(&refusal).header("content-range", stretch.content_range());
    }
    let response = Response::new(stretch.status())
        .header("content-range", stretch.content_range())
        .header("content-location", context.intent.location.as_str());
    let response = typed(context, response);
    let response = applied::header(context.intent, applied::READ, response);
    match stretch.cut {
        Some(limit) => response.header("x-basalt-limit", limit.to_string()),
        None => response,
    }
}

fn render_insert(context: Context<'_>, counts: &Counts) -> Response {
    let preferences = &context.intent.preferences;
    // Without a key there is nothing to merge with: every row was inserted.
    let inserted = counts.inserted.unwrap_or(i64::try_from(counts.page).unwrap_or(i64::MAX));
    let merged = preferences.resolution == Some(Resolution::Merge) && inserted <= 0;
    let keyed = context.intent.on_conflict.is_some() || !context.relation.primary_key.is_empty();
    let mut response = Response::new(if merged { 200 } else { 201 });
    if let Some(location) = location(context, counts) {
        response = response.header("location", location);
    }
    response = response.header("content-range", range::written(None, total(context, counts)));
    if preferences.returns == Some(Returns::Representation) {
        response = typed(context, response);
    }
    applied::header(context.intent, if keyed { applied::UPSERT } else { applied::INSERT }, response)
}

fn render_replace(context: Context<'_>, counts: &Counts) -> Response {
    let represented = context.intent.preferences.returns == Some(Returns::Representation);
    let response = match (represented, counts.inserted) {
        (false, _) => Response::new(204),
        (true, Some(1..)) => typed(context, Response::new(201)),
        (true, _) => typed(context, Response::new(200)),
    };
    applied::header(context.intent, applied::REPLACE, response)
}

fn render_change(context: Context<'_>, content_range: String) -> Response {
    let represented = context.intent.preferences.returns == Some(Returns::Representation);
    let response = Response::new(if represented { 200 } else { 204 }).header("content-range", content_range);
    let response = if represented { typed(context, response) } else { response };
    let names = if context.intent.action == Action::Update { applied::UPDATE } else { applied::DELETE };
    applied::header(context.intent, names, response)
}

/// A write's count is of what it wrote, and is told only to those who ask.
fn total(context: Context<'_>, counts: &Counts) -> Option<u64> {
    context.intent.preferences.count.then_some(counts.page)
}

fn typed(context: Context<'_>, response: Response) -> Response {
    let response = response.header("content-type", context.intent.media.content_type());
    match context.profile() {
        Some(profile) => response.header("content-profile", profile),
        None => response,
    }
}

/// Where the one row that was inserted is found.
fn location(context: Context<'_>, counts: &Counts) -> Option<String> {
    let values: Vec<Option<String>> = serde_json::from_str(counts.key.as_deref()?).ok()?;
    let mut location = format!("{}/{}", context.mount, encode(&context.relation.name));
    for (place, (name, value)) in context.relation.primary_key.iter().zip(values).enumerate() {
        let test = value.map_or("is.null".to_owned(), |value| format!("eq.{}", encode(&value)));
        let mark = if place == 0 { '?' } else { '&' };
        location.push_str(&format!("{mark}{}={test}", encode(name)));
    }
    Some(location)
}

fn describe(relation: &Relation) -> Response {
    let mut allow = String::from("OPTIONS,GET,HEAD");
    let replaceable = relation.insertable && relation.updatable && !relation.primary_key.is_empty();
    let methods = [
        (relation.insertable, ",POST"),
        (replaceable, ",PUT"),
        (relation.updatable, ",PATCH"),
        (relation.deletable, ",DELETE"),
    ];
    for (_, method) in methods.into_iter().filter(|(possible, _)| *possible) {
        allow.push_str(method);
    }
    Response::new(200).header("allow", allow)
}

/// Exactly PostgREST's four members, in its order: clients compare them.
#[derive(Serialize)]
struct Shape<'a> {
    code: &'a str,
    details: Option<&'a str>,
    hint: Option<&'a str>,
    message: &'a str,
}

/// The answer that says no.
pub(crate) fn refuse(refusal: &Refusal) -> Response {
    let Refusal { status, code, message, details, hint, headers } = refusal;
    let shape = Shape { code, details: details.as_deref(), hint: hint.as_deref(), message };
    let mut response = Response::new(*status).header("content-type", "application/json; charset=utf-8");
    response.headers.push(("proxy-status".to_owned(), format!("PostgREST; error={code}")));
    response.headers.extend(headers.iter().cloned());
    // Strings always serialize.
    response.text(serde_json::to_string(&shape).unwrap_or_default())
}

#[cfg(test)]
mod tests;
