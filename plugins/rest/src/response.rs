//! render: Counts × Plan → Response. It deliberately never holds the rows: the host's body is put into the response as it
//! is.

mod applied;
mod guc;
mod range;

use crate::plan::call::{Call, Returns as Outcome};
use crate::plan::write::{Change, Write};
use crate::plan::{Plan, Read};
use crate::refusal::Refusal;
use crate::request::Intent;
use crate::request::media::Media;
use crate::request::parameter::encode;
use crate::request::prefer::{Resolution, Returns};
use crate::run::Counts;
use applied::Name;
use sdk_plugin::Response;
use serde::Serialize;
use serde_json::Value;

/// What the response is made from besides the result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) intent: &'a Intent,
    pub(crate) mount: &'a str,
}

/// The response without its body, which the caller adds where there is one.
pub(crate) fn render(context: Context<'_>, plan: &Plan, counts: &Counts) -> Result<Response, Refusal> {
    let response = match plan {
        Plan::Read(Read { shape, .. }) if is_plan(&shape.media) => typed(context, Response::new(200), &shape.media),
        Plan::Write(Write { shape, .. }) if is_plan(&shape.media) => typed(context, Response::new(200), &shape.media),
        Plan::Call(Call { shape, .. }) if is_plan(&shape.media) => typed(context, Response::new(200), &shape.media),
        Plan::Read(read) => render_read(context, read, counts)?,
        Plan::Call(call) => render_call(context, call, counts)?,
        Plan::Write(write) => render_write(context, write, counts),
        Plan::Allow(allow) => Response::new(200).header("allow", allow.as_str()),
        Plan::Root => typed(context, Response::new(200), &Media::OpenApi),
    };
    guc::apply(response, counts)
}

fn is_plan(media: &Media) -> bool {
    matches!(media, Media::Plan { .. })
}

fn render_read(context: Context<'_>, read: &Read, counts: &Counts) -> Result<Response, Refusal> {
    let stretch = range::Stretch::new(context.intent.window, read.tree.window.limit, read.cap, counts);
    stretch.check()?;
    let response = Response::new(stretch.status())
        .header("content-range", stretch.content_range())
        .header("content-location", context.intent.location.as_str())
        .header("vary", "Accept, Prefer, Range");
    let response = typed(context, response, &read.shape.media);
    Ok(cut(applied::header(context.intent, applied::READ, response), stretch))
}

fn render_call(context: Context<'_>, call: &Call, counts: &Counts) -> Result<Response, Refusal> {
    let stretch = range::Stretch::new(context.intent.window, call.tree.window.limit, call.cap, counts);
    stretch.check()?;
    let void = call.returns == Outcome::Void;
    let response = Response::new(if void { 204 } else { stretch.status() });
    let response = response.header("content-range", stretch.content_range());
    let response = if void { response } else { typed(context, response, &call.shape.media) };
    Ok(cut(applied::header(context.intent, applied::CALL, response), stretch))
}

/// Says that the operator's limit left something out.
fn cut(response: Response, stretch: range::Stretch) -> Response {
    match stretch.cut {
        Some(limit) => response.header("x-basalt-limit", limit.to_string()),
        None => response,
    }
}

fn render_write(context: Context<'_>, write: &Write, counts: &Counts) -> Response {
    let response = match &write.change {
        Change::Insert(_) => render_insert(context, write, counts),
        Change::Replace(_) => render_replace(context, write, counts),
        Change::Update => {
            let last = counts.page.checked_sub(1);
            render_change(context, write, range::written(last, total(context, counts)), applied::UPDATE)
        }
        Change::Delete => render_change(context, write, range::written(None, total(context, counts)), applied::DELETE),
    };
    // Zero says that nothing was there, or that row-level security hid it.
    response.header("x-affected-count", counts.page.to_string())
}

