//! What changes plugins: installing, switching, removing, rolling back. The roster decides; this is its door.

use salvo::http::{HeaderMap, ResBody, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::super::Call;
use crate::error::{Error, Result, code};
use crate::host::roster::{Answer, Install, Who};
use crate::http::answer::Reply;
use crate::http::render;

/// A reason is for people; more of it belongs elsewhere.
const LONGEST_REASON: usize = 500;

/// An act goes on when the client that asked for it leaves: half of one is nobody's wish.
async fn whole(act: impl Future<Output = Result<Reply>> + Send + 'static) -> Result<Reply> {
    tokio::spawn(act).await.map_err(Error::internal)?
}

pub(in super::super) async fn install(call: Call) -> Result<Reply> {
    whole(install_whole(call)).await
}

async fn install_whole(call: Call) -> Result<Reply> {
    let wasm = call.body.clone().ok_or_else(|| invalid("the body is the plugin's file"))?;
    let (approved, reason) = (call.query("approve"), reason(&call)?);
    let (canary, calls) = (number(&call, "canary", 1..=99)?, number(&call, "calls", 0..=1_000_000_000)?);
    let install = Install { wasm, approved: approved.as_deref(), canary: canary.map(|share| share as u32), calls };
    let answer = call.context.roster.install(install, who(&call, &reason)).await?;
    match &answer {
        Answer::Installed { .. } => Ok(render::json(StatusCode::OK, &json!(answer))),
        Answer::Asks { id, .. } => {
            let message = format!("the plugin {id} wants more than it was granted");
            Err(Error::new(&code::PLUGIN_ASKS, message)
                .hint("look at `details.difference`, then send the same file with `?approve=` and `details.seal`")
                .details(json!(answer)))
        }
    }
}

/// What of a plugin can be set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Patch {
    enabled: bool,
}

pub(in super::super) async fn switch(call: Call) -> Result<Reply> {
    let patch: Patch = serde_json::from_slice(call.body.as_deref().unwrap_or_default())
        .map_err(|fault| invalid(format!("the body is {{\"enabled\": true}} or false: {fault}")))?;
    let reason = reason(&call)?;
    whole(
        async move { call.context.roster.switch(call.param("id"), patch.enabled, who(&call, &reason)).await.map(done) },
    )
    .await
}

pub(in super::super) async fn remove(call: Call) -> Result<Reply> {
    let reason = reason(&call)?;
    let purge = match call.query("purge").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(invalid("`purge` is true or false")),
    };
    whole(async move { call.context.roster.remove(call.param("id"), purge, who(&call, &reason)).await.map(done) }).await
}

pub(in super::super) async fn roll_back(call: Call) -> Result<Reply> {
    let reason = reason(&call)?;
    whole(async move { call.context.roster.roll_back(call.param("id"), who(&call, &reason)).await.map(done) }).await
}

pub(in super::super) async fn promote(call: Call) -> Result<Reply> {
    let reason = reason(&call)?;
    whole(async move { call.context.roster.promote(call.param("id"), who(&call, &reason)).await.map(done) }).await
}

fn who<'a>(call: &'a Call, reason: &'a str) -> Who<'a> {
    Who { actor: call.actor(), reason }
}

fn reason(call: &Call) -> Result<String> {
    let reason = call.query("reason").unwrap_or_default();
    if reason.len() > LONGEST_REASON || reason.chars().any(char::is_control) {
        return Err(invalid(format!("a reason is one line of at most {LONGEST_REASON} bytes")));
    }
    Ok(reason)
}

fn number(call: &Call, name: &str, range: std::ops::RangeInclusive<u64>) -> Result<Option<u64>> {
    let Some(text) = call.query(name) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| range.contains(number));
    let wrong = || invalid(format!("`{name}` is a number from {} to {}", range.start(), range.end()));
    number.ok_or_else(wrong).map(Some)
}

fn invalid(what: impl Into<String>) -> Error {
    Error::new(&code::HTTP_INVALID, what)
}

fn done((): ()) -> Reply {
    Reply { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: ResBody::None }
}