fn render_insert(context: Context<'_>, write: &Write, counts: &Counts) -> Response {
    let preferences = &context.intent.preferences;
    // Without a key there is nothing to merge with: every row was inserted.
    let inserted = counts.inserted.unwrap_or(i64::try_from(counts.page).unwrap_or(i64::MAX));
    let merged = preferences.resolution == Some(Resolution::Merge) && inserted <= 0;
    let mut response = Response::new(if merged { 200 } else { 201 });
    if let Some(location) = location(context, write, counts) {
        response = response.header("location", location);
    }
    response = response.header("content-range", range::written(None, total(context, counts)));
    if preferences.returns == Some(Returns::Representation) {
        response = typed(context, response, &write.shape.media);
    }
    let keyed = context.intent.query.on_conflict.is_some() || !write.relation.primary_key.is_empty();
    applied::header(context.intent, if keyed { applied::UPSERT } else { applied::INSERT }, response)
}

fn render_replace(context: Context<'_>, write: &Write, counts: &Counts) -> Response {
    let represented = context.intent.preferences.returns == Some(Returns::Representation);
    let response = match (represented, counts.inserted) {
        (false, _) => Response::new(204),
        (true, Some(1..)) => typed(context, Response::new(201), &write.shape.media),
        (true, _) => typed(context, Response::new(200), &write.shape.media),
    };
    applied::header(context.intent, applied::REPLACE, response)
}

fn render_change(context: Context<'_>, write: &Write, content_range: String, names: &[Name]) -> Response {
    let represented = context.intent.preferences.returns == Some(Returns::Representation);
    let response = Response::new(if represented { 200 } else { 204 }).header("content-range", content_range);
    let response = if represented { typed(context, response, &write.shape.media) } else { response };
    applied::header(context.intent, names, response)
}

/// A write's count is of what it wrote, and is told only to those who ask.
fn total(context: Context<'_>, counts: &Counts) -> Option<u64> {
    use crate::request::prefer::Count;
    let wanted = matches!(context.intent.preferences.count, Some(Count::Exact | Count::Estimated));
    wanted.then_some(counts.page)
}

fn typed(context: Context<'_>, response: Response, media: &Media) -> Response {
    let response = response.header("content-type", media.content_type());
    match context.intent.tells_schema {
        true => response.header("content-profile", context.intent.schema.as_str()),
        false => response,
    }
}

/// Where the one row that was inserted is found.
fn location(context: Context<'_>, write: &Write, counts: &Counts) -> Option<String> {
    let values: Vec<Option<String>> = serde_json::from_str(counts.key.as_deref()?).ok()?;
    let mut location = format!("{}/{}", context.mount, encode(&write.relation.name));
    for (place, (name, value)) in write.relation.primary_key.iter().zip(values).enumerate() {
        let test = value.map_or("is.null".to_owned(), |value| format!("eq.{}", encode(&value)));
        let mark = if place == 0 { '?' } else { '&' };
        location.push_str(&format!("{mark}{}={test}", encode(name)));
    }
    Some(location)
}

/// Exactly PostgREST's four members, in its order: clients compare them.
#[derive(Serialize)]
struct Shape<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Option<&'a Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<Option<&'a str>>,
    message: &'a str,
}

/// The answer that says no; `verbose` with why and what to do.
pub(crate) fn refuse(refusal: &Refusal, verbose: bool) -> Response {
    let Refusal { status, code, message, details, hint, headers } = refusal;
    let (details, hint) = (verbose.then_some(details.as_ref()), verbose.then_some(hint.as_deref()));
    let shape = Shape { code, details, hint, message };
    let mut response = Response::new(*status).header("content-type", "application/json; charset=utf-8");
    response.headers.push(("proxy-status".to_owned(), format!("PostgREST; error={code}")));
    response.headers.extend(headers.iter().cloned());
    // Strings always serialize.
    response.text(serde_json::to_string(&shape).unwrap_or_default())
}

#[cfg(test)]
mod tests;
